"""The people of the demonstration. All invented."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from liuhen.core.errors import LiuhenError
from liuhen.core.exits import ExitCode
from liuhen.durable import write_durably
from liuhen.server.accounts.roles import Role

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.server.config.instance import Instance

__all__ = [
    "CAST",
    "UNITS",
    "Member",
    "NotDemonstrationError",
    "announce",
    "ensure_cast",
    "filled_mark",
    "is_demonstration",
    "is_filled",
]


class NotDemonstrationError(LiuhenError):
    """The instance holds data of its own; accounts whose passwords lie in a file have no place in it."""

    code = "not-a-demonstration"
    exit_code = ExitCode.CONFIGURATION
    zh = "{home} 中已有正式数据，不能装入演示数据。请用 LIUHEN_HOME 另指一个空目录。"
    en = "{home} holds data of its own; no demonstration data is put into it. Name an empty folder with LIUHEN_HOME."


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the demonstration."""

    username: str
    name: str
    certificate_number: str | None
    unit: str
    roles: tuple[Role, ...]


# code, name, code of the unit above
UNITS: Final = (
    ("12", "第十二师", None),
    ("12-zjj", "第十二师住房和城乡建设局", "12"),
    ("12-zjj-zfdd", "城市管理执法大队", "12-zjj"),
    ("12-zjj-fzk", "法制科", "12-zjj"),
)

CAST: Final = (
    Member("zhoumin", "周敏", "650003", "12-zjj", (Role.CUSTODIAN,)),
    Member("lijianguo", "李建国", "650012", "12-zjj-zfdd", (Role.OFFICER,)),
    Member("ayinuer", "阿依努尔", "650027", "12-zjj-zfdd", (Role.OFFICER,)),
    Member("mazhiqiang", "马志强", "650031", "12-zjj-zfdd", (Role.OFFICER,)),
    Member("chenwei", "陈伟", "650008", "12-zjj-zfdd", (Role.UNIT_HEAD,)),
    Member("wanghaiyan", "王海燕", "650005", "12-zjj", (Role.LEGAL,)),
    Member("zhaolei", "赵磊", "650001", "12-zjj", (Role.LEADER,)),
    Member("sunli", "孙丽", "650006", "12-zjj", (Role.SUPERVISOR,)),
    Member("xitong", "系统管理员", None, "12-zjj", (Role.SYSTEM_ADMIN,)),
    Member("anquan", "安全管理员", None, "12-zjj", (Role.SECURITY_ADMIN,)),
    Member("shenji", "审计员", None, "12-zjj", (Role.AUDITOR,)),
)

_FIRST: Final = (
    "打开一件音像记录，点“在本机浏览器验证”",
    "open a recording and press Verify in my browser",
)
_MEANWHILE: Final = (
    "登录后看“采集入库”：演示数据约一分钟装完",
    "watch Intake: the demonstration fills in about a minute",
)


def ensure_cast(instance: Instance) -> None:
    """Make the units, people and roles that are missing.

    The passwords are on disk before the accounts exist: a run cut short never leaves an account that nobody can enter.

    Raises:
        NotDemonstrationError: the instance holds data of its own.
    """
    from django.db import transaction

    from liuhen.server.accounts import services
    from liuhen.server.accounts.models import Person, Unit
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM

    if not is_demonstration(instance):
        raise NotDemonstrationError(home=instance.home)
    passwords = _passwords(instance)
    at = clock.now()
    with transaction.atomic():
        for code, name, parent in UNITS:
            if not Unit.objects.filter(code=code).exists():
                above = Unit.objects.get(code=parent) if parent else None
                services.create_unit(code=code, name=name, parent=above, actor=SYSTEM, at=at)
        for member in CAST:
            if Person.objects.filter(username=member.username).exists():
                continue
            person = services.create_person(
                username=member.username,
                name=member.name,
                certificate_number=member.certificate_number,
                unit=Unit.objects.get(code=member.unit),
                password=passwords[member.username],
                actor=SYSTEM,
                at=at,
            )
            for role in member.roles:
                services.grant_role(person=person, role=role, actor=SYSTEM, at=at)


def _passwords(instance: Instance) -> dict[str, str]:
    path = instance.demo_accounts_file
    if not path.exists():
        lines = [f"{m.username}\t{secrets.token_urlsafe(9)}\t{m.roles[0]}\t{m.name}" for m in CAST]
        write_durably(path, ("\n".join(lines) + "\n").encode())
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return {row[0]: row[1] for row in rows}


def announce(instance: Instance) -> None:
    """Make the cast and print to standard error where to go, as whom, and what to try first."""
    ensure_cast(instance)
    custodian = CAST[0].username
    zh, en = _FIRST if is_filled(instance) else _MEANWHILE
    lines = [
        "",
        f"  留痕 Liuhen      {instance.local_url}/",
        f"  登录 log in      {custodian}   {_passwords(instance)[custodian]}",
        f"  先试 try first   {zh}",
        f"                   {en}",
        f"  其他账户 others  {instance.demo_accounts_file}",
        f"  数据 data        {instance.home}",
        "  停止 stop        Ctrl-C",
        "",
    ]
    sys.stderr.write("\n".join(lines) + "\n")


def is_demonstration(instance: Instance) -> bool:
    """Tell whether the instance is empty or was begun as a demonstration."""
    from liuhen.server.accounts.models import Unit

    return instance.is_demonstration or not Unit.objects.exists()


def filled_mark(instance: Instance) -> Path:
    """Return the path of the file that says that the demonstration data is complete."""
    return instance.home / "demo" / "complete"


def is_filled(instance: Instance) -> bool:
    """Tell whether the demonstration data is complete; a run cut short is taken up again."""
    return filled_mark(instance).exists()
