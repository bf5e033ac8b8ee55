"""`liuhen manage`: Django's own management commands on the instance."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from liuhen.usage import Parser

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    """Pass everything on."""
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        help=parser.language.pick("如 check --deploy、migrate、shell", "such as check --deploy, migrate, shell"),
    )


def run(args: argparse.Namespace) -> int:
    """Run the management command; its own errors end the process with its own exit code."""
    from django.core.management import execute_from_command_line

    from liuhen.server.config.setup import open_instance

    open_instance(observe=False)
    execute_from_command_line(["liuhen manage", *args.arguments])
    return 0
