"""Getting at sealed files behind the store's back."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from liuhen.server.vault.adapters._posix import Posix

__all__ = ["make_removable", "thaw"]


def thaw(path: Path) -> None:
    """Clear the immutable flag of `path`, where there is such a thing."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with suppress(OSError):
        Posix().set_immutable(fd, on=False)
    os.close(fd)


def make_removable(root: Path) -> None:
    """Clear the immutable flag of every file of a vault below `root`."""
    for folder, _, names in os.walk(root):
        for name in names:
            with suppress(OSError):  # a link to nowhere, a socket
                thaw(Path(folder, name))
