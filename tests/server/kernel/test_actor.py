from __future__ import annotations

import uuid

import pytest

from liuhen.server.kernel.actor import SYSTEM, Actor, ActorKind

ID = uuid.UUID("0193d2a0-0000-7000-8000-000000000001")


def test_an_actor_is_written_into_the_ledger_as_kind_and_id() -> None:
    assert Actor(kind=ActorKind.PERSON, id=ID).ref == f"person/{ID}"
    assert Actor(kind=ActorKind.STATION, id=ID).ref == f"station/{ID}"
    assert SYSTEM.ref == "system"


@pytest.mark.parametrize(("kind", "id_"), [(ActorKind.PERSON, None), (ActorKind.STATION, None), (ActorKind.SYSTEM, ID)])
def test_a_person_or_station_has_an_id_and_the_system_has_none(kind: ActorKind, id_: uuid.UUID | None) -> None:
    with pytest.raises(ValueError, match="has an id"):
        Actor(kind=kind, id=id_)


def test_an_actor_holds_no_role_and_no_unit_unless_given() -> None:
    assert Actor(kind=ActorKind.PERSON, id=ID).roles == frozenset()
    assert Actor(kind=ActorKind.PERSON, id=ID).units == frozenset()
