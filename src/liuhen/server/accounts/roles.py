"""The roles of the agency and of its administration, as data."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ADMINISTRATIVE", "ROLE_NAMES", "Role", "compatible"]


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


# The words of the rule, for messages; pages have their own, in the catalogue of translations.
ROLE_NAMES: Final[Mapping[Role, Mapping[str, str]]] = {
    Role.OFFICER: {"zh": "执法人员", "en": "officer"},
    Role.UNIT_HEAD: {"zh": "部门负责人", "en": "unit head"},
    Role.CUSTODIAN: {"zh": "保管人", "en": "custodian"},
    Role.LEGAL: {"zh": "法制科", "en": "legal section"},
    Role.LEADER: {"zh": "主管领导", "en": "leader in charge"},
    Role.SUPERVISOR: {"zh": "督察人员", "en": "supervisor"},
    Role.SYSTEM_ADMIN: {"zh": "系统管理员", "en": "system administrator"},
    Role.SECURITY_ADMIN: {"zh": "安全管理员", "en": "security administrator"},
    Role.AUDITOR: {"zh": "审计员", "en": "auditor"},
}

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
