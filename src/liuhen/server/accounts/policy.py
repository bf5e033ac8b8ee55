"""Which role may do what: the one place that says so."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from liuhen.server.accounts.errors import NotAllowedError
from liuhen.server.accounts.roles import ROLE_NAMES, Role
from liuhen.server.kernel.actor import ActorKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liuhen.server.kernel.actor import Actor

__all__ = ["Ability", "allows", "require"]


class Ability(StrEnum):
    """Something that a role may do."""

    SEE_METADATA = "see-metadata"
    SEE_OWN_METADATA = "see-own-metadata"
    SEE_INTAKE = "see-intake"
    ISSUE_TICKET = "issue-ticket"
    HOLD_TICKET = "hold-ticket"
    MANAGE_STATIONS = "manage-stations"
    MANAGE_DEVICES = "manage-devices"
    CREATE_PEOPLE = "create-people"
    GRANT_ROLES = "grant-roles"
    READ_LEDGER = "read-ledger"


_ABILITIES: Final[dict[Role, frozenset[Ability]]] = {
    Role.OFFICER: frozenset({Ability.SEE_OWN_METADATA, Ability.HOLD_TICKET}),
    Role.UNIT_HEAD: frozenset({Ability.SEE_METADATA, Ability.HOLD_TICKET}),
    Role.CUSTODIAN: frozenset({
        Ability.SEE_METADATA,
        Ability.SEE_INTAKE,
        Ability.ISSUE_TICKET,
        Ability.HOLD_TICKET,
        Ability.MANAGE_DEVICES,
    }),
    Role.LEGAL: frozenset({Ability.SEE_METADATA, Ability.HOLD_TICKET}),
    Role.LEADER: frozenset({Ability.SEE_METADATA, Ability.HOLD_TICKET}),
    Role.SUPERVISOR: frozenset({Ability.SEE_METADATA, Ability.HOLD_TICKET}),
    Role.SYSTEM_ADMIN: frozenset({Ability.CREATE_PEOPLE, Ability.MANAGE_STATIONS}),
    Role.SECURITY_ADMIN: frozenset({Ability.GRANT_ROLES}),
    Role.AUDITOR: frozenset({Ability.READ_LEDGER}),
}  # fmt: skip


_DEEDS: Final[Mapping[Ability, Mapping[str, str]]] = {
    Ability.SEE_METADATA: {"zh": "查看本单位音像记录信息", "en": "see the unit's recordings"},
    Ability.SEE_OWN_METADATA: {"zh": "查看本人音像记录信息", "en": "see one's own recordings"},
    Ability.SEE_INTAKE: {"zh": "查看采集入库情况", "en": "see the intake"},
    Ability.ISSUE_TICKET: {"zh": "开具查阅凭单", "en": "issue view tickets"},
    Ability.HOLD_TICKET: {"zh": "凭查阅凭单查阅音像记录", "en": "view recordings on a ticket"},
    Ability.MANAGE_STATIONS: {"zh": "管理采集站", "en": "manage stations"},
    Ability.MANAGE_DEVICES: {"zh": "管理音像记录设备", "en": "manage devices"},
    Ability.CREATE_PEOPLE: {"zh": "新建单位和人员", "en": "make units and people"},
    Ability.GRANT_ROLES: {"zh": "授予和撤销角色", "en": "grant and revoke roles"},
    Ability.READ_LEDGER: {"zh": "查看存证账本", "en": "read the ledger"},
}


def allows(actor: Actor, ability: Ability) -> bool:
    """Tell whether `actor` has `ability`. The system itself may do everything that its services do."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    return any(ability in _ABILITIES[Role(role)] for role in actor.roles)


def require(actor: Actor, ability: Ability) -> None:
    """Raise `NotAllowedError` unless `actor` has `ability`."""
    if not allows(actor, ability):
        able = [ROLE_NAMES[role] for role, abilities in _ABILITIES.items() if ability in abilities]
        roles = {"zh": "、".join(names["zh"] for names in able), "en": ", ".join(names["en"] for names in able)}
        raise NotAllowedError(deed=dict(_DEEDS[ability]), roles=roles)
