"""What the ledger says of recordings and attachments, against their rows (invariant 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from liuhen.core.entry import EventType
from liuhen.server.ledger.interfaces import Discrepancy, DiscrepancyKind
from liuhen.server.recordings.models import Attachment, Recording

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from liuhen.core.entry import Entry

__all__ = ["RecordingsProjection"]

_COLUMNS: Final = ("sha256", "sm3", "size", "sealed_at")


class RecordingsProjection:
    """Every sealed object has its row with equal digests, size and time, and every row has its event.

    See `liuhen.server.ledger.interfaces.Projection`. It keeps the id of every row in memory.
    """

    def __init__(self) -> None:
        self._sealed: set[UUID] = set()
        self._attached: set[UUID] = set()

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        """Compare the rows of what was sealed and attached."""
        sealed = {_subject_id(entry): entry for entry in entries if entry.type is EventType.RECORDING_SEALED}
        self._sealed |= sealed.keys()
        recordings = Recording.objects.in_bulk(sealed.keys())
        for recording_id, entry in sealed.items():
            yield from _compare("recording", recording_id, entry, recordings.get(recording_id))
        attached = {
            UUID(str(entry.facts["attachment"])): entry
            for entry in entries
            if entry.type is EventType.RECORDING_ATTACHED
        }
        self._attached |= attached.keys()
        attachments = Attachment.objects.in_bulk(attached.keys())
        for attachment_id, entry in attached.items():
            row = attachments.get(attachment_id)
            yield from _compare("attachment", attachment_id, entry, row)
            if row is not None and row.recording_id != _subject_id(entry):
                yield _altered("attachment", attachment_id, "recording")

    def finish(self) -> Iterator[Discrepancy]:
        """Name the rows of which the ledger knows nothing."""
        yield from _extra("recording", Recording.objects.values_list("id", flat=True).iterator(), self._sealed)
        yield from _extra("attachment", Attachment.objects.values_list("id", flat=True).iterator(), self._attached)


def _subject_id(entry: Entry) -> UUID:
    return UUID(entry.subject.partition("/")[2])


def _compare(kind: str, row_id: UUID, entry: Entry, row: Recording | Attachment | None) -> Iterator[Discrepancy]:
    if row is None:
        zh, en = "账本中有其封存事件，数据库中没有记录", "it was sealed and has no row"
        yield Discrepancy(DiscrepancyKind.MISSING, f"{kind} {row_id}", zh, en)
        return
    ref = entry.objects[0]
    sealed = (ref.sha256, ref.sm3, ref.size, entry.time)
    found = (row.sha256, row.sm3, row.size, row.sealed_at)
    wrong = [column for column, one, other in zip(_COLUMNS, found, sealed, strict=True) if one != other]
    if wrong:
        yield _altered(kind, row_id, ", ".join(wrong))


def _altered(kind: str, row_id: UUID, columns: str) -> Discrepancy:
    zh, en = f"数据库中的 {columns} 与封存事件不符", f"its {columns} differs from what was sealed"
    return Discrepancy(DiscrepancyKind.ALTERED, f"{kind} {row_id}", zh, en)


def _extra(kind: str, ids: Iterable[UUID], known: set[UUID]) -> Iterator[Discrepancy]:
    for row_id in ids:
        if row_id not in known:
            zh, en = "账本中没有其封存事件", "the ledger has no event that sealed it"
            yield Discrepancy(DiscrepancyKind.EXTRA, f"{kind} {row_id}", zh, en)
