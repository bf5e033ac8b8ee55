"""Clearing a device: one file at a time, each read once more and compared with its receipt right before it goes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liuhen.collector.errors import FileChangedError, NotClearedError, ReceiptRefusedError
from liuhen.collector.report import FileCleared
from liuhen.collector.source.reading import digest_of
from liuhen.collector.state import ItemState
from liuhen.core.errors import both
from liuhen.core.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from liuhen.collector.source import Source
    from liuhen.collector.state import Collection, Item
    from liuhen.collector.work.handin import Means

__all__ = ["clear_unit"]


def clear_unit(items: Sequence[Item], *, source: Source, collection: Collection, means: Means) -> None:
    """Remove a recording and its attachments from the device; `items` holds the original first.

    The attachments go first: cut short, the next run still finds the recording and what is left of it together.

    Raises:
        NotClearedError: a receipt is missing, or a file is not what its receipt says; it stays, as do the rest.
        OSError: the source as a whole failed while it was read.
    """
    for item in items:
        if not item.state.has_receipt:
            raise NotClearedError(name=item.shown, reason=both("尚无回执", "there is no receipt yet"))
    for item in reversed(items):
        if item.state is not ItemState.CLEARED:
            _clear(item, source, collection, means)


def _clear(item: Item, source: Source, collection: Collection, means: Means) -> None:
    with source.open(item.declaration.path) as file:
        file.forget_cached()
        found = file.stat()
        try:
            digests = digest_of(file, item.shown, means.halt.check)
            means.book.recall(item.receipt or "", item.shown, digests)
        except (ReceiptRefusedError, FileChangedError) as error:
            reason = both("设备上的内容与回执不符", "what is on the device is not what the receipt says")
            raise NotClearedError(name=item.shown, reason=reason) from error
        # From here on a missing file means that it was cleared, even if the power fails before the last line.
        collection.put(replace(item, state=ItemState.CLEARING))
        try:
            removed = source.remove(item.declaration.path, found)
        except OSError as error:
            raise NotClearedError(name=item.shown, reason=reason_of(error)) from error
        if not removed:
            collection.put(item)
            reason = both("核对后文件又有变化", "it changed after it was compared")
            raise NotClearedError(name=item.shown, reason=reason)
    collection.put(replace(item, state=ItemState.CLEARED))
    means.known.remove(item.key)
    means.report.tell(FileCleared(item.shown))
