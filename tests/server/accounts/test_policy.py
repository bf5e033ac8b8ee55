from __future__ import annotations

import uuid
from itertools import product
from typing import Final

import pytest

from liuhen.core.errors import Language
from liuhen.server.accounts.errors import NotAllowedError
from liuhen.server.accounts.policy import Ability, allows, require
from liuhen.server.accounts.roles import Role
from liuhen.server.kernel.actor import SYSTEM, Actor, ActorKind

ID = uuid.UUID("0193d2a0-0000-7000-8000-000000000001")

# Row: ability; column: role in the order of `Role`; x: may.
#                        officer
#                        | unit head
#                        | | custodian
#                        | | | legal
#                        | | | | leader
#                        | | | | | supervisor
#                        | | | | | | system admin
#                        | | | | | | | security admin
#                        | | | | | | | | auditor
TABLE: Final = """
see-metadata             - x x x x x - - -
see-own-metadata         x - - - - - - - -
see-intake               - - x - - - - - -
issue-ticket              - - x - - - - - -
hold-ticket              x x x x x x - - -
manage-stations          - - - - - - x - -
manage-devices           - - x - - - - - -
create-people            - - - - - - x - -
grant-roles              - - - - - - - x -
read-ledger              - - - - - - - - x
"""

CONTENT: Final = frozenset({Ability.ISSUE_TICKET, Ability.HOLD_TICKET})
CHANGES: Final = frozenset(Ability) - {
    Ability.SEE_METADATA,
    Ability.SEE_OWN_METADATA,
    Ability.SEE_INTAKE,
    Ability.READ_LEDGER,
}


def rows() -> dict[Ability, dict[Role, bool]]:
    lines = [line.split() for line in TABLE.strip().splitlines()]
    return {Ability(line[0]): dict(zip(Role, (mark == "x" for mark in line[1:]), strict=True)) for line in lines}


def holder(*roles: Role) -> Actor:
    return Actor(kind=ActorKind.PERSON, id=ID, roles=frozenset(roles))


@pytest.mark.parametrize(("ability", "role"), list(product(Ability, Role)))
def test_a_role_may_what_the_table_says_and_nothing_else(ability: Ability, role: Role) -> None:
    assert allows(holder(role), ability) is rows()[ability][role]


@pytest.mark.parametrize("ability", Ability)
def test_somebody_without_a_role_and_a_station_may_nothing(ability: Ability) -> None:
    assert not allows(holder(), ability)
    assert not allows(Actor(kind=ActorKind.STATION, id=ID), ability)


@pytest.mark.parametrize("ability", Ability)
def test_who_holds_two_roles_may_what_either_may(ability: Ability) -> None:
    expected = rows()[ability][Role.OFFICER] or rows()[ability][Role.CUSTODIAN]
    assert allows(holder(Role.OFFICER, Role.CUSTODIAN), ability) is expected


@pytest.mark.parametrize("ability", Ability)
def test_the_system_itself_is_held_back_by_nothing(ability: Ability) -> None:
    require(SYSTEM, ability)


@pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR])
def test_invariant_8_administrators_and_auditors_cannot_come_to_content(role: Role) -> None:
    assert not {ability for ability in CONTENT if allows(holder(role), ability)}


def test_invariant_8_auditors_can_change_nothing() -> None:
    assert not {ability for ability in CHANGES if allows(holder(Role.AUDITOR), ability)}


@pytest.mark.parametrize("ability", Ability)
def test_a_refusal_says_in_both_languages_what_was_refused_and_who_may(ability: Ability) -> None:
    with pytest.raises(NotAllowedError) as caught:
        require(holder(), ability)
    able = caught.value.where["roles"]
    assert len(able["en"].split(", ")) == sum(rows()[ability].values())
    for language in Language:
        assert caught.value.where["deed"][language] in caught.value.text(language)
        assert able[language] in caught.value.text(language)


def test_a_role_that_is_unknown_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="janitor"):
        allows(Actor(kind=ActorKind.PERSON, id=ID, roles=frozenset({"janitor"})), Ability.SEE_METADATA)
