"""Acts on units, people and roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction

from liuhen.core.errors import both
from liuhen.core.events import EventType
from liuhen.server.accounts.errors import (
    CertificateTakenError,
    RoleConflictError,
    UnitCodeTakenError,
    UsernameInvalidError,
    UsernameTakenError,
)
from liuhen.server.accounts.models import Person, RoleGrant, Unit
from liuhen.server.accounts.policy import Ability, require
from liuhen.server.accounts.recorder import record
from liuhen.server.accounts.roles import ROLE_NAMES, Role, compatible
from liuhen.server.kernel.names import checked_name

if TYPE_CHECKING:
    from datetime import datetime

    from liuhen.server.kernel.actor import Actor

__all__ = ["choose_language", "create_person", "create_unit", "grant_role", "revoke_role"]

_UNIT_CODE: Final = both("单位代码", "unit code")
_UNIT_NAME: Final = both("单位名称", "unit name")
_PERSON_NAME: Final = both("姓名", "person's name")
_CERTIFICATE: Final = both("执法证件号", "certificate number")


@transaction.atomic
def create_unit(*, code: str, name: str, parent: Unit | None, actor: Actor, at: datetime) -> Unit:
    """Make a unit below `parent` (None: a root of the tree).

    Raises:
        NameInvalidError: code or name cannot be used.
        UnitCodeTakenError: the code is in use.
        NotAllowedError: the actor may not make units.
    """
    require(actor, Ability.CREATE_PEOPLE)
    code = checked_name(code, what=_UNIT_CODE, limit=Unit.CODE_LIMIT)
    name = checked_name(name, what=_UNIT_NAME, limit=Unit.NAME_LIMIT)
    holder = Unit.objects.filter(code=code).first()
    if holder is not None:
        raise UnitCodeTakenError(unit=code, name=holder.name)
    unit = Unit.objects.create(code=code, name=name, parent=parent)
    record(
        type=EventType.UNIT_CREATED,
        subject=f"unit/{unit.id}",
        actor=actor,
        at=at,
        facts={"parent": str(parent.id) if parent else None},
        private={"code": code, "name": name},
    )
    return unit


@transaction.atomic
def create_person(
    *,
    username: str,
    name: str,
    certificate_number: str | None,
    unit: Unit,
    password: str,
    actor: Actor,
    at: datetime,
) -> Person:
    """Make a person with an account; roles are granted apart, by another administrator.

    The log-in name is kept in the form in which log-in pages send it (Unicode NFKC), so that it can be entered; one
    that differs from another in capitals alone counts as taken.

    Raises:
        UsernameInvalidError: the log-in name cannot be used.
        NameInvalidError: nor the name or the certificate number.
        UsernameTakenError: it is in use.
        CertificateTakenError: the certificate number is in use.
        NotAllowedError: the actor may not create people.
    """
    require(actor, Ability.CREATE_PEOPLE)
    username = Person.normalize_username(username)
    if not 1 <= len(username) <= Person.USERNAME_LIMIT or " " in username or not username.isprintable():
        raise UsernameInvalidError(username=repr(username)[1:-1], limit=Person.USERNAME_LIMIT)
    if Person.objects.filter(username__iexact=username).exists():
        raise UsernameTakenError(username=username)
    name = checked_name(name, what=_PERSON_NAME, limit=Person.NAME_LIMIT)
    if certificate_number:
        certificate_number = checked_name(certificate_number, what=_CERTIFICATE, limit=Person.CERTIFICATE_LIMIT)
    else:
        certificate_number = None
    holder = Person.objects.filter(certificate_number=certificate_number).first()
    if certificate_number is not None and holder is not None:
        raise CertificateTakenError(number=certificate_number, username=holder.username)
    person = Person(username=username, name=name, certificate_number=certificate_number, unit=unit, created_at=at)
    person.set_password(password)
    person.save()
    record(
        type=EventType.PERSON_CREATED,
        subject=f"person/{person.id}",
        actor=actor,
        at=at,
        facts={"unit": str(unit.id)},
        private={"username": username, "name": name, "certificate_number": certificate_number},
    )
    return person


@transaction.atomic
def grant_role(*, person: Person, role: Role, actor: Actor, at: datetime) -> RoleGrant:
    """Give `person` a role; a role already held is returned as it is.

    Raises:
        RoleConflictError: the person holds a role that must be apart from it.
        NotAllowedError: the actor may not grant roles.
    """
    require(actor, Ability.GRANT_ROLES)
    Person.objects.select_for_update().get(id=person.id)  # two grants at once could each miss the other's role
    live = list(RoleGrant.objects.filter(person=person, revoked_at__isnull=True))
    for grant in live:
        if grant.role == role:
            return grant
        if not compatible(Role(grant.role), role):
            raise RoleConflictError(
                person=person.name, role=dict(ROLE_NAMES[role]), held=dict(ROLE_NAMES[Role(grant.role)])
            )
    grant = RoleGrant.objects.create(person=person, role=role, granted_at=at)
    record(
        type=EventType.PERSON_ROLE_GRANTED,
        subject=f"person/{person.id}",
        actor=actor,
        at=at,
        facts={"role": role.value},
    )
    return grant


@transaction.atomic
def revoke_role(*, person: Person, role: Role, actor: Actor, at: datetime) -> None:
    """Take a role away; harmless when it is not held."""
    require(actor, Ability.GRANT_ROLES)
    ended = RoleGrant.objects.filter(person=person, role=role, revoked_at__isnull=True).update(revoked_at=at)
    if ended:
        record(
            type=EventType.PERSON_ROLE_REVOKED,
            subject=f"person/{person.id}",
            actor=actor,
            at=at,
            facts={"role": role.value},
        )


@transaction.atomic
def choose_language(*, person: Person, language: str) -> None:
    """Have the pages speak one of `settings.LANGUAGES` to a person from the next log-in on.

    It is the person's own wish and touches nobody's custody: no event tells of it, so it has neither actor nor moment.
    """
    Person.objects.filter(id=person.id).update(language=language)
