from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import identify_hasher
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from liuhen.core.errors import Language
from liuhen.core.events import EventType
from liuhen.server.accounts import services
from liuhen.server.accounts.errors import (
    CertificateTakenError,
    NotAllowedError,
    RoleConflictError,
    UnitCodeTakenError,
    UsernameInvalidError,
    UsernameTakenError,
)
from liuhen.server.accounts.models import Person, RoleGrant, Unit
from liuhen.server.accounts.roles import Role
from liuhen.server.accounts.selectors import actor_of
from liuhen.server.config import settings as as_installed
from liuhen.server.kernel.actor import SYSTEM, Actor
from liuhen.server.kernel.errors import NameInvalidError
from liuhen.server.ledger.models import Event
from tests.support.cast import AT, PASSWORD, Cast
from tests.support.events import told

if TYPE_CHECKING:
    from collections.abc import Callable

LATER = AT + timedelta(hours=1)


def make_person(cast: Cast, *, actor: Actor = SYSTEM, **values: Any) -> Person:
    given = {"username": "newcomer", "name": "新人", "certificate_number": "650099", "unit": cast.brigade}
    return services.create_person(**{**given, "password": PASSWORD, "actor": actor, "at": LATER, **values})


def test_a_unit_is_made_by_the_system_administrator_and_told_without_its_name(cast: Cast) -> None:
    actor = cast.actor(Role.SYSTEM_ADMIN)
    unit = services.create_unit(code="12-new", name="新科室", parent=cast.bureau, actor=actor, at=LATER)
    assert Unit.objects.get(id=unit.id).parent == cast.bureau
    (event,) = told("unit", unit.id)
    assert event.entry.type is EventType.UNIT_CREATED
    assert event.entry.actor == f"person/{cast.system_admin.id}"
    assert event.entry.time == LATER
    assert event.entry.facts == {"parent": str(cast.bureau.id)}
    assert event.private == {"code": "12-new", "name": "新科室"}
    assert "新科室".encode() not in event.entry.to_bytes()


def test_the_root_of_the_tree_has_no_parent(cast: Cast) -> None:
    assert told("unit", cast.division.id)[0].entry.facts == {"parent": None}


def test_two_units_do_not_share_a_code(cast: Cast) -> None:
    with pytest.raises(UnitCodeTakenError) as caught:
        services.create_unit(code="12-zjj", name="另一个局", parent=None, actor=SYSTEM, at=LATER)
    assert caught.value.where == {"unit": "12-zjj", "name": cast.bureau.name}


def test_a_person_is_told_by_unit_alone_and_the_rest_is_committed_to(cast: Cast) -> None:
    person = make_person(cast)
    (event,) = told("person", person.id)
    assert event.entry.type is EventType.PERSON_CREATED
    assert event.entry.facts == {"unit": str(cast.brigade.id)}
    assert event.private == {"username": "newcomer", "name": "新人", "certificate_number": "650099"}
    assert person.created_at == LATER
    assert actor_of(person).roles == frozenset(), "roles are granted apart"


def test_a_person_logs_in_with_the_name_and_password_given(cast: Cast) -> None:
    request = RequestFactory().post("/log-in")
    assert authenticate(request, username="officer", password=PASSWORD) == cast.officer
    assert authenticate(request, username="officer", password=PASSWORD + " ") is None


def test_passwords_are_kept_as_argon2_in_an_instance() -> None:
    assert as_installed.PASSWORD_HASHERS == ["django.contrib.auth.hashers.Argon2PasswordHasher"]


def test_a_password_is_never_kept_as_it_is(cast: Cast) -> None:
    person = make_person(cast)
    assert PASSWORD not in person.password
    assert identify_hasher(person.password).verify(PASSWORD, person.password)


def test_a_log_in_name_is_kept_as_log_in_pages_send_it(cast: Cast) -> None:
    assert make_person(cast, username="ｌｉｕｙａｎｇ").username == "liuyang"


@pytest.mark.parametrize("username", ["officer", "Officer", "ｏｆｆｉｃｅｒ"], ids=["same", "capital", "full-width"])
def test_two_people_do_not_share_a_log_in_name(cast: Cast, username: str) -> None:
    with pytest.raises(UsernameTakenError):
        make_person(cast, username=username)


@pytest.mark.parametrize(
    "username",
    ["", "two words", "tab\there", "zero\u200bwidth", "right\u202eleft", "nul\x00", "n" * 61],
    ids=["empty", "blank", "tab", "zero-width", "bidi", "nul", "too-long"],
)
def test_a_log_in_name_that_nobody_could_see_or_type_is_refused(cast: Cast, username: str) -> None:
    with pytest.raises(UsernameInvalidError) as caught:
        make_person(cast, username=username)
    for language in Language:
        assert caught.value.text(language).isprintable()


@pytest.mark.parametrize("wrong", ["", "a" * 200, "一\n二", "\x1b]0;x\x07"])
def test_what_cannot_be_read_or_kept_is_no_name(cast: Cast, wrong: str) -> None:
    before = Event.objects.count()
    unit: dict[str, Any] = {"code": "12-new", "name": "新科室", "parent": None, "actor": SYSTEM, "at": LATER}
    for field in ("code", "name"):
        with pytest.raises(NameInvalidError):
            services.create_unit(**{**unit, field: wrong})
    with pytest.raises(NameInvalidError):
        make_person(cast, name=wrong)
    with pytest.raises(NameInvalidError):
        make_person(cast, certificate_number=wrong or " ")
    assert Event.objects.count() == before


def test_two_people_do_not_share_a_certificate_number(cast: Cast) -> None:
    with pytest.raises(CertificateTakenError) as caught:
        make_person(cast, certificate_number="650012")
    assert caught.value.where == {"number": "650012", "username": "officer"}


@pytest.mark.parametrize("number", [None, ""])
def test_many_people_may_be_without_a_certificate(cast: Cast, number: str | None) -> None:
    assert make_person(cast, certificate_number=number).certificate_number is None
    assert make_person(cast, certificate_number=number, username="another").certificate_number is None


def test_a_role_is_granted_by_the_security_administrator_and_told(cast: Cast) -> None:
    actor = cast.actor(Role.SECURITY_ADMIN)
    grant = services.grant_role(person=cast.nobody, role=Role.OFFICER, actor=actor, at=LATER)
    assert (grant.granted_at, grant.revoked_at) == (LATER, None)
    event = told("person", cast.nobody.id)[-1]
    assert event.entry.type is EventType.PERSON_ROLE_GRANTED
    assert event.entry.actor == f"person/{cast.security_admin.id}"
    assert event.entry.facts == {"role": "officer"}
    assert actor_of(cast.nobody).roles == {"officer"}


def test_a_role_already_held_is_not_granted_again(cast: Cast) -> None:
    before = Event.objects.count()
    grant = services.grant_role(person=cast.officer, role=Role.OFFICER, actor=SYSTEM, at=LATER)
    assert grant.granted_at == AT
    assert Event.objects.count() == before


@pytest.mark.parametrize(
    ("held", "wanted"),
    [
        (Role.CUSTODIAN, Role.LEADER),
        (Role.LEGAL, Role.CUSTODIAN),
        (Role.SYSTEM_ADMIN, Role.AUDITOR),
        (Role.OFFICER, Role.SECURITY_ADMIN),
    ],
)
def test_invariant_7_roles_that_must_be_apart_are_not_given_to_one_person(cast: Cast, held: Role, wanted: Role) -> None:
    person = cast.holder(held)
    with pytest.raises(RoleConflictError) as caught:
        services.grant_role(person=person, role=wanted, actor=SYSTEM, at=LATER)
    assert person.name in caught.value.text(Language.ZH)
    assert actor_of(person).roles == {held}


def test_the_conflict_is_named_in_the_words_of_the_rule(cast: Cast) -> None:
    with pytest.raises(RoleConflictError) as caught:
        services.grant_role(person=cast.custodian, role=Role.LEADER, actor=SYSTEM, at=LATER)
    assert "主管领导" in caught.value.text(Language.ZH)
    assert "保管人" in caught.value.text(Language.ZH)
    assert "leader in charge" in caught.value.text(Language.EN)


def test_a_role_is_taken_away_and_may_be_given_again(cast: Cast) -> None:
    services.revoke_role(person=cast.officer, role=Role.OFFICER, actor=cast.actor(Role.SECURITY_ADMIN), at=LATER)
    assert RoleGrant.objects.get(person=cast.officer).revoked_at == LATER
    assert actor_of(cast.officer).roles == frozenset()
    event = told("person", cast.officer.id)[-1]
    assert (event.entry.type, event.entry.facts) == (EventType.PERSON_ROLE_REVOKED, {"role": "officer"})
    services.grant_role(person=cast.officer, role=Role.OFFICER, actor=SYSTEM, at=LATER)
    assert actor_of(cast.officer).roles == {"officer"}
    assert RoleGrant.objects.filter(person=cast.officer).count() == 2, "the ended grant stays"


def test_a_role_that_was_in_the_way_is_no_longer_once_it_is_taken_away(cast: Cast) -> None:
    services.revoke_role(person=cast.custodian, role=Role.CUSTODIAN, actor=SYSTEM, at=LATER)
    services.grant_role(person=cast.custodian, role=Role.LEADER, actor=SYSTEM, at=LATER)
    assert actor_of(cast.custodian).roles == {"leader"}


def test_taking_away_a_role_that_is_not_held_does_nothing(cast: Cast) -> None:
    before = Event.objects.count()
    services.revoke_role(person=cast.officer, role=Role.LEGAL, actor=SYSTEM, at=LATER)
    assert Event.objects.count() == before


ACTS: dict[str, tuple[Role, Callable[[Cast, Actor], object]]] = {
    "create_unit": (
        Role.SYSTEM_ADMIN,
        lambda _cast, actor: services.create_unit(code="x", name="x", parent=None, actor=actor, at=LATER),
    ),
    "create_person": (Role.SYSTEM_ADMIN, lambda cast, actor: make_person(cast, actor=actor)),
    "grant_role": (
        Role.SECURITY_ADMIN,
        lambda cast, actor: services.grant_role(person=cast.nobody, role=Role.OFFICER, actor=actor, at=LATER),
    ),
    "revoke_role": (
        Role.SECURITY_ADMIN,
        lambda cast, actor: services.revoke_role(person=cast.officer, role=Role.OFFICER, actor=actor, at=LATER),
    ),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("role", Role)
def test_only_the_one_administrator_may(cast: Cast, act: str, role: Role) -> None:
    able, call = ACTS[act]
    if role is able:
        call(cast, cast.actor(role))
        return
    before = Event.objects.count()
    with pytest.raises(NotAllowedError):
        call(cast, cast.actor(role))
    assert Event.objects.count() == before


@pytest.mark.parametrize("act", ACTS)
def test_invariant_4_an_act_whose_event_cannot_be_written_did_not_happen(
    cast: Cast, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    able, call = ACTS[act]
    actor = cast.actor(able)

    def refuse(**_event: Any) -> None:
        raise OSError("no space left on the device")

    monkeypatch.setattr(services, "record", refuse)
    tables = (Unit, Person, RoleGrant)
    before = [list(table.objects.order_by("id").values()) for table in tables]
    with pytest.raises(OSError, match="no space"):
        call(cast, actor)
    assert [list(table.objects.order_by("id").values()) for table in tables] == before


def test_the_database_itself_keeps_one_live_grant_for_each_role(cast: Cast) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.create(person=cast.officer, role=Role.OFFICER, granted_at=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        RoleGrant.objects.create(person=cast.officer, role="janitor", granted_at=LATER)
