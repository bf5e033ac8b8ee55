"""What the ledger says of tickets and openings, against the rows (invariant 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from liuhen.core.entry import EventType, format_time
from liuhen.server.access.models import Opening, ViewTicket
from liuhen.server.ledger.interfaces import Discrepancy, DiscrepancyKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from liuhen.core.entry import Entry

__all__ = ["TicketProjection"]


@dataclass(slots=True)
class _Said:
    """What the ledger says of one ticket."""

    recording: str
    holder: str
    expires: str
    ended: str


class TicketProjection:
    """See `Projection`.

    The rows that must have an entry are those that were there when the run began; those that an entry must have are
    looked for when it ends. So a ticket that is opened while fsck runs is no discrepancy.
    """

    def __init__(self) -> None:
        self._tickets_before = {
            str(id_): ended_at is not None for id_, ended_at in ViewTicket.objects.values_list("id", "ended_at")
        }
        self._openings_before = {str(id_) for id_ in Opening.objects.values_list("id", flat=True)}
        self._tickets: dict[str, _Said] = {}
        self._openings: dict[str, str] = {}

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        """Take note of entries; tickets and openings are compared at the end, when all is known of them."""
        for entry in entries:
            self._read(entry)
        return iter(())

    def _read(self, entry: Entry) -> None:
        facts = entry.facts
        match entry.type:
            case EventType.TICKET_ISSUED:
                self._tickets[facts["ticket"]] = _Said(entry.subject, facts["holder"], facts["expires"], "")
            case EventType.TICKET_ENDED if facts["ticket"] in self._tickets:
                self._tickets[facts["ticket"]].ended = facts["reason"]
            case EventType.TICKET_OPENED:
                self._openings[facts["opening"]] = facts["ticket"]
            case _:
                pass

    def finish(self) -> Iterator[Discrepancy]:
        """Compare the rows with what was read."""
        rows = {str(ticket.id): ticket for ticket in ViewTicket.objects.all().iterator()}
        for name, was_ended in self._tickets_before.items():
            said = self._tickets.get(name)
            if said is None:
                yield Discrepancy(DiscrepancyKind.EXTRA, f"ticket {name}", "没有对应的账本条目", "no entry tells of it")
            elif was_ended and not said.ended:
                yield Discrepancy(
                    DiscrepancyKind.ALTERED, f"ticket {name}", "没有记载其终止的账本条目", "no entry tells of its end"
                )
        for name, said in self._tickets.items():
            yield from _compare(name, said, rows.get(name))
        yield from self._check_openings()

    def _check_openings(self) -> Iterator[Discrepancy]:
        rows = {str(id_): str(ticket) for id_, ticket in Opening.objects.values_list("id", "ticket_id")}
        for name in sorted(self._openings_before - self._openings.keys()):
            yield Discrepancy(DiscrepancyKind.EXTRA, f"opening {name}", "没有对应的账本条目", "no entry tells of it")
        for name, ticket in self._openings.items():
            if name not in rows:
                yield Discrepancy(
                    DiscrepancyKind.MISSING,
                    f"opening {name}",
                    "账本有条目，数据库无此行",
                    "its entry is there, its row is not",
                )
            elif rows[name] != ticket:
                yield Discrepancy(
                    DiscrepancyKind.ALTERED,
                    f"opening {name}",
                    f"账本条目所记凭单为 {ticket}",
                    f"its entry names ticket {ticket}",
                )


def _compare(name: str, said: _Said, row: ViewTicket | None) -> Iterator[Discrepancy]:
    where = f"ticket {name}"
    if row is None:
        yield Discrepancy(
            DiscrepancyKind.MISSING, where, "账本有条目，数据库无此行", "its entry is there, its row is not"
        )
        return
    found = (f"recording/{row.recording_id}", f"person/{row.holder_id}", format_time(row.expires_at))
    if found != (said.recording, said.holder, said.expires):
        yield Discrepancy(
            DiscrepancyKind.ALTERED,
            where,
            "记录、持有人或期限与账本条目不符",
            "recording, holder or expiry differ from its entry",
        )
    if said.ended and row.ended_reason != said.ended:
        yield Discrepancy(
            DiscrepancyKind.ALTERED,
            where,
            f"账本条目记载其已终止：{said.ended}",
            f"its entry says that it ended: {said.ended}",
        )
