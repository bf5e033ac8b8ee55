"""The comparison of derivatives with the ledger's entries (invariant 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from liuhen.core.entry import EventType
from liuhen.server.ledger.interfaces import Discrepancy, DiscrepancyKind
from liuhen.server.media.models import Derivative

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from liuhen.core.entry import Entry

__all__ = ["DerivativesProjection"]


class DerivativesProjection:
    """Every `derivative:made` has its row, as it says, and no row is without one."""

    def __init__(self) -> None:
        self._told: set[tuple[UUID, str]] = set()

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        """Compare the rows that `entries` tell of."""
        made = [entry for entry in entries if entry.type is EventType.DERIVATIVE_MADE]
        recordings = {_recording(entry) for entry in made}
        rows = {(row.recording_id, row.kind): row for row in Derivative.objects.filter(recording_id__in=recordings)}
        for entry in made:
            place = (_recording(entry), str(entry.facts["kind"]))
            self._told.add(place)
            row = rows.get(place)
            if row is None:
                yield _discrepancy(
                    DiscrepancyKind.MISSING, place, "账本有记载，数据库中缺失", "in the ledger, not in the database"
                )
            elif _of_row(row) != _of_entry(entry):
                yield _discrepancy(DiscrepancyKind.ALTERED, place, "与账本记载不符", "not as the ledger says")

    def finish(self) -> Iterator[Discrepancy]:
        """Name the rows that no entry told of."""
        for place in Derivative.objects.order_by("id").values_list("recording_id", "kind").iterator():
            if place not in self._told:
                yield _discrepancy(
                    DiscrepancyKind.EXTRA, place, "数据库中有，账本无记载", "in the database, not in the ledger"
                )


def _recording(entry: Entry) -> UUID:
    return UUID(entry.subject.partition("/")[2])


def _of_row(row: Derivative) -> tuple[object, ...]:
    return (row.sha256, row.size, row.media_type, row.tool, row.parameters, row.made_at)


def _of_entry(entry: Entry) -> tuple[object, ...]:
    (derivative,) = entry.objects
    facts = entry.facts
    described = (facts["media_type"], facts["tool"], facts["parameters"])
    return (derivative.sha256, derivative.size, *described, entry.time)


def _discrepancy(kind: DiscrepancyKind, place: tuple[UUID, str], zh: str, en: str) -> Discrepancy:
    recording, which = place
    return Discrepancy(
        kind=kind, where=f"derivative {recording}/{which}", zh=f"衍生件{zh}", en=f"The derivative is {en}"
    )
