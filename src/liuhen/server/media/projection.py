"""What the ledger says of derivatives, against their rows (invariant 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.core.events import EventType
from liuhen.server.ledger.comparison import compare, extra, subject_id
from liuhen.server.media.models import Derivative

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from liuhen.core.entry import Entry
    from liuhen.server.ledger.interfaces import Discrepancy

__all__ = ["DerivativesProjection"]


class DerivativesProjection:
    """Every `derivative:made` has its row, as it says, and no row is without one.

    See `liuhen.server.ledger.interfaces.Projection`. It keeps the recording and kind of every derivative in memory.
    """

    def __init__(self) -> None:
        self._told: set[str] = set()

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        """Compare the rows that `entries` tell of."""
        made = {
            f"{subject_id(one)}/{one.facts['kind']}": one for one in entries if one.type is EventType.DERIVATIVE_MADE
        }
        self._told |= made.keys()
        recordings = {subject_id(entry) for entry in made.values()}
        rows = {f"{row.recording_id}/{row.kind}": row for row in Derivative.objects.filter(recording_id__in=recordings)}
        for place, entry in made.items():
            (derivative,) = entry.objects
            said = {name: entry.facts[name] for name in ("media_type", "tool", "parameters")}
            said |= {"sha256": derivative.sha256, "size": derivative.size, "made_at": entry.time}
            yield from compare(f"derivative {place}", rows.get(place), said)

    def finish(self) -> Iterator[Discrepancy]:
        """Name the rows that no entry told of."""
        rows = Derivative.objects.order_by("id").values_list("recording_id", "kind").iterator()
        yield from extra("derivative", (f"{recording}/{kind}" for recording, kind in rows), self._told)
