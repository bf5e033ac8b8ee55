"""Walking the objects of a local store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from liuhen.server.vault.interfaces import Listing, ObjectState

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    from liuhen.server.vault.adapters._layout import Layout
    from liuhen.server.vault.adapters._place import Place
    from liuhen.server.vault.adapters._posix import Posix

__all__ = ["addresses", "look_at"]


def addresses(posix: Posix, layout: Layout, suffixes: frozenset[str]) -> Iterator[str]:
    """Yield, in ascending order, each address of which there is a file with one of `suffixes` ("" is the object)."""
    for outer in _pairs(posix, layout, layout.objects):
        for inner in _pairs(posix, layout, outer):
            parsed = (layout.parse(name) for name in _names(posix, inner))
            yield from sorted({found[0] for found in parsed if found is not None and found[1] in suffixes})


def look_at(place: Place) -> Listing | None:
    """Return how `place` stands, None where there is nothing or only the rest of a destruction.

    One file is looked at after the other. Since an object comes before its record, and a record is renamed before its
    object goes, only "lost" can be a mistake made by a seal or a destruction in between: look twice before saying it.
    """
    found, record = place.find(), place.record_found()
    if found is not None:
        if record is not None:
            return _listing(place, ObjectState.WHOLE, found)
        return _listing(place, ObjectState.DISPOSING if place.is_going() else ObjectState.UNRECORDED, found)
    return None if record is None else _listing(place, ObjectState.LOST, record)


def _listing(place: Place, state: ObjectState, file: os.stat_result) -> Listing:
    return Listing(
        sha256=place.sha256,
        state=state,
        size=0 if state is ObjectState.LOST else file.st_size,
        written=datetime.fromtimestamp(file.st_ctime, UTC),
    )


def _pairs(posix: Posix, layout: Layout, folder: Path) -> Iterator[Path]:
    return (folder / name for name in sorted(filter(layout.is_pair, _names(posix, folder))))


def _names(posix: Posix, folder: Path) -> list[str]:
    try:
        return posix.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
