"""Choosing among unfinished collections: the one that a docked device or a spool belongs to, and the leftovers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.collector.state import ItemState

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from liuhen.collector.source import FileKey
    from liuhen.collector.spool import Spool
    from liuhen.collector.state import Collection

__all__ = ["choose", "leftover_among", "of_spool"]


def choose(collections: Iterable[Collection], present: frozenset[FileKey], device: str | None) -> Collection | None:
    """Return the collection that was begun with this device, or None.

    Where a device is mounted says nothing: the next one is mounted at the same place. At least half of the files that
    a collection still expects on its device must be there, with path, size and time; empty files tell little and
    count only where there are no others. Two declared serials that differ settle it.
    """
    best: tuple[int, Collection] | None = None
    for collection in collections:
        declared = collection.body.get("device")
        if device is not None and declared is not None and device != declared:
            continue
        uncleared = [item for item in collection.items() if item.state is not ItemState.CLEARED]
        expected = [item.key for item in uncleared if item.size] or [item.key for item in uncleared]
        there = sum(key in present for key in expected)
        if there and 2 * there >= len(expected) and (best is None or there > best[0]):
            best = (there, collection)
    return None if best is None else best[1]


def leftover_among(collections: Iterable[Collection], *, tried: Container[str]) -> Collection | None:
    """Return a collection that has nothing left to send and is not among those `tried`, or None."""
    return next((one for one in collections if one.is_over and one.id not in tried), None)


def of_spool(collections: Iterable[Collection], spool: Spool) -> Collection | None:
    """Return the collection that was begun with `spool`, under its uuid or, where that was taken, under another."""
    return next((one for one in collections if one.id == spool.collection or one.body == spool.opening), None)
