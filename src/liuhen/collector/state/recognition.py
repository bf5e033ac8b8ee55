"""Recognising files that were taken before, by their bytes; a name, size and time only hint that it is worth a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liuhen.collector.errors import ReceiptRefusedError
from liuhen.collector.source import SkipReason
from liuhen.collector.source.reading import digest_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from liuhen.collector.source import FileKey, Source
    from liuhen.collector.source.tasks import Task
    from liuhen.collector.state import Known, KnownFile, ReceiptBook
    from liuhen.core.digests import Digests

__all__ = ["Recognised", "Recognition"]


@dataclass(frozen=True, slots=True)
class Recognised:
    """A file that need not be taken again, why, its digests as read now, and its note if it has a receipt."""

    reason: SkipReason
    digests: Digests
    known: KnownFile | None


class Recognition:
    """Looks files up among those with a receipt, and among `spooled`: SHA-256 by path, size and time."""

    def __init__(self, known: Known, book: ReceiptBook, spooled: Mapping[FileKey, str] | None = None) -> None:
        self._known = known
        self._book = book
        self._spooled = spooled or {}

    def look(self, task: Task, source: Source, heed: Callable[[], None]) -> Recognised | None:
        """Return what is known of the bytes of `task`, None if they are to be taken. Reads the file only on a hint.

        Raises:
            FileChangedError: it changed while it was read.
            OSError: it cannot be read.
        """
        known = self._known.find(task.key)
        spooled = self._spooled.get(task.key)
        if known is None and spooled is None:
            return None
        with source.open(task.path) as file:
            digests = digest_of(file, task.shown, heed)
        if known is not None and self._has_receipt(task, known, digests):
            return Recognised(SkipReason.ALREADY_RECEIVED, digests, known)
        return Recognised(SkipReason.ALREADY_SPOOLED, digests, None) if digests.sha256 == spooled else None

    def _has_receipt(self, task: Task, known: KnownFile, digests: Digests) -> bool:
        try:
            self._book.recall(known.receipt, task.shown, digests)
        except ReceiptRefusedError:
            return False
        return True
