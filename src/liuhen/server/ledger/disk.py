"""Every change to the ledger's folder, one method each: the seam at which tests fail a call or cut the power.

Nothing here decides anything. Paths are absolute; errors are `OSError`.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Disk"]


class Disk:
    """The calls as the operating system offers them."""

    def make_folder(self, path: Path) -> None:
        """Make the folder, for owner and group; its parent is not synced."""
        path.mkdir(mode=0o750)

    def write(self, path: Path, data: bytes, mode: int = 0o640) -> None:
        """Write `path` anew and sync its content; its name is durable only after `sync_folder`."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, mode)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) or 0 :]
            os.fsync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Move `source` to `target` in one step, in place of what was there."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file; harmless when there is none."""
        path.unlink(missing_ok=True)

    def remove_folder(self, path: Path) -> None:
        """Remove an empty folder; harmless when there is none."""
        with contextlib.suppress(FileNotFoundError):
            path.rmdir()

    def sync_folder(self, path: Path) -> None:
        """Make the names in the folder durable."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
