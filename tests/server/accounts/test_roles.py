from __future__ import annotations

from itertools import product
from typing import Final

import pytest

from liuhen.server.accounts.roles import ADMINISTRATIVE, ROLE_NAMES, Role, compatible

# Row and column are roles in the order of `Role`; x: one person may hold both.
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
officer                  x x x x x x - - -
unit-head                x x x x x x - - -
custodian                x x x - - x - - -
legal                    x x - x x x - - -
leader                   x x - x x x - - -
supervisor               x x x x x x - - -
system-admin             - - - - - - x - -
security-admin           - - - - - - - x -
auditor                  - - - - - - - - x
"""


def rows() -> dict[Role, dict[Role, bool]]:
    lines = [line.split() for line in TABLE.strip().splitlines()]
    return {Role(line[0]): dict(zip(Role, (mark == "x" for mark in line[1:]), strict=True)) for line in lines}


@pytest.mark.parametrize(("one", "other"), list(product(Role, Role)))
def test_two_roles_may_be_held_together_as_the_table_says(one: Role, other: Role) -> None:
    assert compatible(one, other) is rows()[one][other]


def test_invariant_7_no_person_holds_two_administrative_roles_or_one_and_a_business_role() -> None:
    for administrative in ADMINISTRATIVE:
        assert [role for role in Role if compatible(administrative, role)] == [administrative]
    assert {Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR} == ADMINISTRATIVE


def test_every_role_has_its_name_in_the_words_of_the_rule() -> None:
    assert set(ROLE_NAMES) == set(Role)
    assert len({names["zh"] for names in ROLE_NAMES.values()}) == len(Role)
    assert len({names["en"] for names in ROLE_NAMES.values()}) == len(Role)
