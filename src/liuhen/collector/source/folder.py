"""A mounted device or any folder, read through a descriptor of its root.

Every path is opened part by part from that descriptor and no link is followed, so neither a crafted link nor another
device mounted at the same place later can lead the collector elsewhere.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from typing import TYPE_CHECKING, Final

from liuhen.collector.errors import SourceBusyError, SourceMissingError
from liuhen.collector.source.interface import Entry, EntryKind, FileStat
from liuhen.core.naming import decode_name, visible
from liuhen.core.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

__all__ = ["FolderSource"]

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# A fifo that replaced a file since the walk must not hold up the collector; regular files ignore the flag.
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_MAX_DEPTH: Final = 32
_WRITE_BITS: Final = 0o222


class FolderSource:
    """The folder at `path`, held open while in use as a context manager.

    It is also locked against other collectors, unless `lock` is False because somebody only looks.
    """

    def __init__(self, path: Path, *, lock: bool = True) -> None:
        self._path = path
        self._lock = lock
        self._root = -1

    def __enter__(self) -> Self:
        """Open and lock the folder.

        Raises:
            SourceMissingError: there is no such folder, or it cannot be read.
            SourceBusyError: another collector holds it.
        """
        try:
            # The source itself may be a link that the station's own administrator made.
            self._root = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise SourceMissingError(path=self.shown, reason=reason_of(error)) from error
        try:
            if self._lock:
                fcntl.flock(self._root, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._close()
            raise SourceBusyError(path=self.shown) from error
        except OSError:
            # A file system without locks: two collectors then end as two hand-ins of the same bytes, none lost.
            return self
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._close()

    def _close(self) -> None:
        os.close(self._root)
        self._root = -1

    @property
    def shown(self) -> str:
        """See `Source`."""
        return visible(decode_name(os.fsencode(self._path))[0])

    def walk(self) -> Iterator[Entry]:
        """See `Source`."""
        root = os.dup(self._root)
        try:
            yield from _walk(root, b"", _MAX_DEPTH)
        finally:
            os.close(root)

    def open(self, path: bytes) -> _FolderFile:
        """See `Source`."""
        folder, name = self._open_parent(path)
        try:
            descriptor = os.open(name, _FILE, dir_fd=folder)
        finally:
            os.close(folder)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(errno.ENOENT, "not a regular file")
        return _FolderFile(descriptor)

    def remove(self, path: bytes, expected: FileStat) -> bool:
        """See `Source`."""
        folder, name = self._open_parent(path)
        try:
            if _stat_of(os.stat(name, dir_fd=folder, follow_symlinks=False)) != expected:
                return False
            os.unlink(name, dir_fd=folder)
            os.fsync(folder)
        finally:
            os.close(folder)
        return True

    def is_there(self) -> bool:
        """See `Source`."""
        try:
            there, held = self._path.stat(), os.fstat(self._root)
            with os.scandir(self._root) as entries:
                next(entries, None)
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == (held.st_dev, held.st_ino)

    def _open_parent(self, path: bytes) -> tuple[int, bytes]:
        *folders, name = path.split(b"/")
        descriptor = os.dup(self._root)
        try:
            for folder in folders:
                inner = os.open(folder, _FOLDER, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = inner
        except OSError:
            os.close(descriptor)
            raise
        return descriptor, name


class _FolderFile:
    """An open regular file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        os.close(self._descriptor)

    def stat(self) -> FileStat:
        return _stat_of(os.fstat(self._descriptor))

    def read_at(self, offset: int, count: int) -> bytes:
        return os.pread(self._descriptor, count, offset)

    def forget_cached(self) -> None:
        os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)


def _walk(folder: int, prefix: bytes, depth: int) -> Iterator[Entry]:
    with os.scandir(folder) as found:
        entries = sorted((os.fsencode(entry.name), entry) for entry in found)
    for name, listed in entries:
        path = prefix + name
        entry = _entry(path, listed)
        yield entry
        if entry.kind is not EntryKind.FOLDER:
            continue
        if depth == 0:
            yield Entry(path, EntryKind.TOO_DEEP)
            continue
        try:
            inner = os.open(name, _FOLDER, dir_fd=folder)
        except OSError:
            yield Entry(path, EntryKind.UNREADABLE)
            continue
        try:
            yield from _walk(inner, path + b"/", depth - 1)
        finally:
            os.close(inner)


def _entry(path: bytes, listed: os.DirEntry[str]) -> Entry:
    try:
        found = listed.stat(follow_symlinks=False)
    except OSError:
        return Entry(path, EntryKind.UNREADABLE)
    if stat.S_ISLNK(found.st_mode):
        return Entry(path, EntryKind.LINK)
    if stat.S_ISDIR(found.st_mode):
        return Entry(path, EntryKind.FOLDER)
    if not stat.S_ISREG(found.st_mode):
        return Entry(path, EntryKind.OTHER)
    locked = not found.st_mode & _WRITE_BITS
    return Entry(path, EntryKind.FILE, found.st_size, found.st_mtime_ns, locked)


def _stat_of(found: os.stat_result) -> FileStat:
    return FileStat(found.st_size, found.st_mtime_ns, (found.st_dev, found.st_ino))
