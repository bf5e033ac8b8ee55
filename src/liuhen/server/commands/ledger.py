"""`liuhen ledger`: check it, hand it out, show its head and its key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from liuhen.core.entry import ObjectRef
    from liuhen.core.errors import Language
    from liuhen.server.ledger.fsck.report import FsckReport
    from liuhen.usage import Parser

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    """Declare the subcommands."""
    pick = parser.language.pick
    sub = parser.add_subparsers(dest="action", required=True)
    fsck = sub.add_parser(
        "fsck", help=pick("核对账本、数据库与记录", "check ledger, database and records against each other")
    )
    fsck.add_argument("--deep", action="store_true", help=pick("并逐件复核原件", "read every original again as well"))
    export = sub.add_parser("export", help=pick("导出供外部核验", "write the ledger's files for outside verifiers"))
    export.add_argument("folder", type=Path)
    sub.add_parser("checkpoint", help=pick("打印最新检查点", "print the newest checkpoint"))
    sub.add_parser("key", help=pick("打印核验公钥", "print the key that checks it"))


def run(args: argparse.Namespace) -> int:
    """Do what was asked; 1 when fsck found something."""
    from liuhen.server.config.setup import open_instance

    open_instance()
    from liuhen.server.ledger import selectors

    match args.action:
        case "fsck":
            return _fsck(args.language, deep=args.deep)
        case "export":
            return _export(args.language, args.folder)
        case "checkpoint":
            sys.stdout.write(selectors.latest_checkpoint().note.decode())
        case _:
            sys.stdout.write(f"{selectors.verifier_key().to_text()}\n")
    return 0


def _fsck(language: Language, *, deep: bool) -> int:
    """Print each discrepancy as one JSON object, and for people a summary and what the integrator stumbled over."""
    from liuhen.server.ledger.fsck import check_ledger
    from liuhen.server.ledger.health import read_health
    from liuhen.server.ledger.selectors import ledger_folder

    report = check_ledger(deep=_read_again if deep else None)
    for found in report.discrepancies:
        row = {"kind": found.kind.value, "where": found.where, "zh": found.zh, "en": found.en}
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    sys.stderr.write(f"{_summary(report, language)}\n")
    health = read_health(ledger_folder())
    if health is not None and health.problem is not None:
        sys.stderr.write(f"{language.pick('编入未能进行', 'No sequencing')}: {health.problem[language]}\n")
    return report.exit_code


def _summary(report: FsckReport, language: Language) -> str:
    count = len(report.discrepancies) + report.omitted
    deep = report.objects is not None
    return language.pick(
        f"已编入 {report.size} 条，待编入 {report.unsequenced} 条，每日对账 {report.heads} 份"
        f"{f'，复核原件 {report.objects} 件' if deep else ''}，不符 {count} 处。",
        f"{report.size} entries, {report.unsequenced} not sequenced yet, {report.heads} daily heads"
        f"{f', {report.objects} originals read again' if deep else ''}; {count} discrepancies.",
    )


def _read_again(ref: ObjectRef) -> None:
    from liuhen.server.vault.stores import originals

    originals().verify(ref.sha256)


def _export(language: Language, folder: Path) -> int:
    from liuhen.server.ledger.export import export_ledger

    size = export_ledger(folder)
    sys.stderr.write(f"{folder}: {language.pick(f'已导出并核验 {size} 条', f'{size} entries, verified')}\n")
    return 0
