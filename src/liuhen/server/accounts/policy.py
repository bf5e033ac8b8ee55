"""Which role may do what: the one place that says so."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from liuhen.core.errors import LiuhenError
from liuhen.server.accounts.roles import Role
from liuhen.server.kernel.actor import ActorKind

if TYPE_CHECKING:
    from liuhen.server.kernel.actor import Actor

__all__ = ["Ability", "NotAllowedError", "allows", "require"]


class Ability(StrEnum):
    """Something that a role may do."""

    SEE_METADATA = "see-metadata"
    SEE_OWN_METADATA = "see-own-metadata"
    SEE_INTAKE = "see-intake"
    OPEN_TICKET = "open-ticket"
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
        Ability.OPEN_TICKET,
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


class NotAllowedError(LiuhenError):
    """The actor's roles do not allow the act."""

    code = "not-allowed"
    zh = "您的角色无权进行此项操作（{ability}）。可由以下角色办理：{roles}。"
    en = "Your roles do not allow this ({ability}). It can be done by: {roles}."


def allows(actor: Actor, ability: Ability) -> bool:
    """Tell whether `actor` has `ability`. The system itself may do everything that its services do."""
    if actor.kind is ActorKind.SYSTEM:
        return True
    return any(ability in _ABILITIES[Role(role)] for role in actor.roles)


def require(actor: Actor, ability: Ability) -> None:
    """Raise `NotAllowedError` unless `actor` has `ability`."""
    if not allows(actor, ability):
        able = ", ".join(role.value for role, abilities in _ABILITIES.items() if ability in abilities)
        raise NotAllowedError(ability=ability.value, roles=able)
