"""The digest of a staging area, kept up as bytes are appended, and remembered between two openings."""

from __future__ import annotations

import errno
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from liuhen.core.digests import Sha256

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

__all__ = ["Memo", "RunningDigest"]

_PIECE: Final = 1 << 20
_CATCH_UP: Final = 4
_REMEMBERED: Final = 4096

type Read = "Callable[[int, int], bytes]"
"""Returns at most `length` bytes from `offset`: `read(offset, length)`."""


class RunningDigest:
    """SHA-256 of the first `position` bytes of a file that grows at its end.

    Where the digest is behind the file (the file was begun by another process), each `follow` also digests up to four
    times as many bytes of the backlog, so that no single request waits for a whole file to be read.
    """

    def __init__(self) -> None:
        self._digest = Sha256()
        self.position = 0
        self._marked = (self._digest.copy(), 0)

    def follow(self, data: memoryview, offset: int, read: Read) -> None:
        """Take note that `data` was appended to the file at `offset`."""
        if self.position == offset:
            self._digest.update(data)
            self.position += len(data)
        else:
            self.catch_up(min(offset + len(data), self.position + _CATCH_UP * len(data)), read)

    def catch_up(self, end: int, read: Read) -> None:
        """Digest the file up to `end`."""
        while self.position < end:
            piece = read(self.position, min(_PIECE, end - self.position))
            if not piece:
                raise OSError(errno.EIO, "the staged file is shorter than what was written to it")
            self._digest.update(piece)
            self.position += len(piece)

    def mark(self) -> None:
        """Remember this state as one to go back to."""
        if self._marked[1] != self.position:
            self._marked = (self._digest.copy(), self.position)

    def cut(self, size: int) -> None:
        """Take note that the file was cut to `size`."""
        if self.position > size:
            digest, position = self._marked if self._marked[1] <= size else (Sha256(), 0)
            self._digest, self.position = digest.copy(), position
            self._marked = (digest, position)

    def hexdigest(self) -> str:
        """Return the digest of the first `position` bytes."""
        return self._digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Remembered:
    file: tuple[int, int, int, int]
    digest: RunningDigest


class Memo:
    """Running digests of closed areas, so that an upload of many requests is not read again for each.

    One is given back only for the very file, with the size and time of change that it had: an area that another
    process wrote to meanwhile is read again. Holds 4,096 at most, the least recently closed go first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Remembered] = OrderedDict()

    def keep(self, key: str, file: os.stat_result, digest: RunningDigest) -> None:
        """Remember `digest` for the area `key` whose data is `file`."""
        with self._lock:
            self._kept[key] = _Remembered(_identity(file), digest)
            self._kept.move_to_end(key)
            while len(self._kept) > _REMEMBERED:
                self._kept.popitem(last=False)

    def take(self, key: str, file: os.stat_result) -> RunningDigest:
        """Return the digest remembered for `key` if its data is still this `file`, else a new one."""
        with self._lock:
            kept = self._kept.pop(key, None)
        return kept.digest if kept is not None and kept.file == _identity(file) else RunningDigest()

    def forget(self, key: str) -> None:
        """Drop what is remembered for `key`."""
        with self._lock:
            self._kept.pop(key, None)


def _identity(file: os.stat_result) -> tuple[int, int, int, int]:
    return file.st_dev, file.st_ino, file.st_size, file.st_mtime_ns
