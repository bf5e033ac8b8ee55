"""`liuhen ledger`: check it, hand it out, show its head and its key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from liuhen.core.entry import ObjectRef

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    sub = parser.add_subparsers(dest="action", required=True)
    fsck = sub.add_parser("fsck", help="check ledger, database and records against each other / 核对账本、数据库与记录")
    fsck.add_argument("--deep", action="store_true", help="read every original again as well / 并逐件复核原件")
    export = sub.add_parser("export", help="write the ledger's files for outside verifiers / 导出供外部核验")
    export.add_argument("folder", type=Path)
    sub.add_parser("checkpoint", help="print the newest checkpoint / 打印最新检查点")
    sub.add_parser("key", help="print the key that checks it / 打印核验公钥")


def run(args: argparse.Namespace) -> int:
    """Do what was asked; 1 when fsck found something."""
    from liuhen.server.config.setup import open_instance

    open_instance()
    from liuhen.server.ledger import selectors

    match args.action:
        case "fsck":
            return _fsck(deep=args.deep)
        case "export":
            return _export(args.folder)
        case "checkpoint":
            sys.stdout.write(selectors.latest_checkpoint().note.decode())
        case _:
            sys.stdout.write(f"{selectors.verifier_key().to_text()}\n")
    return 0


def _fsck(*, deep: bool) -> int:
    """Print each discrepancy as one JSON object, and a summary for people."""
    from liuhen.server.ledger.fsck import check_ledger

    report = check_ledger(deep=_read_again if deep else None)
    for found in report.discrepancies:
        row = {"kind": found.kind.value, "where": found.where, "zh": found.zh, "en": found.en}
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    count = len(report.discrepancies) + report.omitted
    objects = "" if report.objects is None else f"，复核原件 {report.objects} 件"
    objects_en = "" if report.objects is None else f", {report.objects} originals read again"
    sys.stderr.write(
        f"已编入 {report.size} 条，待编入 {report.unsequenced} 条，每日对账 {report.heads} 份{objects}，"
        f"不符 {count} 处。\n"
        f"{report.size} entries, {report.unsequenced} not sequenced yet, {report.heads} daily heads{objects_en}; "
        f"{count} discrepancies.\n"
    )
    return report.exit_code


def _read_again(ref: ObjectRef) -> None:
    from liuhen.server.vault.stores import originals

    originals().verify(ref.sha256)


def _export(folder: Path) -> int:
    from liuhen.server.ledger.export import export_ledger

    size = export_ledger(folder)
    sys.stderr.write(f"{folder}: 已导出并核验 {size} 条 / {size} entries, verified\n")
    return 0
