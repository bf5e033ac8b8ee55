"""Reads of tickets: what a page shows, and whether a request for content may be answered."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Q

from liuhen.core.forms import format_time
from liuhen.server.access.errors import (
    NotOpenedError,
    SessionMissingError,
    TicketEndedError,
    TicketMissingError,
)
from liuhen.server.access.models import Viewing, ViewTicket
from liuhen.server.access.services import fingerprint
from liuhen.server.accounts.models import Person, RoleGrant, Unit
from liuhen.server.accounts.policy import Ability, allows, require
from liuhen.server.accounts.roles import Role
from liuhen.server.accounts.selectors import actor_of, person_of_session
from liuhen.server.kernel.actor import Actor, ActorKind
from liuhen.server.recordings.selectors import recording_for

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet

    from liuhen.server.recordings.models import Recording

__all__ = ["Admission", "admit", "is_open_here", "live_ticket", "live_tickets", "possible_holders"]

_NOBODY: Final = uuid.UUID(int=0)


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer that content of `recording` may be sent, and the viewing that every byte of it is put down to."""

    recording: Recording
    viewing_id: uuid.UUID


def live_ticket(*, actor: Actor, recording: Recording, at: datetime) -> ViewTicket | None:
    """Return the ticket under which `actor` may view `recording` at `at`, the longest-lived of several."""
    if not allows(actor, Ability.HOLD_TICKET):
        return None
    return _live(at).filter(recording=recording, holder_id=actor.id).order_by("-expires_at").first()


def live_tickets(*, actor: Actor, recording: Recording, at: datetime) -> list[ViewTicket]:
    """Return all live tickets for `recording` to somebody who may issue and revoke them, else an empty list."""
    if not allows(actor, Ability.ISSUE_TICKET):
        return []
    return list(_live(at).filter(recording=recording).select_related("holder").order_by("expires_at", "id"))


def is_open_here(*, ticket: ViewTicket, session_key: str) -> bool:
    """Tell whether playback under `ticket` has been begun in this session."""
    return Viewing.objects.filter(ticket=ticket, session=fingerprint(session_key)).exists()


def possible_holders(recording: Recording) -> list[Person]:
    """Return the people to whom a ticket for `recording` may be given, by unit and name."""
    covering = Q(unit_id__in=_unit_and_above(recording.unit_id), id__in=_holding(Ability.SEE_METADATA))
    own = Q(id=recording.officer_id, id__in=_holding(Ability.SEE_OWN_METADATA))
    people = Person.objects.filter(covering | own, is_active=True)
    return list(people.select_related("unit").order_by("unit__code", "name"))


def admit(*, session_key: str, ticket_id: uuid.UUID, at: datetime) -> Admission:
    """Decide whether the bearer of a session may be sent content under a ticket at `at` (invariant 6).

    Everything is looked at anew in each call: session, account, roles, unit, ticket, viewing.

    Raises:
        SessionMissingError: no live session, or the account is closed.
        TicketMissingError: no such ticket of this person.
        NotAllowedError: the person's roles exclude content now.
        RecordingMissingError: the recording has left the person's scope.
        TicketEndedError: the ticket has run out or was ended.
        NotOpenedError: playback was not begun in this very session.
    """
    person = person_of_session(session_key)
    if person is None:
        raise SessionMissingError
    ticket = ViewTicket.objects.filter(id=ticket_id, holder=person).first()
    if ticket is None:
        raise TicketMissingError(ticket=ticket_id)
    actor = actor_of(person)
    require(actor, Ability.HOLD_TICKET)
    ended = ticket.ended_at or ticket.expires_at
    if ended <= at:
        raise TicketEndedError(ticket=ticket_id, when=format_time(ended))
    viewing = Viewing.objects.filter(ticket=ticket, session=fingerprint(session_key)).first()
    if viewing is None:
        raise NotOpenedError(ticket=ticket_id)
    return Admission(
        recording=recording_for(actor=actor, recording_id=ticket.recording_id),
        viewing_id=viewing.id,
    )


def _live(at: datetime) -> QuerySet[ViewTicket]:
    return ViewTicket.objects.filter(ended_at__isnull=True, expires_at__gt=at)


def _holding(sight: Ability) -> QuerySet[RoleGrant, uuid.UUID]:
    """Return the ids of the people with a role that has `sight` and may hold tickets."""
    roles = [role for role in Role if _has(role, sight) and _has(role, Ability.HOLD_TICKET)]
    grants = RoleGrant.objects.filter(revoked_at__isnull=True, role__in=roles)
    return grants.values_list("person_id", flat=True)


def _has(role: Role, ability: Ability) -> bool:
    return allows(Actor(kind=ActorKind.PERSON, id=_NOBODY, roles=frozenset({role.value})), ability)


def _unit_and_above(unit_id: uuid.UUID) -> list[uuid.UUID]:
    above = dict(Unit.objects.values_list("id", "parent_id"))
    line: list[uuid.UUID] = []
    at: uuid.UUID | None = unit_id
    while at is not None and at not in line:
        line.append(at)
        at = above[at]
    return line
