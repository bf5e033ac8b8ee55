"""The fixed cast of the tests: a tree of units, one person for each role, one without any, and an outsider.

    division (师)
    |-- bureau (局): custodian, legal, leader, supervisor, the three administrators
    |   |-- brigade (大队): officer, unit head, nobody
    |   `-- office (科室)
    `-- other bureau: outsider, who is a custodian there

The outsider has the widest business role, so that whatever they are denied is denied for their unit alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from liuhen.server.accounts import services
from liuhen.server.accounts.roles import Role
from liuhen.server.accounts.selectors import actor_of
from liuhen.server.kernel.actor import SYSTEM

if TYPE_CHECKING:
    from liuhen.server.accounts.models import Person, Unit
    from liuhen.server.kernel.actor import Actor

__all__ = ["AT", "PASSWORD", "Cast", "make_cast"]

AT: Final = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
"""When the cast was made."""

PASSWORD: Final = "correct horse 电池"
"""Everybody's password."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """The units and people; each person is named after the role held."""

    division: Unit
    bureau: Unit
    brigade: Unit
    office: Unit
    other_bureau: Unit
    officer: Person
    unit_head: Person
    custodian: Person
    legal: Person
    leader: Person
    supervisor: Person
    system_admin: Person
    security_admin: Person
    auditor: Person
    nobody: Person
    outsider: Person

    def holder(self, role: Role) -> Person:
        """Return the person of the bureau who holds `role` and no other."""
        person: Person = getattr(self, role.name.lower())
        return person

    def actor(self, role: Role) -> Actor:
        """Return the holder of `role` as an actor."""
        return actor_of(self.holder(role))


def make_cast() -> Cast:
    """Make the cast at `AT`, by the services, as the system."""
    division = _unit("12", "第十二师", None)
    bureau = _unit("12-zjj", "第十二师住房和城乡建设局", division)
    brigade = _unit("12-zjj-zfdd", "城市管理执法大队", bureau)
    return Cast(
        division=division,
        bureau=bureau,
        brigade=brigade,
        office=_unit("12-zjj-fzk", "法制科", bureau),
        other_bureau=(other := _unit("12-sjj", "第十二师水利局", division)),
        officer=_person("officer", "李建国", "650012", brigade, Role.OFFICER),
        unit_head=_person("unit-head", "陈伟", "650008", brigade, Role.UNIT_HEAD),
        custodian=_person("custodian", "周敏", "650003", bureau, Role.CUSTODIAN),
        legal=_person("legal", "王海燕", "650005", bureau, Role.LEGAL),
        leader=_person("leader", "赵磊", "650001", bureau, Role.LEADER),
        supervisor=_person("supervisor", "孙丽", "650006", bureau, Role.SUPERVISOR),
        system_admin=_person("system-admin", "系统管理员", None, bureau, Role.SYSTEM_ADMIN),
        security_admin=_person("security-admin", "安全管理员", None, bureau, Role.SECURITY_ADMIN),
        auditor=_person("auditor", "审计员", None, bureau, Role.AUDITOR),
        nobody=_person("nobody", "刘洋", None, brigade, None),
        outsider=_person("outsider", "阿依努尔", "660027", other, Role.CUSTODIAN),
    )


def _unit(code: str, name: str, parent: Unit | None) -> Unit:
    return services.create_unit(code=code, name=name, parent=parent, actor=SYSTEM, at=AT)


def _person(username: str, name: str, certificate: str | None, unit: Unit, role: Role | None) -> Person:
    person = services.create_person(
        username=username,
        name=name,
        certificate_number=certificate,
        unit=unit,
        password=PASSWORD,
        actor=SYSTEM,
        at=AT,
    )
    if role is not None:
        services.grant_role(person=person, role=role, actor=SYSTEM, at=AT)
    return person
