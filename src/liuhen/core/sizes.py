"""Sizes as people read them, alike at the station and on the pages."""

from __future__ import annotations

from typing import Final

__all__ = ["size_text"]

_UNITS: Final = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "KB"))


def size_text(size: float) -> str:
    """Return a size in bytes in GB (10^9 bytes), MB or KB with one decimal, in bytes below that."""
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{int(size)} B"
