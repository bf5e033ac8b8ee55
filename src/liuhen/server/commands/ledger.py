"""`liuhen ledger`: check it, hand it out, show its head and its key."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from liuhen.core.errors import LiuhenError

if TYPE_CHECKING:
    import argparse

__all__ = ["ExportFolderError", "NoCheckpointError", "add_arguments", "run"]

_FOUND: Final = 1


class ExportFolderError(LiuhenError):
    """The folder to export to is not empty."""

    code = "export-folder"
    zh = "{folder} 不是空目录。请指定新的目录，以免与旧的导出混在一起。"
    en = "{folder} is not empty. Name a new folder, so that the export does not mix with an older one."


class NoCheckpointError(LiuhenError):
    """Nothing was signed yet."""

    code = "no-checkpoint"
    zh = "账本尚无检查点。请先用 liuhen serve 启动服务，等待首个检查点。"
    en = "The ledger has no checkpoint yet. Start the server with `liuhen serve` and wait for the first."


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
    match args.action:
        case "fsck":
            return _fsck(deep=args.deep)
        case "export":
            return _export(args.folder)
        case "checkpoint":
            sys.stdout.write(_note().decode())
        case _:
            from liuhen.server.ledger.selectors import verifier_key

            sys.stdout.write(f"{verifier_key().to_text()}\n")
    return 0


def _note() -> bytes:
    from liuhen.server.ledger.selectors import latest_note

    note = latest_note()
    if note is None:
        raise NoCheckpointError
    return note


def _fsck(*, deep: bool) -> int:
    from liuhen.server.ledger.fsck import check_ledger

    report = check_ledger()
    rows = [{"kind": found.kind.value, "where": found.where, "what": found.what} for found in report.discrepancies]
    damaged = _damaged_originals() if deep else []
    for row in rows + damaged:
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    count = len(rows) + len(damaged)
    sys.stderr.write(
        f"{report.entries} 条已编入，{report.unsequenced} 条待编入，发现 {count} 处不符。\n"
        f"{report.entries} entries, {report.unsequenced} not sequenced yet, {count} discrepancies.\n"
    )
    return _FOUND if count else 0


def _damaged_originals() -> list[dict[str, str]]:
    """Read every original that a recording or attachment names, and return what is wrong with each."""
    from liuhen.server.recordings.models import Attachment, Recording
    from liuhen.server.vault.errors import VaultError
    from liuhen.server.vault.stores import originals

    store = originals()
    found = []
    for model in (Recording, Attachment):
        for sha256 in model.objects.order_by("sha256").values_list("sha256", flat=True).iterator():
            try:
                store.verify(sha256)
            except VaultError as error:
                found.append({"kind": error.code, "where": f"original {sha256}", "what": str(error)})
    return found


def _export(folder: Path) -> int:
    """Copy what the newest checkpoint covers, heads included, verify the copy, and only then call it done."""
    from liuhen.core.tlog.checkpoint import Checkpoint
    from liuhen.core.tlog.tiles import CHECKPOINT_PATH, tree_paths
    from liuhen.core.verify import FolderFiles, verify_export
    from liuhen.server.ledger.fsck import pinned_files
    from liuhen.server.ledger.selectors import ledger_folder, verifier_key

    if folder.exists() and any(folder.iterdir()):
        raise ExportFolderError(folder=folder)
    note = _note()
    size = Checkpoint.parse(note.decode().partition("\n\n")[0] + "\n").size
    files = pinned_files(note, size)
    for path in [*tree_paths(size), CHECKPOINT_PATH]:
        _write(folder / path, files.read(path))
    for heads in sorted((ledger_folder().root / "heads").glob("*.json")):
        _write(folder / "heads" / heads.name, heads.read_bytes())
    _write(folder / "key", f"{verifier_key().to_text()}\n".encode())
    verify_export(FolderFiles(folder), key=verifier_key())
    sys.stderr.write(f"{folder}: {size} entries / 条\n")
    return 0


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
