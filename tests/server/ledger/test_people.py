"""What the ledger says of units, people and roles, against their rows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from liuhen.core.entry import Entry
from liuhen.server.accounts import services
from liuhen.server.accounts.models import Person, RoleGrant, Unit
from liuhen.server.accounts.roles import Role
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.ledger.models import Event
from liuhen.server.ledger.people import PeopleProjection
from tests.server.ledger.kit import behind_the_guards
from tests.support.cast import AT

if TYPE_CHECKING:
    from tests.support.cast import Cast

LATER = AT + timedelta(hours=1)


def found() -> list[tuple[str, str]]:
    """Return kind and place of what the projection finds, one entry given at a time."""
    projection = PeopleProjection()
    for leaf in Event.objects.order_by("seq").values_list("leaf", flat=True):
        assert list(projection.check([Entry.from_bytes(bytes(leaf))])) == []
    return [(one.kind.value, one.where) for one in projection.finish()]


def test_rows_that_agree_are_not_named(cast: Cast) -> None:
    services.revoke_role(person=cast.legal, role=Role.LEGAL, actor=SYSTEM, at=LATER)
    services.grant_role(person=cast.legal, role=Role.LEGAL, actor=SYSTEM, at=LATER)
    services.revoke_role(person=cast.legal, role=Role.LEGAL, actor=SYSTEM, at=LATER)
    assert found() == []


def test_a_role_that_nobody_granted_is_extra(cast: Cast) -> None:
    RoleGrant.objects.create(person=cast.nobody, role=Role.CUSTODIAN, granted_at=AT)
    assert found() == [("extra", f"role custodian of person {cast.nobody.id}")]


def test_a_role_given_back_to_somebody_is_altered(cast: Cast) -> None:
    services.revoke_role(person=cast.custodian, role=Role.CUSTODIAN, actor=SYSTEM, at=LATER)
    RoleGrant.objects.filter(person=cast.custodian).update(revoked_at=None)
    assert found() == [("altered", f"role custodian of person {cast.custodian.id}")]


def test_a_grant_moved_to_somebody_else_is_missing_and_extra(cast: Cast) -> None:
    RoleGrant.objects.filter(person=cast.auditor).update(person=cast.nobody)
    assert found() == [
        ("extra", f"role auditor of person {cast.nobody.id}"),
        ("missing", f"role auditor of person {cast.auditor.id}"),
    ]


@pytest.mark.parametrize(
    "change", [{"username": "other"}, {"name": "赵磊"}, {"certificate_number": "000000"}, {"unit": "bureau"}]
)
def test_a_person_who_was_edited_is_altered(cast: Cast, change: dict[str, Any]) -> None:
    """A certificate number decides to whom recordings are put down, a unit who sees them."""
    values = {name: cast.other_bureau if value == "bureau" else value for name, value in change.items()}
    Person.objects.filter(id=cast.officer.id).update(**values)
    assert found() == [("altered", f"person {cast.officer.id}")]


def test_a_unit_hung_elsewhere_in_the_tree_is_altered(cast: Cast) -> None:
    Unit.objects.filter(id=cast.brigade.id).update(parent=cast.other_bureau)
    assert found() == [("altered", f"unit {cast.brigade.id}")]


def test_rows_without_entries_are_extra(cast: Cast) -> None:
    unit = Unit.objects.create(code="x", name="x")
    person = Person.objects.create(username="ghost", name="x", unit=cast.bureau, created_at=AT)
    assert found() == [("extra", f"unit {unit.id}"), ("extra", f"person {person.id}")]


@pytest.mark.parametrize("column", ["salt", "private"])
def test_details_that_open_no_commitment_are_not_compared_with(cast: Cast, column: str) -> None:
    """What is wrong with them fsck says itself; rows are then held against the public facts alone."""
    Person.objects.filter(id=cast.officer.id).update(name="赵磊")
    with behind_the_guards(), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE ledger_event SET {column} = 'text' WHERE subject = %s AND n = 0",  # noqa: S608 - constants
            [f"person/{cast.officer.id}"],
        )
    assert found() == []
