"""Reads of people and units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import get_user
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest

from liuhen.server.accounts.errors import PersonMissingError, UnitMissingError
from liuhen.server.accounts.models import Person, RoleGrant, Unit
from liuhen.server.kernel.actor import Actor, ActorKind

if TYPE_CHECKING:
    import uuid

__all__ = [
    "actor_of",
    "person_by_certificate",
    "person_by_username",
    "person_of_session",
    "unit_by_code",
    "units_below",
]


def units_below(unit_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """Return the ids of a unit and of all units below it."""
    children: dict[uuid.UUID | None, list[uuid.UUID]] = {}
    for child, parent in Unit.objects.values_list("id", "parent_id"):
        children.setdefault(parent, []).append(child)
    found: set[uuid.UUID] = set()
    waiting = [unit_id]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting.extend(children.get(current, ()))
    return frozenset(found)


def actor_of(person: Person) -> Actor:
    """Return `person` as an actor, with the roles held now and the units that the person's data scope covers.

    Somebody whose account is not active holds no role.
    """
    live = RoleGrant.objects.filter(person=person, person__is_active=True, revoked_at__isnull=True)
    roles = live.values_list("role", flat=True)
    return Actor(kind=ActorKind.PERSON, id=person.id, roles=frozenset(roles), units=units_below(person.unit_id))


def person_of_session(session_key: str) -> Person | None:
    """Return whom Django's own rules say that a session is of; a password change or a closed account ends it."""
    request = HttpRequest()
    request.session = SessionStore(session_key)
    user = get_user(request)
    # Django makes a new session in place of one that it does not know.
    if not isinstance(user, Person) or not user.is_active or request.session.session_key != session_key:
        return None
    return user


def person_by_certificate(number: str) -> Person | None:
    """Return the person whose certificate number is `number`, or None."""
    return Person.objects.filter(certificate_number=number).select_related("unit").first()


def person_by_username(username: str) -> Person:
    """Return the person whose log-in name is `username`.

    Raises:
        PersonMissingError: nobody has it.
    """
    person = Person.objects.filter(username=username).first()
    if person is None:
        raise PersonMissingError(username=username)
    return person


def unit_by_code(code: str) -> Unit:
    """Return the unit whose code is `code`.

    Raises:
        UnitMissingError: none has it.
    """
    unit = Unit.objects.filter(code=code).first()
    if unit is None:
        raise UnitMissingError(unit=code)
    return unit
