"""`liuhen demo`: fill a running instance with demonstration data, by the real path."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from liuhen.usage import Parser

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    """Take no arguments: the instance is `LIUHEN_HOME`, the server its own address."""
    del parser


def run(args: argparse.Namespace) -> int:
    """Render the devices' files and hand them in with the collector; the worst exit code of the collector's runs."""
    from liuhen.server.config.setup import open_instance
    from liuhen.server.demo.fill import fill

    return fill(open_instance(), args.language)
