"""Every system call of the local store, one method each: the seam at which tests inject faults and power cuts.

Nothing here decides anything. Paths are absolute; errors are `OSError`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from liuhen.core.reasons import reason_of
from liuhen.server.vault.errors import VaultFaultError, VaultFullError

if TYPE_CHECKING:
    from collections.abc import Buffer, Iterator
    from pathlib import Path

__all__ = ["FLAG_UNSUPPORTED", "Posix", "reporting"]

FLAG_UNSUPPORTED: Final = frozenset((errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS))
"""What file systems without inode flags answer (ioctl_iflags(2))."""

_FULL: Final = frozenset((errno.ENOSPC, errno.EDQUOT))

# linux/fs.h: _IOR('f', 1, long) and _IOW('f', 2, long) as most architectures number them, and yet the kernel reads
# and writes an int. On MIPS, PowerPC, SPARC and Alpha the numbers differ: there the call answers ENOTTY and the flag
# counts as unsupported.
_LONG: Final = struct.calcsize("l")
_FS_IOC_GETFLAGS: Final = 0x80006601 | _LONG << 16
_FS_IOC_SETFLAGS: Final = 0x40006602 | _LONG << 16
_FS_IMMUTABLE_FL: Final = 0x10
_FLAGS: Final = struct.Struct("=Ixxxx")


class Posix:
    """The calls as the operating system offers them."""

    def mkdir(self, path: Path) -> None:
        """Make the folder, for owner and group."""
        path.mkdir(mode=0o750)

    def open(self, path: Path, flags: int) -> int:
        """Open `path`, never through a symbolic link; a file it makes is for owner and group."""
        return os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o640)

    def close(self, fd: int) -> None:
        """Close `fd`, which is gone even where this raises."""
        os.close(fd)

    def pwrite(self, fd: int, data: Buffer, offset: int) -> int:
        """Write some of `data` at `offset` and return how much."""
        return os.pwrite(fd, data, offset)

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        """Read up to `length` bytes from `offset`."""
        return os.pread(fd, length, offset)

    def ftruncate(self, fd: int, size: int) -> None:
        """Cut the file to `size`."""
        os.ftruncate(fd, size)

    def fdatasync(self, fd: int) -> None:
        """Make the file's bytes and length durable."""
        os.fdatasync(fd)

    def fsync(self, fd: int) -> None:
        """Make the file, or the folder's names, durable."""
        os.fsync(fd)

    def forget_cached(self, fd: int) -> None:
        """Ask that what is read next comes from the medium; pages not yet written out stay."""
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def start_writing(self, fd: int, offset: int, length: int) -> None:
        """Ask that these bytes go to the medium now, without waiting, so that a later sync finds little left to do.

        Linux begins writeback of dirty pages for POSIX_FADV_DONTNEED (mm/fadvise.c); the advice is harmless elsewhere.
        """
        os.posix_fadvise(fd, offset, length, os.POSIX_FADV_DONTNEED)

    def fchmod(self, fd: int, mode: int) -> None:
        """Set the permission bits."""
        os.fchmod(fd, mode)

    def rename(self, source: Path, target: Path) -> None:
        """Move `source` to `target` in one step, in place of what was there."""
        source.rename(target)

    def unlink(self, path: Path) -> None:
        """Remove the name."""
        path.unlink()

    def rmdir(self, path: Path) -> None:
        """Remove the empty folder."""
        path.rmdir()

    def lstat(self, path: Path) -> os.stat_result:
        """Return what `path` is."""
        return os.lstat(path)

    def fstat(self, fd: int) -> os.stat_result:
        """Return what `fd` is."""
        return os.fstat(fd)

    def listdir(self, path: Path) -> list[str]:
        """Return the names in the folder, in no order."""
        return [entry.name for entry in path.iterdir()]

    def lock(self, fd: int, *, wait: bool) -> None:
        """Lock `fd` against every other holder, in this process too; without waiting, raise `BlockingIOError`."""
        fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)

    def is_immutable(self, fd: int) -> bool:
        """Return whether the immutable flag is set."""
        return bool(self._flags(fd) & _FS_IMMUTABLE_FL)

    def set_immutable(self, fd: int, *, on: bool) -> None:
        """Set or clear the immutable flag, keeping the others."""
        flags = self._flags(fd)
        wanted = flags | _FS_IMMUTABLE_FL if on else flags & ~_FS_IMMUTABLE_FL
        fcntl.ioctl(fd, _FS_IOC_SETFLAGS, _FLAGS.pack(wanted))

    def free_bytes(self, path: Path) -> int:
        """Return the bytes that an ordinary user may still write where `path` lies."""
        answer = os.statvfs(path)
        return answer.f_bavail * answer.f_frsize

    @staticmethod
    def _flags(fd: int) -> int:
        answer = fcntl.ioctl(fd, _FS_IOC_GETFLAGS, _FLAGS.pack(0))
        return int(_FLAGS.unpack(answer)[0])


@contextmanager
def reporting(where: str) -> Iterator[None]:
    """Turn an `OSError` into the vault's error about `where`, the path below and with the store's folder."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise VaultFullError(where=where) from error
        raise VaultFaultError(where=where, reason=reason_of(error)) from error
