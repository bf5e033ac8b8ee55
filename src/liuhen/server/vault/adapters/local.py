"""The store on a local, journaling file system (ext4, XFS, Btrfs); not for NFS, CIFS or FAT.

The order of steps, and what a crash between any two of them leaves, is told in docs/spec/vault.md.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO, Final

from liuhen.core.digests import Sha256
from liuhen.core.errors import both
from liuhen.core.forms import format_time
from liuhen.server.vault.adapters._files import FOLDER, Folders, found_at, opened, read_exactly
from liuhen.server.vault.adapters._layout import Layout, check_address, check_hold, check_key
from liuhen.server.vault.adapters._place import Place, try_out
from liuhen.server.vault.adapters._posix import Posix, reporting
from liuhen.server.vault.adapters._record import Record, term, whole
from liuhen.server.vault.adapters._staged import LocalStaged
from liuhen.server.vault.adapters._staging import Staging
from liuhen.server.vault.adapters._walk import addresses, look_at
from liuhen.server.vault.errors import (
    DigestMismatchError,
    ObjectDamagedError,
    ObjectHeldError,
    ObjectMissingError,
    ObjectRetainedError,
    RecordDamagedError,
    RetentionShortenedError,
    SizeMismatchError,
)
from liuhen.server.vault.interfaces import PIECE, Listing, ObjectStat, ObjectState, Protection, Sealed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from liuhen.server.vault.adapters._record import Note
    from liuhen.server.vault.interfaces import Staged, StagedArea

__all__ = ["LocalStore"]

_FIXITY_PIECE: Final = 1 << 20


class LocalStore:
    """See `interfaces.Store`. Makes its folders when it first writes; `root`'s parent must exist.

    `freeze` sets the immutable flag on objects where the file system has it and the process may; without the flag
    objects are read-only by their permissions alone. A derivatives' store, which can be made again, may do without.
    """

    def __init__(self, root: Path, *, freeze: bool = True, posix: Posix | None = None) -> None:
        self._layout = Layout(root.absolute())
        self._posix = Posix() if posix is None else posix
        self._freeze = freeze
        self._folders = Folders(self._posix, self._layout.root.parent)
        self._staging = Staging(self._posix, self._layout, self._folders, self._is_object)

    def stage(self, key: str) -> LocalStaged:
        """Open the staging area of `key`."""
        return self._staging.open(check_key(key))

    def staged(self) -> Iterator[StagedArea]:
        """Walk the staging areas."""
        return self._staging.areas()

    def seal(self, staged: Staged, *, sha256: str, size: int, retain_until: datetime, at: datetime) -> Sealed:
        """Make the staged bytes an object, durably."""
        if not isinstance(staged, LocalStaged) or not staged.is_of(self._layout):
            raise TypeError("the staging area belongs to another store")
        place = self._place(sha256)
        record = Record(sha256=sha256, size=size, sealed_at=whole(at), retain_until=term(retain_until))
        _check_staged(staged, record)
        with reporting(self._layout.shown(place.object)):
            if not staged.is_sealed:
                if place.find() is not None:
                    self.verify(sha256)  # before the staged copy is given up
                staged.annotate()
            self._folders.ensure(place.folder)
            with place.locked() as folder:
                already = self._take_over(staged, place, record, folder)
        return Sealed(sha256=sha256, size=size, version=None, already=already)

    def open(self, sha256: str) -> BinaryIO:
        """Return a seekable reader of the object."""
        with self._about(self._place(sha256)) as place:
            return os.fdopen(self._posix.open(place.object, os.O_RDONLY), "rb")

    def path_of(self, sha256: str) -> Path:
        """Return where the object lies, for a front server that sends files itself; the local store only."""
        with self._about(self._place(sha256)) as place:
            self._posix.lstat(place.object)
        return place.object

    def read_range(self, sha256: str, offset: int, length: int) -> bytes:
        """Return exactly the `length` bytes from `offset`."""
        return b"".join(self.chunks(sha256, offset, length, max(length, 1)))

    def chunks(self, sha256: str, offset: int = 0, length: int | None = None, piece: int = PIECE) -> Iterator[bytes]:
        """Yield exactly the `length` bytes from `offset`."""
        with self._about(self._place(sha256)) as place, opened(self._posix, place.object, os.O_RDONLY) as fd:
            size = self._posix.fstat(fd).st_size
            end = size if length is None else offset + length
            if not 0 <= offset <= end <= size or piece < 1:
                raise ValueError(f"no bytes {offset} to {end} in an object of {size}, or pieces of {piece}")
            while offset < end:
                data = read_exactly(self._posix, fd, min(piece, end - offset), offset)
                if not data:
                    raise ObjectDamagedError(sha256=sha256, found=_short(offset, size))
                yield data
                offset += len(data)

    def stat(self, sha256: str) -> ObjectStat:
        """Return how the object stands."""
        with self._about(self._place(sha256)) as place:
            size = self._posix.lstat(place.object).st_size
            record = _record_of(place)
            if size != record.size:
                raise ObjectDamagedError(sha256=sha256, found=_short(size, record.size))
            return ObjectStat(
                sha256=sha256,
                size=size,
                retain_until=record.retain_until,
                holds=record.holds,
                immutable=place.is_immutable(),
                sealed_at=record.sealed_at,
            )

    def retain_until(self, sha256: str, until: datetime) -> None:
        """Extend the term."""
        asked = term(until)

        def extend(record: Record) -> Record:
            if asked < record.retain_until:
                raise RetentionShortenedError(
                    sha256=sha256, until=format_time(record.retain_until), asked=format_time(asked)
                )
            return record.extended(asked)

        self._amend(sha256, extend)

    def hold(self, sha256: str, name: str) -> None:
        """Put the object under the hold `name`."""
        check_hold(name)
        self._amend(sha256, lambda record: record.held(name))

    def release_hold(self, sha256: str, name: str) -> None:
        """Lift the hold `name`."""
        check_hold(name)
        self._amend(sha256, lambda record: record.released(name))

    def destroy(self, sha256: str, *, at: datetime) -> None:
        """Remove the object."""
        place, at = self._place(sha256), whole(at)
        with reporting(self._layout.shown(place.object)):
            if found_at(self._posix, place.folder) is None:
                return
            with place.locked() as folder:
                if place.find() is not None:
                    _check_may_go(_record_of(place), at)
                    place.destroy(folder)
                elif place.record_found() is not None:
                    raise ObjectMissingError(sha256=sha256)
                else:
                    place.tidy(folder)

    def list(self) -> Iterator[Listing]:
        """Walk all addresses in ascending order."""
        for place in self._places("", ".json"):
            with reporting(self._layout.shown(place.object)):
                listing = look_at(place)
                if listing is not None and listing.state is ObjectState.LOST:
                    listing = look_at(place)
            if listing is not None:
                yield listing

    def verify(self, sha256: str) -> None:
        """Read the object from the medium and compare it with its address."""
        digest, offset = Sha256(), 0
        with self._about(self._place(sha256)) as place, opened(self._posix, place.object, os.O_RDONLY) as fd:
            self._posix.forget_cached(fd)
            while data := self._posix.pread(fd, _FIXITY_PIECE, offset):
                digest.update(data)
                offset += len(data)
        if digest.hexdigest() != sha256:
            made = digest.hexdigest()
            found = both(f"现为 {offset} 字节，SHA-256 为 {made}", f"it has {offset} bytes and SHA-256 {made}")
            raise ObjectDamagedError(sha256=sha256, found=found)

    def tidy(self) -> tuple[str, ...]:
        """Remove what a crash left of the store's own bookkeeping."""
        removed: tuple[str, ...] = ()
        for place in self._places(".tmp", ".gone"):
            with reporting(self._layout.shown(place.folder)), place.locked() as folder:
                removed += place.tidy(folder)
        return removed

    def protection(self) -> Protection:
        """Try out whether the file system refuses changes to sealed objects."""
        if not self._freeze:
            return Protection.TURNED_OFF
        with reporting(self._layout.shown(self._layout.probe)):
            self._folders.ensure(self._layout.root)
            with opened(self._posix, self._layout.root, FOLDER) as root:
                self._posix.lock(root, wait=True)
                return try_out(self._posix, self._layout.probe)

    def free_bytes(self) -> int:
        """Return how many bytes may still be written."""
        root = self._layout.root
        with reporting(root.name):
            return self._posix.free_bytes(root.parent if found_at(self._posix, root) is None else root)

    def _place(self, sha256: str) -> Place:
        return Place(self._posix, self._layout, check_address(sha256), freeze=self._freeze)

    def _places(self, *suffixes: str) -> Iterator[Place]:
        """Walk the addresses of which there is a file with one of `suffixes`."""
        with reporting(self._layout.shown(self._layout.objects)):
            for sha256 in addresses(self._posix, self._layout, frozenset(suffixes)):
                yield self._place(sha256)

    @contextmanager
    def _about(self, place: Place) -> Iterator[Place]:
        """Report faults as those of an object that ought to exist."""
        with reporting(self._layout.shown(place.object)):
            try:
                yield place
            except FileNotFoundError as error:
                raise ObjectMissingError(sha256=place.sha256) from error

    def _is_object(self, note: Note) -> bool:
        found = self._place(note.sha256).find()
        return found is not None and found.st_size == note.size

    def _take_over(self, staged: LocalStaged, place: Place, record: Record, folder: int) -> bool:
        """Make the staged data the object, or drop it where there is one, with the folder locked; say which.

        The object comes before its record, so that a record without its object always tells of a loss. An object
        without record is kept without end until the seal is repeated.
        """
        already = place.find() is not None
        if not already:
            if staged.is_sealed:
                raise ObjectMissingError(sha256=place.sha256)
            staged.move_to(place.object)
        # Also where the object was there: who put it there may have died just before this step. And before it is
        # protected, since a protected file that a power cut puts back into the staging area could not be used.
        self._posix.fsync(folder)
        place.protect()
        present = place.record()
        place.put_record(record if present is None else present.extended(record.retain_until), present, folder)
        if not staged.is_sealed:
            staged.drop_data()
        return already

    def _amend(self, sha256: str, change: Callable[[Record], Record]) -> None:
        with self._about(self._place(sha256)) as place, place.locked() as folder:
            self._posix.lstat(place.object)
            present = _record_of(place)
            place.put_record(change(present), present, folder)


def _short(found: int, due: int) -> dict[str, str]:
    return both(f"现为 {found} 字节，应为 {due} 字节", f"it has {found} bytes, not {due}")


def _record_of(place: Place) -> Record:
    record = place.record()
    if record is None:
        raise RecordDamagedError(sha256=place.sha256, reason=both("没有记录", "there is none"))
    return record


def _check_staged(staged: LocalStaged, wanted: Record) -> None:
    staged.check_open()
    if not staged.is_sealed:
        staged.flush()
    if staged.size != wanted.size:
        raise SizeMismatchError(key=staged.key, declared=wanted.size, received=staged.size)
    if staged.sha256() != wanted.sha256:
        raise DigestMismatchError(key=staged.key, declared=wanted.sha256, received=staged.sha256())


def _check_may_go(record: Record, at: datetime) -> None:
    if record.holds:
        raise ObjectHeldError(sha256=record.sha256, holds=", ".join(sorted(record.holds)))
    if at < record.retain_until:
        raise ObjectRetainedError(sha256=record.sha256, until=format_time(record.retain_until))
