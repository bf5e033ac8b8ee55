"""Folders for work in progress, which a killed worker leaves behind and the next one clears away."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["workspace"]

_LOCK: Final = "lock"


@contextmanager
def workspace(root: Path) -> Iterator[Path]:
    """Yield an empty folder below `root` that is removed at the end; first remove those whose owners are dead.

    An owner holds a lock on its folder, which the kernel lifts when it dies.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as owned:
        with _locked(root / _LOCK, wait=True):  # nobody clears away a folder between its making and its locking
            _clear(root)
            folder = Path(tempfile.mkdtemp(dir=root))
            owned.enter_context(_locked(folder / _LOCK, wait=False))
        owned.callback(_remove, root, folder)
        yield folder


def _remove(root: Path, folder: Path) -> None:
    """Remove a folder of one's own; nobody looks through `root` meanwhile."""
    with _locked(root / _LOCK, wait=True):
        shutil.rmtree(folder, ignore_errors=True)


def _clear(root: Path) -> None:
    for folder in root.iterdir():
        if not folder.is_dir():
            continue
        with suppress(BlockingIOError), _locked(folder / _LOCK, wait=False):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path, *, wait: bool) -> Iterator[None]:
    """Hold the lock file at `path`; without waiting, `BlockingIOError` where another holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(fd)
