"""The place of one address in the local store: its object, its record, and the lock on both."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from liuhen.core.errors import both
from liuhen.server.vault.adapters._files import FOLDER, found_at, opened, read_small, remove, write_synced
from liuhen.server.vault.adapters._posix import FLAG_UNSUPPORTED
from liuhen.server.vault.adapters._record import DefectError, Record
from liuhen.server.vault.errors import RecordDamagedError
from liuhen.server.vault.interfaces import Protection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from liuhen.server.vault.adapters._layout import Layout
    from liuhen.server.vault.adapters._posix import Posix

__all__ = ["Place", "try_out"]

_READ_ONLY: Final = 0o440
_FORBIDDEN: Final = frozenset((errno.EPERM, errno.EACCES))


class Place:
    """The files of one address. What changes them needs `locked`; it is the caller who holds it."""

    def __init__(self, posix: Posix, layout: Layout, sha256: str, *, freeze: bool) -> None:
        self._posix = posix
        self._freeze = freeze
        self.sha256 = sha256
        self.folder = layout.shard(sha256)
        self.object = layout.object(sha256)
        self._record = layout.record(sha256)
        self._gone = layout.gone(sha256)
        self._temporary = layout.temporary(sha256)

    @contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the folder, which must exist, against all other writers; yields its descriptor."""
        with opened(self._posix, self.folder, FOLDER) as folder:
            self._posix.lock(folder, wait=True)
            yield folder

    def find(self) -> os.stat_result | None:
        """Return what lies under the address."""
        return found_at(self._posix, self.object)

    def record_found(self) -> os.stat_result | None:
        """Return the record's file, unless a destruction is under way."""
        return found_at(self._posix, self._record)

    def is_going(self) -> bool:
        """Return whether a destruction is under way."""
        return found_at(self._posix, self._gone) is not None

    def record(self) -> Record | None:
        """Return the record, None if there is none.

        Raises:
            RecordDamagedError: there is one and it cannot be believed.
        """
        for path in (self._record, self._gone, self._record):  # the third catches a hold that ends a destruction
            data = read_small(self._posix, path)
            if data is not None:
                try:
                    return Record.decode(data, self.sha256)
                except DefectError as error:
                    reason = both("内容不是原件库所写", f"it is not what the vault wrote ({error})")
                    raise RecordDamagedError(sha256=self.sha256, reason=reason) from error
        return None

    def put_record(self, record: Record, present: Record | None, folder: int) -> None:
        """Put `record` in place of `present`, durably; this also calls a destruction off.

        Where there is nothing to write the folder is synced yet: who wrote the record may have died just before that.
        """
        if record != present or self.record_found() is None:
            write_synced(self._posix, self._temporary, record.encode())
            self._posix.rename(self._temporary, self._record)
            remove(self._posix, self._gone)
        self._posix.fsync(folder)

    def protect(self) -> None:
        """Make the object read-only and, where the file system has it and we may, immutable; durably."""
        with opened(self._posix, self.object, os.O_RDONLY) as fd:
            if not _is_immutable(self._posix, fd):
                self._posix.fchmod(fd, _READ_ONLY)
                if self._freeze:
                    _try_to_set(self._posix, fd)
            self._posix.fsync(fd)

    def is_immutable(self) -> bool:
        """Return whether the immutable flag is set on the object, which must exist."""
        with opened(self._posix, self.object, os.O_RDONLY) as fd:
            return _is_immutable(self._posix, fd)

    def destroy(self, folder: int) -> None:
        """Remove the object, which must exist, and its record, durably.

        Needs no space on the medium, so that a full one can be relieved: the record is only renamed, to a name as long
        as its own. From then on a missing object is a destroyed one.
        """
        if self.record_found() is not None:
            self._posix.rename(self._record, self._gone)
        self._posix.fsync(folder)
        with opened(self._posix, self.object, os.O_RDONLY) as fd:
            if _is_immutable(self._posix, fd):
                self._posix.set_immutable(fd, on=False)
        self._posix.unlink(self.object)
        self._posix.fsync(folder)
        remove(self._posix, self._gone)  # where a power cut brings it back, `tidy` removes it

    def tidy(self, folder: int) -> tuple[str, ...]:
        """Remove a record that was never finished, and the rest of a destruction; return the names."""
        self._posix.fsync(folder)  # what was removed stays removed before the mark of its destruction goes
        leftovers = [self._temporary]
        if self.find() is None or self.record_found() is not None:
            leftovers.append(self._gone)
        return tuple(path.name for path in leftovers if remove(self._posix, path))


def try_out(posix: Posix, probe: Path) -> Protection:
    """Set the immutable flag on the file `probe`, look whether it is set, and remove the file."""
    # O_RDONLY: an immutable file that a crash left cannot be opened for writing.
    with opened(posix, probe, os.O_RDONLY | os.O_CREAT) as fd:
        outcome = _try_to_set(posix, fd)
        if _is_immutable(posix, fd):
            posix.set_immutable(fd, on=False)
    posix.unlink(probe)
    return outcome


def _try_to_set(posix: Posix, fd: int) -> Protection:
    try:
        posix.set_immutable(fd, on=True)
    except OSError as error:
        if error.errno in _FORBIDDEN:
            return Protection.NOT_PERMITTED
        if error.errno in FLAG_UNSUPPORTED:
            return Protection.NOT_SUPPORTED
        raise
    return Protection.IN_FORCE if _is_immutable(posix, fd) else Protection.NOT_SUPPORTED


def _is_immutable(posix: Posix, fd: int) -> bool:
    try:
        return posix.is_immutable(fd)
    except OSError as error:
        if error.errno in FLAG_UNSUPPORTED:
            return False
        raise
