"""`liuhen init`: make an instance in `LIUHEN_HOME`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from liuhen.usage import Parser

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    """Take no arguments: everything that is set is a setting."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Make the instance; 0 also when it is there already."""
    from liuhen.server.config.instance import Instance
    from liuhen.server.config.setup import initialise

    instance = Instance.from_environment()
    made = initialise(instance)
    pick = args.language.pick
    said = pick("已创建", "made") if made else pick("已存在，未改动", "there already, unchanged")
    sys.stderr.write(f"{instance.home}: {said}\n")
    return 0
