"""What the ledger says of tickets and viewings, against the rows (invariant 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from liuhen.core.events import EventType
from liuhen.core.forms import parse_time
from liuhen.server.access.models import Viewing, ViewTicket
from liuhen.server.ledger.comparison import compare_all, id_in, subject_id
from liuhen.server.ledger.selectors import details_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from liuhen.core.entry import Entry
    from liuhen.server.ledger.interfaces import Discrepancy

__all__ = ["TicketProjection"]


class TicketProjection:
    """Every ticket and every viewing is as the ledger says, and none is without its event.

    See `liuhen.server.ledger.interfaces.Projection`. It keeps what was said of each in memory.
    """

    def __init__(self) -> None:
        self._tickets: dict[UUID, dict[str, Any]] = {}
        self._viewings: dict[UUID, dict[str, Any]] = {}

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        """Take note of entries; tickets and viewings are compared at the end, when all is known of them."""
        kinds = (EventType.TICKET_ISSUED, EventType.TICKET_OPENED)
        details = details_of([entry for entry in entries if entry.type in kinds])
        for entry in entries:
            facts, private = entry.facts, details.get(entry.id, {})
            match entry.type:
                case EventType.TICKET_ISSUED:
                    self._tickets[UUID(str(facts["ticket"]))] = {
                        "recording_id": subject_id(entry),
                        "holder_id": id_in(str(facts["holder"])),
                        "issued_by_id": id_in(entry.actor),
                        "issued_at": entry.time,
                        "expires_at": parse_time(str(facts["expires"])),
                        "ended_at": None,
                        "ended_reason": "",
                        **private,
                    }
                case EventType.TICKET_ENDED:
                    ended = {"ended_at": entry.time, "ended_reason": facts["reason"]}
                    self._tickets[UUID(str(facts["ticket"]))] |= ended
                case EventType.TICKET_OPENED:
                    said = {"ticket_id": UUID(str(facts["ticket"])), "at": entry.time, **private}
                    self._viewings[UUID(str(facts["viewing"]))] = said
                case _:
                    pass
        return iter(())

    def finish(self) -> Iterator[Discrepancy]:
        """Compare the rows with what was read."""
        tickets = ((ticket.id, ticket) for ticket in ViewTicket.objects.order_by("id").iterator())
        yield from compare_all("ticket", tickets, self._tickets)
        viewings = ((viewing.id, viewing) for viewing in Viewing.objects.order_by("id").iterator())
        yield from compare_all("viewing", viewings, self._viewings)
