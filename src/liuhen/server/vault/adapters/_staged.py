"""One open staging area of the local store."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar, Final, Self

from liuhen.server.vault.adapters._files import FOLDER, opened, read_exactly, remove, write_all, write_synced
from liuhen.server.vault.adapters._posix import reporting
from liuhen.server.vault.adapters._record import Note

if TYPE_CHECKING:
    from collections.abc import Buffer, Iterator
    from pathlib import Path
    from types import TracebackType

    from liuhen.server.vault.adapters._layout import Layout
    from liuhen.server.vault.adapters._posix import Posix
    from liuhen.server.vault.adapters._running import Memo, RunningDigest

__all__ = ["LocalStaged"]

_PIECE: Final = 1 << 20
_WRITE_BEHIND: Final = 8 << 20


class LocalStaged:
    """See `interfaces.Staged`. Made by `Staging.open` only; `annotate`, `move_to` and `drop_data` are the store's."""

    DATA: ClassVar[str] = "data"
    NOTE: ClassVar[str] = "sealed.json"

    def __init__(
        self,
        posix: Posix,
        layout: Layout,
        memo: Memo,
        *,
        key: str,
        folder: int,
        data: int,
        size: int,
        digest: RunningDigest,
        note: Note | None,
    ) -> None:
        self._posix = posix
        self._layout = layout
        self._memo = memo
        self._key = key
        self._area = layout.area(key)
        self._where = layout.shown(self._area)
        self._folder = folder
        self._data = data
        self._written = self._durable = self._started = size
        self._digest = digest
        self._digest.mark()
        self._note = note

    @property
    def key(self) -> str:
        """The upload's key."""
        return self._key

    @property
    def size(self) -> int:
        """Bytes that are durable."""
        return self._durable

    @property
    def written(self) -> int:
        """Bytes appended, durable or not."""
        return self._written

    @property
    def is_sealed(self) -> bool:
        """Whether the bytes have moved to the sealed objects."""
        return self._note is not None

    @property
    def is_open(self) -> bool:
        """Whether this is the area's holder."""
        return self._folder >= 0

    def is_of(self, layout: Layout) -> bool:
        """Whether the area belongs to the store of `layout`."""
        return self._layout.root == layout.root

    def append(self, data: Buffer) -> None:
        """Add `data` at the end: all of it or none."""
        self._check_receiving()
        view, start = memoryview(data).cast("B"), self._written
        with reporting(self._where):
            try:
                write_all(self._posix, self._data, view, start)
                self._written += len(view)
                self._digest.follow(view, start, self._read)
            except OSError:
                self._go_back(start)
                raise
        self._write_behind()

    def flush(self) -> int:
        """Make everything appended durable and return its size."""
        self._check_receiving()
        with reporting(self._where):
            self._sync()
        return self._durable

    def truncate(self, size: int) -> None:
        """Drop, durably, what lies after `size` bytes."""
        self._check_receiving()
        if not 0 <= size <= self._written:
            raise ValueError(f"cannot cut {self._written} bytes to {size}")
        with reporting(self._where):
            try:
                self._posix.ftruncate(self._data, size)
            except OSError:
                self._give_up()
                raise
            self._written, self._durable = size, min(size, self._durable)
            self._digest.cut(size)
            self._sync()

    def read(self, offset: int, length: int) -> bytes:
        """Return at most `length` bytes from `offset`."""
        self._check_receiving()
        if offset < 0 or length < 0:
            raise ValueError("offset and length are not negative")
        with reporting(self._where):
            return self._read(offset, length)

    def chunks(self) -> Iterator[bytes]:
        """Yield all appended bytes in pieces of 1 MiB."""
        offset = 0
        while piece := self.read(offset, _PIECE):
            yield piece
            offset += len(piece)

    def sha256(self) -> str:
        """Return the digest of all appended bytes."""
        if self._note is not None:
            return self._note.sha256
        self._check_receiving()
        with reporting(self._where):
            self._digest.catch_up(self._written, self._read)
        return self._digest.hexdigest()

    def close(self) -> None:
        """Let others open the area."""
        if not self.is_open:
            return
        # What the memo does not know is read again from the medium, as what is not durable has to be.
        with suppress(OSError):
            if self._data >= 0 and self._written == self._durable:
                self._memo.keep(self._key, self._posix.fstat(self._data), self._digest)
        self._release()

    def discard(self) -> None:
        """Remove the area and close it."""
        self.check_open()
        with reporting(self._where):
            # The note first: alone it would say that the data became an object.
            remove(self._posix, self._area / self.NOTE)
            remove(self._posix, self._area / self.DATA)
            with suppress(FileNotFoundError):
                self._posix.rmdir(self._area)
            with opened(self._posix, self._layout.staging, FOLDER) as staging:
                self._posix.fsync(staging)
        self._memo.forget(self._key)
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def annotate(self) -> None:
        """Write the note, durably: from now on data that is missing has become this object."""
        note = Note(sha256=self.sha256(), size=self._durable)
        write_synced(self._posix, self._area / self.NOTE, note.encode())
        self._posix.fsync(self._folder)

    def move_to(self, target: Path) -> None:
        """Make the data the object `target`; its folder's names are not yet durable."""
        self._posix.rename(self._area / self.DATA, target)
        self._become_sealed()

    def drop_data(self) -> None:
        """Remove the data, since the object was there already."""
        remove(self._posix, self._area / self.DATA)
        self._become_sealed()

    def _become_sealed(self) -> None:
        self._note = Note(sha256=self.sha256(), size=self._durable)
        self._memo.forget(self._key)
        data, self._data = self._data, -1
        self._posix.close(data)

    def check_open(self) -> None:
        """Raise `ValueError` unless this is the area's holder."""
        if not self.is_open:
            raise ValueError(f"the staging area of {self._key} is closed")

    def _check_receiving(self) -> None:
        self.check_open()
        if self._note is not None:
            raise ValueError(f"upload {self._key} is sealed; read it from the store")

    def _read(self, offset: int, length: int) -> bytes:
        return read_exactly(self._posix, self._data, min(length, max(0, self._written - offset)), offset)

    def _write_behind(self) -> None:
        """Let the medium work while the next bytes arrive: half as much again of throughput (docs/spec/vault.md)."""
        length = self._written - self._started
        if length >= _WRITE_BEHIND:
            with suppress(OSError):  # advice only; `flush` is what counts
                self._posix.start_writing(self._data, self._started, length)
            self._started = self._written

    def _sync(self) -> None:
        try:
            self._posix.fdatasync(self._data)
        except OSError:
            # After a failed sync the kernel may have thrown the bytes away and yet show them, and the next sync
            # would succeed. Nothing after the last good one may be built upon.
            self._give_up()
            raise
        self._durable = self._started = self._written
        if self._digest.position == self._durable:
            self._digest.mark()

    def _go_back(self, size: int) -> None:
        self._written = size
        self._digest.cut(size)
        try:
            self._posix.ftruncate(self._data, size)
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        with suppress(OSError):
            self._posix.ftruncate(self._data, self._durable)
        self._written = self._durable
        self._memo.forget(self._key)
        self._release()

    def _release(self) -> None:
        folder, data, self._folder, self._data = self._folder, self._data, -1, -1
        with suppress(OSError):  # close gives the descriptor up also when it reports an error; all was synced before
            if data >= 0:
                self._posix.close(data)
        with suppress(OSError):
            self._posix.close(folder)
