"""What the ledger says of units, people and roles, against their rows (invariant 5).

A row that somebody put into the table of roles is a power that nobody granted. Accounts lie below the ledger and know
nothing of entries, so the comparison stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from liuhen.core.events import EventType
from liuhen.server.accounts.models import Person, RoleGrant, Unit
from liuhen.server.ledger.comparison import compare, compare_all, optional_id, subject_id
from liuhen.server.ledger.interfaces import Discrepancy, DiscrepancyKind
from liuhen.server.ledger.selectors import details_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from uuid import UUID

    from liuhen.core.entry import Entry

__all__ = ["PeopleProjection"]

_DETAILS: Final = {
    EventType.UNIT_CREATED: ("code", "name"),
    EventType.PERSON_CREATED: ("username", "name", "certificate_number"),
}
_OURS: Final = frozenset({*_DETAILS, EventType.PERSON_ROLE_GRANTED, EventType.PERSON_ROLE_REVOKED})


@dataclass(slots=True)
class _Grant:
    """A role as the ledger tells of it."""

    granted_at: datetime
    revoked_at: datetime | None = None


class PeopleProjection:
    """Every unit, person and role has its row as the ledger says, and no row is without its event.

    See `liuhen.server.ledger.interfaces.Projection`. Passwords and languages are a person's own and in no entry. It
    keeps all grants in memory, and the ids of all units and people.
    """

    def __init__(self) -> None:
        self._told: dict[str, dict[UUID, dict[str, Any]]] = {"unit": {}, "person": {}}
        self._grants: dict[tuple[UUID, str], list[_Grant]] = {}

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        """Take note of what is told; the rows are compared at the end, since a grant may be revoked later on."""
        details = details_of([entry for entry in entries if entry.type in _DETAILS])
        for entry in entries:
            if entry.type not in _OURS:
                continue
            subject = subject_id(entry)
            match entry.type:
                case EventType.UNIT_CREATED:
                    self._told["unit"][subject] = {"parent_id": optional_id(entry.facts["parent"])}
                case EventType.PERSON_CREATED:
                    unit = {"unit_id": optional_id(entry.facts["unit"]), "created_at": entry.time}
                    self._told["person"][subject] = unit
                case _:  # granted or revoked
                    self._note_role(subject, entry)
            if entry.id in details:
                told = self._told[entry.subject.partition("/")[0]][subject]
                told |= {name: details[entry.id].get(name) for name in _DETAILS[entry.type]}
        return iter(())

    def _note_role(self, person: UUID, entry: Entry) -> None:
        grants = self._grants.setdefault((person, str(entry.facts["role"])), [])
        if entry.type is EventType.PERSON_ROLE_GRANTED:
            grants.append(_Grant(granted_at=entry.time))
        else:
            grants[-1].revoked_at = entry.time

    def finish(self) -> Iterator[Discrepancy]:
        """Compare the rows with what was told."""
        yield from compare_all("unit", Unit.objects.in_bulk().items(), self._told["unit"])
        yield from compare_all("person", Person.objects.in_bulk().items(), self._told["person"])
        yield from self._check_grants()

    def _check_grants(self) -> Iterator[Discrepancy]:
        left = {
            (person, role, grant.granted_at): grant for (person, role), told in self._grants.items() for grant in told
        }
        for row in RoleGrant.objects.order_by("granted_at", "id").iterator():
            where = f"role {row.role} of person {row.person_id}"
            grant = left.pop((row.person_id, row.role, row.granted_at), None)
            if grant is None:
                zh, en = "数据库中有此角色，账本没有授予记载", "the database has it, no entry grants it"
                yield Discrepancy(DiscrepancyKind.EXTRA, where, zh, en)
            else:
                yield from compare(where, row, {"revoked_at": grant.revoked_at})
        for person, role, _ in left:
            yield from compare(f"role {role} of person {person}", None, {})
