"""Getting at sealed files behind the store's back."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from liuhen.server.vault.adapters._posix import Posix

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["thaw"]


def thaw(path: Path) -> None:
    """Clear the immutable flag of `path`, where there is such a thing."""
    fd = os.open(path, os.O_RDONLY)
    with suppress(OSError):
        Posix().set_immutable(fd, on=False)
    os.close(fd)
