"""File operations of several calls that the store and its staging areas share."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from liuhen.server.vault.adapters._posix import Posix

__all__ = [
    "FOLDER",
    "Folders",
    "found_at",
    "opened",
    "read_exactly",
    "read_small",
    "remove",
    "write_all",
    "write_synced",
]

FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY
_SMALL: Final = 1 << 20


class Folders:
    """Makes folders durably, and remembers for this process which are."""

    def __init__(self, posix: Posix, above: Path) -> None:
        self._posix = posix
        self._above = above
        self._durable: set[Path] = set()

    def ensure(self, path: Path) -> None:
        """Make `path` and what is missing between it and `above` (which must exist).

        A folder that is there already is made durable too: the process that made it may have died just before.
        """
        if path in self._durable:
            return
        if path.parent != self._above:
            self.ensure(path.parent)
        with suppress(FileExistsError):
            self._posix.mkdir(path)
        with opened(self._posix, path.parent, FOLDER) as parent:
            self._posix.fsync(parent)
        self._durable.add(path)


@contextmanager
def opened(posix: Posix, path: Path, flags: int) -> Iterator[int]:
    """Open `path` for the length of the block."""
    fd = posix.open(path, flags)
    try:
        yield fd
    finally:
        posix.close(fd)


def found_at(posix: Posix, path: Path) -> os.stat_result | None:
    """Return what `path` is, None if there is nothing."""
    try:
        return posix.lstat(path)
    except FileNotFoundError:
        return None


def remove(posix: Posix, path: Path) -> bool:
    """Remove the name `path` and return whether it was there."""
    try:
        posix.unlink(path)
    except FileNotFoundError:
        return False
    return True


def write_all(posix: Posix, fd: int, data: memoryview, offset: int) -> None:
    """Write all of `data` at `offset`, however the system cuts it up."""
    done = 0
    while done < len(data):
        done += posix.pwrite(fd, data[done:], offset + done)


def read_exactly(posix: Posix, fd: int, length: int, offset: int) -> bytes:
    """Return the `length` bytes from `offset`, fewer only where the file ends."""
    parts: list[bytes] = []
    while length and (part := posix.pread(fd, length, offset)):
        parts.append(part)
        offset += len(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def read_small(posix: Posix, path: Path) -> bytes | None:
    """Return the content of a file of the store's own bookkeeping, None if there is none."""
    try:
        with opened(posix, path, os.O_RDONLY) as fd:
            return read_exactly(posix, fd, _SMALL, 0)
    except FileNotFoundError:
        return None


def write_synced(posix: Posix, path: Path, data: bytes) -> None:
    """Write `data` to `path`, in place of what is there; the folder's names are not yet durable."""
    with opened(posix, path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as fd:
        write_all(posix, fd, memoryview(data), 0)
        posix.fsync(fd)
