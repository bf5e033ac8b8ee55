"""Who may open, hold, use and end a view ticket, and what the ledger is told."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from liuhen.core.events import EventType
from liuhen.server.access import selectors, services
from liuhen.server.access.errors import (
    HolderRefusedError,
    TicketEndedError,
    TicketMissingError,
    TicketReasonError,
    TicketTermError,
)
from liuhen.server.access.models import TicketEnd, Viewing, ViewTicket
from liuhen.server.access.projection import TicketProjection
from liuhen.server.accounts.errors import NotAllowedError
from liuhen.server.accounts.roles import Role
from liuhen.server.accounts.selectors import actor_of
from liuhen.server.ledger.interfaces import DiscrepancyKind
from liuhen.server.ledger.models import Event
from liuhen.server.ledger.selectors import custody_chain, opened_commitment
from liuhen.server.recordings.errors import RecordingMissingError
from tests.support.cast import AT, Cast
from tests.support.events import discrepancies
from tests.support.recordings import enter

if TYPE_CHECKING:
    from liuhen.server.recordings.models import Recording

LATER = AT + timedelta(minutes=1)
SESSION = "s" * 32


@pytest.fixture
def recording(cast: Cast) -> Recording:
    return enter(cast.brigade, officer=cast.officer)


def ticket_of(cast: Cast, recording: Recording, **changed: Any) -> ViewTicket:
    given: dict[str, Any] = {"holder": cast.legal, "reason": "案情研判", "minutes": 30}
    given |= {"actor": cast.actor(Role.CUSTODIAN), "at": AT}
    return services.issue_ticket(recording=recording, **{**given, **changed})


@pytest.mark.article(16)
def test_a_custodian_opens_a_ticket_with_a_reason_and_the_ledger_holds_a_commitment_to_it(
    cast: Cast, recording: Recording
) -> None:
    ticket = ticket_of(cast, recording, reason="  案情研判  ")
    link = custody_chain(f"recording/{recording.id}")[-1]
    assert (link.type, link.actor) == (EventType.TICKET_ISSUED, f"person/{cast.custodian.id}")
    assert link.facts["ticket"] == str(ticket.id)
    assert link.facts["holder"] == f"person/{cast.legal.id}"
    assert link.details == {"reason": "案情研判"}
    event = Event.objects.get(id=link.id)
    assert opened_commitment(event) is not None
    assert "案情研判".encode() not in bytes(event.leaf)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CUSTODIAN])
def test_nobody_but_a_custodian_opens_a_ticket(cast: Cast, recording: Recording, role: Role) -> None:
    with pytest.raises(NotAllowedError):
        ticket_of(cast, recording, actor=cast.actor(role))


def test_a_custodian_of_another_unit_does_not_know_of_the_recording(cast: Cast, recording: Recording) -> None:
    with pytest.raises(RecordingMissingError):
        ticket_of(cast, recording, actor=actor_of(cast.outsider))


@pytest.mark.parametrize("reason", ["", "   ", "字" * 501])
def test_a_ticket_needs_a_reason_of_reasonable_length(cast: Cast, recording: Recording, reason: str) -> None:
    with pytest.raises(TicketReasonError):
        ticket_of(cast, recording, reason=reason)
    assert not ViewTicket.objects.exists()


@pytest.mark.parametrize("minutes", [0, -1, 31])
def test_a_ticket_lasts_no_longer_than_the_settings_allow(cast: Cast, recording: Recording, minutes: int) -> None:
    with pytest.raises(TicketTermError):
        ticket_of(cast, recording, minutes=minutes)


@pytest.mark.parametrize("name", ["system_admin", "security_admin", "auditor", "nobody", "outsider"])
def test_whoever_may_not_see_the_recording_cannot_be_given_a_ticket(
    cast: Cast, recording: Recording, name: str
) -> None:
    with pytest.raises(HolderRefusedError):
        ticket_of(cast, recording, holder=getattr(cast, name))


def test_the_people_offered_are_those_who_may_hold_a_ticket(recording: Recording) -> None:
    offered = {person.username for person in selectors.possible_holders(recording)}
    assert offered == {"officer", "unit-head", "custodian", "legal", "leader", "supervisor"}


def test_playback_begins_once_for_each_session_and_each_is_an_event(cast: Cast, recording: Recording) -> None:
    ticket = ticket_of(cast, recording)
    holder = cast.actor(Role.LEGAL)
    first = services.open_ticket(ticket_id=ticket.id, session_key=SESSION, actor=holder, at=LATER)
    again = services.open_ticket(ticket_id=ticket.id, session_key=SESSION, actor=holder, at=LATER)
    other = services.open_ticket(ticket_id=ticket.id, session_key="t" * 32, actor=holder, at=LATER)
    assert first == again != other
    assert SESSION not in first.session
    types = [link.type for link in custody_chain(f"recording/{recording.id}")]
    assert types.count(EventType.TICKET_OPENED) == 2


def test_nobody_begins_playback_on_anothers_ticket(cast: Cast, recording: Recording) -> None:
    ticket = ticket_of(cast, recording)
    with pytest.raises(TicketMissingError):
        services.open_ticket(ticket_id=ticket.id, session_key=SESSION, actor=cast.actor(Role.LEADER), at=LATER)
    with pytest.raises(NotAllowedError):
        services.open_ticket(ticket_id=ticket.id, session_key=SESSION, actor=cast.actor(Role.AUDITOR), at=LATER)


def test_playback_does_not_begin_on_a_ticket_that_has_run_out_or_was_ended(cast: Cast, recording: Recording) -> None:
    holder = cast.actor(Role.LEGAL)
    lapsed = ticket_of(cast, recording)
    with pytest.raises(TicketEndedError):
        services.open_ticket(ticket_id=lapsed.id, session_key=SESSION, actor=holder, at=AT + timedelta(minutes=30))
    services.end_ticket(ticket_id=lapsed.id, actor=holder, at=LATER)
    with pytest.raises(TicketEndedError):
        services.open_ticket(ticket_id=lapsed.id, session_key=SESSION, actor=holder, at=LATER)
    assert not Viewing.objects.exists()


@pytest.mark.parametrize(("role", "end"), [(Role.LEGAL, TicketEnd.RETURNED), (Role.CUSTODIAN, TicketEnd.REVOKED)])
def test_a_ticket_is_returned_by_its_holder_or_revoked_by_a_custodian(
    cast: Cast, recording: Recording, role: Role, end: TicketEnd
) -> None:
    ticket = ticket_of(cast, recording)
    ended = services.end_ticket(ticket_id=ticket.id, actor=cast.actor(role), at=LATER)
    again = services.end_ticket(ticket_id=ticket.id, actor=cast.actor(role), at=LATER + timedelta(seconds=5))
    assert (ended.ended_reason, again.ended_at) == (end, LATER)
    types = [link.type for link in custody_chain(f"recording/{recording.id}")]
    assert types.count(EventType.TICKET_ENDED) == 1
    assert selectors.live_ticket(actor=cast.actor(Role.LEGAL), recording=recording, at=LATER) is None


def test_others_cannot_end_a_ticket(cast: Cast, recording: Recording) -> None:
    ticket = ticket_of(cast, recording)
    for actor in (cast.actor(Role.LEADER), actor_of(cast.outsider)):
        with pytest.raises(TicketMissingError):
            services.end_ticket(ticket_id=ticket.id, actor=actor, at=LATER)
    with pytest.raises(TicketMissingError):
        services.end_ticket(ticket_id=uuid.uuid4(), actor=cast.actor(Role.CUSTODIAN), at=LATER)


def test_live_tickets_are_for_custodians_to_see(cast: Cast, recording: Recording) -> None:
    ticket = ticket_of(cast, recording)
    assert selectors.live_tickets(actor=cast.actor(Role.CUSTODIAN), recording=recording, at=LATER) == [ticket]
    assert selectors.live_tickets(actor=cast.actor(Role.LEGAL), recording=recording, at=LATER) == []
    assert selectors.live_ticket(actor=cast.actor(Role.LEGAL), recording=recording, at=LATER) == ticket
    assert selectors.live_ticket(actor=cast.actor(Role.AUDITOR), recording=recording, at=LATER) is None


def test_the_rows_are_what_the_ledger_says(cast: Cast, recording: Recording) -> None:
    ticket = ticket_of(cast, recording)
    holder = cast.actor(Role.LEGAL)
    services.open_ticket(ticket_id=ticket.id, session_key=SESSION, actor=holder, at=LATER)
    services.end_ticket(ticket_id=ticket.id, actor=holder, at=LATER)
    assert found() == []


@pytest.mark.parametrize(
    "change",
    [
        {"holder_id": "leader"},
        {"issued_by_id": "leader"},
        {"expires_at": AT + timedelta(days=9)},
        {"issued_at": AT - timedelta(days=9)},
        {"reason": "另一事由"},
        {"ended_at": None, "ended_reason": ""},
        {"ended_at": LATER + timedelta(minutes=1)},
    ],
)
def test_a_ticket_row_that_was_edited_is_found(cast: Cast, recording: Recording, change: dict[str, Any]) -> None:
    ticket = ticket_of(cast, recording)
    services.end_ticket(ticket_id=ticket.id, actor=cast.actor(Role.LEGAL), at=LATER)
    change = {name: cast.leader.id if value == "leader" else value for name, value in change.items()}
    ViewTicket.objects.filter(id=ticket.id).update(**change)
    assert found() == [(DiscrepancyKind.ALTERED, f"ticket {ticket.id}")]


@pytest.mark.parametrize(("column", "value"), [("session", "0" * 64), ("at", "2026-11-23 09:00:00")])
def test_a_viewing_row_that_was_edited_is_found(cast: Cast, recording: Recording, column: str, value: str) -> None:
    ticket = ticket_of(cast, recording)
    holder = cast.actor(Role.LEGAL)
    viewing = services.open_ticket(ticket_id=ticket.id, session_key=SESSION, actor=holder, at=LATER)
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE access_viewing SET {column} = %s", [value])  # noqa: S608 - constants
    assert found() == [(DiscrepancyKind.ALTERED, f"viewing {viewing.id}")]


def test_an_end_that_no_entry_tells_of_is_found(cast: Cast, recording: Recording) -> None:
    ticket = ticket_of(cast, recording)
    ViewTicket.objects.filter(id=ticket.id).update(ended_at=LATER, ended_reason=TicketEnd.REVOKED)
    assert found() == [(DiscrepancyKind.ALTERED, f"ticket {ticket.id}")]


def test_rows_without_entries_and_entries_without_rows_are_found(cast: Cast, recording: Recording) -> None:
    ticket = ticket_of(cast, recording)
    smuggled = ViewTicket.objects.create(
        recording=recording, holder=cast.leader, issued_by=cast.custodian, reason="x", issued_at=AT, expires_at=LATER
    )
    viewing = Viewing.objects.create(ticket=smuggled, session="0" * 64, at=AT)
    ViewTicket.objects.filter(id=ticket.id).delete()
    assert sorted(found()) == sorted([
        (DiscrepancyKind.EXTRA, f"ticket {smuggled.id}"),
        (DiscrepancyKind.MISSING, f"ticket {ticket.id}"),
        (DiscrepancyKind.EXTRA, f"viewing {viewing.id}"),
    ])  # fmt: skip


def found() -> list[tuple[DiscrepancyKind, str]]:
    return [(item.kind, item.where) for item in discrepancies(TicketProjection())]
