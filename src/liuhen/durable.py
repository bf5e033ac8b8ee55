"""Writing files so that a power cut leaves the old content or the new, never a part."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import BufferedWriter
    from pathlib import Path

__all__ = ["make_folder", "remove_durably", "sync_folder", "write_durably"]

_PRIVATE_FILE = 0o600
_PRIVATE_FOLDER = 0o700


def write_durably(path: Path, data: bytes) -> None:
    """Replace the file at `path` by `data`, mode 0600; after return it survives a power cut.

    Two writers of one path must not run at once: they share the temporary name.

    Raises:
        OSError: the old content is then still there, or the new one where only its name could not be made durable.
    """
    temporary = path.with_name(f".{path.name}.part")
    try:
        with _open_new(temporary) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def remove_durably(path: Path) -> None:
    """Remove the file at `path`, which may be missing; after return it stays removed."""
    path.unlink(missing_ok=True)
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make the folder at `path` and those above it, mode 0700, each entered durably in its parent.

    The innermost that is there is entered once more: whoever made it may have been cut off before that.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    there = missing[-1].parent if missing else path
    # In a folder that we may not read, somebody else has made this one.
    with suppress(PermissionError):
        sync_folder(there.parent)
    for folder in reversed(missing):
        folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(path: Path) -> None:
    """Make the entries of the folder at `path` durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_new(path: Path) -> BufferedWriter:
    """Open a file that nobody else has open, in place of one that a killed run has left."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        descriptor = os.open(path, flags, _PRIVATE_FILE)
    except FileExistsError:
        path.unlink()
        descriptor = os.open(path, flags, _PRIVATE_FILE)
    return os.fdopen(descriptor, "wb")
