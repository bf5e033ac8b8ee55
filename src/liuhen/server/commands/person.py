"""`liuhen person`: make people and give them roles from the server's console.

Whoever has the console is the system itself in the ledger; in daily work administrators do this on the pages.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import TYPE_CHECKING

from liuhen.core.errors import LiuhenError

if TYPE_CHECKING:
    import argparse

    from liuhen.server.accounts.models import Person, Unit

__all__ = ["PersonMissingError", "UnitMissingError", "add_arguments", "run"]


class UnitMissingError(LiuhenError):
    """No unit has this code."""

    code = "unit-missing"
    zh = "没有代码为“{unit}”的单位。请核对，或用 liuhen person unit 新建。"
    en = "No unit has the code {unit}. Check it, or make it with `liuhen person unit`."


class PersonMissingError(LiuhenError):
    """No person has this log-in name."""

    code = "person-missing"
    zh = "没有登录名为“{username}”的人员。请用 liuhen person list 核对。"
    en = "No person has the log-in name {username}. Check with `liuhen person list`."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    from liuhen.server.accounts.roles import Role

    roles = [role.value for role in Role]
    sub = parser.add_subparsers(dest="action", required=True)
    unit = sub.add_parser("unit", help="make a unit / 新建单位")
    unit.add_argument("code")
    unit.add_argument("name")
    unit.add_argument("--parent", metavar="CODE")
    add = sub.add_parser("add", help="make a person; the first password is printed / 新建人员，打印初始密码")
    add.add_argument("username")
    add.add_argument("--name", required=True)
    add.add_argument("--unit", required=True, metavar="CODE")
    add.add_argument("--certificate")
    add.add_argument("--role", action="append", default=[], choices=roles)
    for action, text in (("grant", "give a role / 授予角色"), ("revoke", "take a role away / 撤销角色")):
        change = sub.add_parser(action, help=text)
        change.add_argument("username")
        change.add_argument("role", choices=roles)
    sub.add_parser("list", help="list people, one JSON object per line / 列出人员")


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from liuhen.server.config.setup import open_instance

    open_instance()
    match args.action:
        case "unit":
            _make_unit(args)
        case "add":
            _add(args)
        case "grant" | "revoke":
            _change_role(args)
        case _:
            _list()
    return 0


def _make_unit(args: argparse.Namespace) -> None:
    from liuhen.server.accounts import services
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM

    parent = _unit(args.parent) if args.parent else None
    services.create_unit(code=args.code, name=args.name, parent=parent, actor=SYSTEM, at=clock.now())


def _add(args: argparse.Namespace) -> None:
    from django.db import transaction

    from liuhen.server.accounts import services
    from liuhen.server.accounts.roles import Role
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM

    password = secrets.token_urlsafe(12)
    at = clock.now()
    with transaction.atomic():
        person = services.create_person(
            username=args.username,
            name=args.name,
            certificate_number=args.certificate,
            unit=_unit(args.unit),
            password=password,
            actor=SYSTEM,
            at=at,
        )
        for role in args.role:
            services.grant_role(person=person, role=Role(role), actor=SYSTEM, at=at)
    sys.stdout.write(f"{password}\n")


def _change_role(args: argparse.Namespace) -> None:
    from liuhen.server.accounts import services
    from liuhen.server.accounts.roles import Role
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM

    act = services.grant_role if args.action == "grant" else services.revoke_role
    act(person=_person(args.username), role=Role(args.role), actor=SYSTEM, at=clock.now())


def _list() -> None:
    from liuhen.server.accounts.models import Person
    from liuhen.server.accounts.selectors import actor_of

    for person in Person.objects.select_related("unit").order_by("username"):
        roles = sorted(actor_of(person).roles)
        row = {"username": person.username, "name": person.name, "unit": person.unit.code, "roles": roles}
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def _unit(code: str) -> Unit:
    from liuhen.server.accounts.models import Unit

    unit = Unit.objects.filter(code=code).first()
    if unit is None:
        raise UnitMissingError(unit=code)
    return unit


def _person(username: str) -> Person:
    from liuhen.server.accounts.models import Person

    person = Person.objects.filter(username=username).first()
    if person is None:
        raise PersonMissingError(username=username)
    return person
