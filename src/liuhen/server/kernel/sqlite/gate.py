"""One lock around write transactions, for all threads and processes of an instance.

SQLite's own busy handler polls and starves writers; a file lock queues them. The lock belongs to an open file
description, so each database connection holds its own; the kernel lets go of it when a process dies.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WriteGate"]


class WriteGate:
    """The write gate as one connection sees it. Not reentrant: a connection has one outermost transaction."""

    _in_memory = threading.Lock()

    def __init__(self, path: Path | None) -> None:
        """Use the lock file at `path`; None, for a database in memory, uses a lock of this process."""
        self._path = path
        self._fd: int | None = None
        self._held = False

    def acquire(self) -> None:
        """Wait for the gate."""
        if self._held:
            raise RuntimeError("this connection holds the write gate already")
        if self._path is None:
            self._in_memory.acquire()
        else:
            if self._fd is None:
                self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._fd, fcntl.LOCK_EX)
        self._held = True

    def release(self) -> None:
        """Let the next writer in; harmless when the gate is not held."""
        if not self._held:
            return
        self._held = False
        if self._path is None:
            self._in_memory.release()
        elif self._fd is not None:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Release the gate and the lock file's descriptor."""
        self.release()
        if self._fd is not None:
            with suppress(OSError):
                os.close(self._fd)
            self._fd = None
