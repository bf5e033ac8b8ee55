"""Ending collections: the summary for the server, and those that earlier runs left with nothing more to send."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

from liuhen.collector.errors import CollectorError
from liuhen.collector.source import Skip, SkipReason
from liuhen.collector.state import ItemState
from liuhen.collector.wire import FileRole, closing
from liuhen.core.forms import format_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from liuhen.collector.clock import StationClock
    from liuhen.collector.state import Collection, Item
    from liuhen.collector.transport import Transport
    from liuhen.collector.work.handin import Means

__all__ = ["discard_quietly", "listed", "settle", "settle_leftover"]

_MOST_LISTED: Final = 2000
_LONGEST_NAME: Final = 1000
"""A summary must stay below what a server takes as one body."""


def settle(collection: Collection, skips: Sequence[Skip], *, means: Means, clock: StationClock) -> None:
    """Close the collection at the server with its summary, trying again while the server is away.

    Raises:
        CollectorError: the server refused or stayed away; the collection is kept.
    """
    items = collection.items()
    body = closing(
        closed=format_time(clock.now()),
        taken=_recordings(item for item in items if item.state.has_receipt and item.reason is None),
        skipped=[skip.as_json() for skip in listed(skips)],
        cleared=_recordings(item for item in items if item.state is ItemState.CLEARED),
    )
    means.patience().until_done(lambda: means.transport.close_collection(collection.id, body))


def settle_leftover(collection: Collection, *, means: Means, clock: StationClock) -> None:
    """Close and forget a collection of an earlier run that has nothing left to send.

    A file that was being cleared when that run was cut off is counted as cleared only by a run that sees its device;
    here it counts as received, which is what its receipt proves.

    Raises:
        CollectorError: as `settle`.
    """
    items = collection.items()
    if items:
        skips = [Skip(item.shown, item.reason) for item in items if item.reason is not None]
        means.patience().until_done(lambda: means.transport.open_collection(collection.id, collection.body))
        settle(collection, skips, means=means, clock=clock)
    collection.finish()


def listed(skips: Sequence[Skip]) -> list[Skip]:
    """Return `skips` with failures first, cut to what a summary may hold; the cut is told as its last entry."""
    short = [Skip(skip.shown[:_LONGEST_NAME], skip.reason) for skip in skips]
    ordered = sorted(short, key=lambda skip: not skip.reason.is_failure)
    more = len(ordered) - _MOST_LISTED
    return ordered if more <= 0 else [*ordered[:_MOST_LISTED], Skip(str(more), SkipReason.NOT_LISTED)]


def discard_quietly(transport: Transport, item: Item) -> None:
    """Tell the server that an upload will not be finished; it would find out by itself when the upload expires."""
    with contextlib.suppress(CollectorError):
        transport.discard(item.declaration.upload)


def _recordings(items: Iterable[Item]) -> list[str]:
    """Return the recordings whose originals are among `items`, each once."""
    found = {item.recording: None for item in items if item.declaration.role is FileRole.ORIGINAL}
    return [recording for recording in found if recording is not None]
