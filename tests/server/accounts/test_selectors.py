from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liuhen.core.events import EventType
from liuhen.server.accounts import recorder
from liuhen.server.accounts.models import Person
from liuhen.server.accounts.recorder import record, register_recorder
from liuhen.server.accounts.selectors import actor_of, person_by_certificate, units_below
from liuhen.server.kernel.actor import SYSTEM, ActorKind
from tests.support.cast import AT

if TYPE_CHECKING:
    from tests.support.cast import Cast


def test_a_units_scope_is_itself_and_all_below_it(cast: Cast) -> None:
    bureau = {cast.bureau.id, cast.brigade.id, cast.office.id}
    assert units_below(cast.bureau.id) == bureau
    assert units_below(cast.brigade.id) == {cast.brigade.id}
    assert units_below(cast.division.id) == bureau | {cast.division.id, cast.other_bureau.id}


def test_a_tree_that_somebody_bent_into_a_circle_is_walked_once(cast: Cast) -> None:
    cast.division.parent = cast.brigade
    cast.division.save()
    assert cast.bureau.id in units_below(cast.brigade.id)


def test_a_person_acts_with_their_roles_and_their_units_scope(cast: Cast) -> None:
    actor = actor_of(cast.custodian)
    assert (actor.kind, actor.id) == (ActorKind.PERSON, cast.custodian.id)
    assert actor.roles == {"custodian"}
    assert actor.units == {cast.bureau.id, cast.brigade.id, cast.office.id}


def test_the_outsiders_scope_and_the_casts_have_nothing_in_common(cast: Cast) -> None:
    assert not actor_of(cast.outsider).units & actor_of(cast.custodian).units


def test_somebody_whose_account_was_shut_holds_no_role(cast: Cast) -> None:
    Person.objects.filter(id=cast.custodian.id).update(is_active=False)
    assert actor_of(cast.custodian).roles == frozenset(), "whatever the row in memory still says"


def test_a_person_is_found_by_certificate_number(cast: Cast) -> None:
    assert person_by_certificate("650012") == cast.officer
    assert person_by_certificate("000000") is None


def test_a_person_is_found_by_log_in_name(cast: Cast) -> None:
    assert Person.objects.get_by_natural_key("officer") == cast.officer


def test_acts_on_people_fail_loudly_where_no_ledger_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_registered", [])
    with pytest.raises(RuntimeError, match="ledger app must be installed"):
        record(type=EventType.UNIT_CREATED, subject="unit/x", actor=SYSTEM, at=AT)


def test_a_recorder_registered_later_replaces_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "_registered", [])
    told: list[str] = []

    def first(**_event: object) -> None:
        raise AssertionError("it was replaced")

    def second(*, subject: str, **_event: object) -> None:
        told.append(subject)

    register_recorder(first)
    register_recorder(second)
    record(type=EventType.UNIT_CREATED, subject="unit/x", actor=SYSTEM, at=AT)
    assert told == ["unit/x"]
