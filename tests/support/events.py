"""What the ledger's table says, for tests of the acts that write to it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from liuhen.core.entry import Entry
from liuhen.server.ledger.models import Event

if TYPE_CHECKING:
    import uuid

    from liuhen.server.ledger.interfaces import Discrepancy, Projection

__all__ = ["Told", "discrepancies", "told"]


@dataclass(frozen=True, slots=True)
class Told:
    """One event: its entry, and the private details that the entry commits to."""

    entry: Entry
    private: dict[str, Any] | None


def told(kind: str, row_id: uuid.UUID) -> list[Told]:
    """Return the events of `<kind>/<row_id>`, oldest first."""
    events = Event.objects.filter(subject=f"{kind}/{row_id}").order_by("n")
    return [Told(Entry.from_bytes(bytes(event.leaf)), _private(event)) for event in events]


def discrepancies(projection: Projection) -> list[Discrepancy]:
    """Return how an app's rows differ from what all events tell."""
    entries = [Entry.from_bytes(bytes(leaf)) for leaf in Event.objects.order_by("seq").values_list("leaf", flat=True)]
    return [*projection.check(entries), *projection.finish()]


def _private(event: Event) -> dict[str, Any] | None:
    if event.private is None:
        return None
    details: dict[str, Any] = json.loads(bytes(event.private))
    return details
