"""`liuhen person`: make people and give them roles from the server's console.

Whoever has the console is the system itself in the ledger; in daily work administrators do this on the pages.
"""

from __future__ import annotations

import json
import secrets
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from liuhen.usage import Parser

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    """Declare the subcommands."""
    from liuhen.server.accounts.roles import Role

    pick = parser.language.pick
    roles = [role.value for role in Role]
    sub = parser.add_subparsers(dest="action", required=True)
    unit = sub.add_parser("unit", help=pick("新建单位", "make a unit"))
    unit.add_argument("code")
    unit.add_argument("name")
    unit.add_argument("--parent", metavar="CODE")
    add = sub.add_parser("add", help=pick("新建人员，打印初始密码", "make a person; the first password is printed"))
    add.add_argument("username")
    add.add_argument("--name", required=True)
    add.add_argument("--unit", required=True, metavar="CODE")
    add.add_argument("--certificate")
    add.add_argument("--role", action="append", default=[], choices=roles)
    for action, text in (("grant", pick("授予角色", "give a role")), ("revoke", pick("撤销角色", "take a role away"))):
        change = sub.add_parser(action, help=text)
        change.add_argument("username")
        change.add_argument("role", choices=roles)
    sub.add_parser("list", help=pick("列出人员，每行一个 JSON 对象", "list people, one JSON object per line"))


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
    from liuhen.server.accounts import selectors, services
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM

    parent = selectors.unit_by_code(args.parent) if args.parent else None
    services.create_unit(code=args.code, name=args.name, parent=parent, actor=SYSTEM, at=clock.now())


def _add(args: argparse.Namespace) -> None:
    from django.db import transaction

    from liuhen.server.accounts import selectors, services
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
            unit=selectors.unit_by_code(args.unit),
            password=password,
            actor=SYSTEM,
            at=at,
        )
        for role in args.role:
            services.grant_role(person=person, role=Role(role), actor=SYSTEM, at=at)
        # Before the commit: cut off after it, there would be an account that nobody can enter.
        sys.stdout.write(f"{password}\n")
        sys.stdout.flush()


def _change_role(args: argparse.Namespace) -> None:
    from liuhen.server.accounts import selectors, services
    from liuhen.server.accounts.roles import Role
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM

    act = services.grant_role if args.action == "grant" else services.revoke_role
    person = selectors.person_by_username(args.username)
    act(person=person, role=Role(args.role), actor=SYSTEM, at=clock.now())


def _list() -> None:
    from liuhen.server.accounts.models import Person
    from liuhen.server.accounts.selectors import actor_of

    for person in Person.objects.select_related("unit").order_by("username"):
        roles = sorted(actor_of(person).roles)
        row = {"username": person.username, "name": person.name, "unit": person.unit.code, "roles": roles}
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
