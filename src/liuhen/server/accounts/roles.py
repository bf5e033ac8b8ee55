"""The roles of the agency and of its administration, as data."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

__all__ = ["ADMINISTRATIVE", "Role", "compatible"]


class Role(StrEnum):
    """What a person may be; the value is the code that the ledger carries."""

    OFFICER = "officer"
    UNIT_HEAD = "unit-head"
    CUSTODIAN = "custodian"
    LEGAL = "legal"
    LEADER = "leader"
    SUPERVISOR = "supervisor"
    SYSTEM_ADMIN = "system-admin"
    SECURITY_ADMIN = "security-admin"
    AUDITOR = "auditor"


ADMINISTRATIVE: Final = frozenset({Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDITOR})

# Pairs of business roles that one person must not hold together: who keeps must not consent.
_APART: Final = frozenset({
    frozenset({Role.CUSTODIAN, Role.LEGAL}),
    frozenset({Role.CUSTODIAN, Role.LEADER}),
})  # fmt: skip


def compatible(one: Role, other: Role) -> bool:
    """Tell whether one person may hold both roles (invariants 7 and 8)."""
    if one is other:
        return True
    if one in ADMINISTRATIVE or other in ADMINISTRATIVE:
        return False
    return frozenset({one, other}) not in _APART
