"""Acts on view tickets. Each writes its ledger event, on the recording that it concerns, in the same transaction."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction

from liuhen.core.digests import sha256
from liuhen.core.events import EventType
from liuhen.core.forms import format_time
from liuhen.server.access.errors import (
    HolderRefusedError,
    TicketEndedError,
    TicketMissingError,
    TicketReasonError,
    TicketTermError,
)
from liuhen.server.access.models import RangeServed, TicketEnd, Viewing, ViewTicket
from liuhen.server.accounts.policy import Ability, allows, require
from liuhen.server.accounts.selectors import actor_of
from liuhen.server.ledger import services as ledger
from liuhen.server.recordings.selectors import recording_for, visible_to

if TYPE_CHECKING:
    import uuid
    from collections.abc import Sequence
    from datetime import datetime

    from liuhen.server.accounts.models import Person
    from liuhen.server.kernel.actor import Actor
    from liuhen.server.recordings.models import Recording

__all__ = ["REASON_LIMIT", "end_ticket", "fingerprint", "issue_ticket", "note_ranges", "open_ticket"]

REASON_LIMIT: Final = 500
"""Characters of a reason."""


def fingerprint(session_key: str) -> str:
    """Return the digest under which a session is written down; the key itself would let its reader log in."""
    return sha256(session_key.encode()).hex()


@transaction.atomic
def issue_ticket(
    *, recording: Recording, holder: Person, reason: str, minutes: int, actor: Actor, at: datetime
) -> ViewTicket:
    """Give `holder` a ticket for `recording`, valid for `minutes` from `at` (articles 16 and 17).

    Raises:
        NotAllowedError: the actor may not open tickets.
        RecordingMissingError: the recording is not of the actor's units.
        TicketReasonError: no reason, or one over `REASON_LIMIT`.
        TicketTermError: longer than the setting `ticket_minutes`.
        HolderRefusedError: the holder's roles or unit exclude them.
        ValueError: the actor is the system; a ticket is issued by a person.
    """
    require(actor, Ability.ISSUE_TICKET)
    if actor.id is None:
        raise ValueError("a ticket is issued by a person")
    recording_for(actor=actor, recording_id=recording.id)
    reason = reason.strip()
    if not 0 < len(reason) <= REASON_LIMIT:
        raise TicketReasonError(limit=REASON_LIMIT, length=len(reason))
    limit = settings.INSTANCE.settings.ticket_minutes
    if not 0 < minutes <= limit:
        raise TicketTermError(limit=limit, minutes=minutes)
    holding = actor_of(holder)
    if not (
        holder.is_active
        and allows(holding, Ability.HOLD_TICKET)
        and visible_to(holding).filter(id=recording.id).exists()
    ):
        raise HolderRefusedError(name=holder.name)
    expires_at = at + timedelta(minutes=minutes)
    ticket = ViewTicket.objects.create(
        recording=recording,
        holder=holder,
        issued_by_id=actor.id,
        reason=reason,
        issued_at=at,
        expires_at=expires_at,
    )
    ledger.record(
        type=EventType.TICKET_ISSUED,
        subject=f"recording/{recording.id}",
        actor=actor,
        at=at,
        facts={"ticket": str(ticket.id), "holder": f"person/{holder.id}", "expires": format_time(expires_at)},
        private={"reason": reason},
    )
    return ticket


@transaction.atomic
def end_ticket(*, ticket_id: uuid.UUID, actor: Actor, at: datetime) -> ViewTicket:
    """End a ticket: its holder returns it, or somebody who may issue tickets revokes it; harmless when it has ended.

    Raises:
        TicketMissingError: there is none, or it is not the actor's to end.
    """
    ticket = ViewTicket.objects.select_for_update().filter(id=ticket_id).first()
    if ticket is None or not _may_end(ticket, actor):
        raise TicketMissingError(ticket=ticket_id)
    if ticket.ended_at is not None or ticket.expires_at <= at:
        return ticket
    ticket.ended_at = at
    ticket.ended_reason = TicketEnd.RETURNED if ticket.holder_id == actor.id else TicketEnd.REVOKED
    ticket.save(update_fields=["ended_at", "ended_reason"])
    ledger.record(
        type=EventType.TICKET_ENDED,
        subject=f"recording/{ticket.recording_id}",
        actor=actor,
        at=at,
        facts={"ticket": str(ticket.id), "reason": ticket.ended_reason.value},
    )
    return ticket


@transaction.atomic
def open_ticket(*, ticket_id: uuid.UUID, session_key: str, actor: Actor, at: datetime) -> Viewing:
    """Begin playback under a ticket in one session of its holder; harmless when it was begun there before.

    Raises:
        NotAllowedError: the actor's roles exclude content.
        TicketMissingError: there is none, or it is another's.
        TicketEndedError: it has run out or was ended.
    """
    require(actor, Ability.HOLD_TICKET)
    ticket = ViewTicket.objects.select_for_update().filter(id=ticket_id, holder_id=actor.id).first()
    if ticket is None:
        raise TicketMissingError(ticket=ticket_id)
    ended = ticket.ended_at or ticket.expires_at
    if ended <= at:
        raise TicketEndedError(ticket=ticket_id, when=format_time(ended))
    recording_for(actor=actor, recording_id=ticket.recording_id)
    session = fingerprint(session_key)
    known = Viewing.objects.filter(ticket=ticket, session=session).first()
    if known is not None:
        return known
    viewing = Viewing.objects.create(ticket=ticket, session=session, at=at)
    ledger.record(
        type=EventType.TICKET_OPENED,
        subject=f"recording/{ticket.recording_id}",
        actor=actor,
        at=at,
        facts={"ticket": str(ticket.id), "viewing": str(viewing.id)},
        private={"session": session},
    )
    return viewing


@transaction.atomic
def note_ranges(*, served: Sequence[RangeServed]) -> None:
    """Write down what responses have sent, several in one transaction; they hang on viewings that are in the ledger."""
    RangeServed.objects.bulk_create(served)


def _may_end(ticket: ViewTicket, actor: Actor) -> bool:
    if ticket.holder_id == actor.id:
        return True
    return allows(actor, Ability.ISSUE_TICKET) and visible_to(actor).filter(id=ticket.recording_id).exists()
