"""`liuhen verify`: check a receipt, the original against it, or an exported ledger; offline, trusting one key only."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from liuhen.collector.errors import InputUnreadableError, Sm3DiffersError
from liuhen.core.exits import ExitCode
from liuhen.core.reasons import reason_of

if TYPE_CHECKING:
    import argparse
    from typing import Any

    from liuhen.core.tlog.note import VerifierKey
    from liuhen.core.verify.facts import ReceiptFacts
    from liuhen.usage import Parser

__all__ = ["add_arguments", "run"]

_HELP = {
    "receipt": ("入库回执文件", "the receipt"),
    "key": ("账本验证公钥，或写有它的文件", "the ledger's verifier key, or a file that holds it"),
    "file": ("原件，一并核对", "the original, to be compared with the receipt"),
    "export": ("导出的账本目录", "folder of an exported ledger"),
    "json": ("以 JSON 输出结果", "write the result as JSON"),
}
_LONGEST_KEY_FILE = 4096


@dataclass(frozen=True, slots=True)
class _Proven:
    """What holds, for machines and for people."""

    result: dict[str, Any]
    zh: str
    en: str


def add_arguments(parser: Parser) -> None:
    """Declare the arguments."""
    words = {name: parser.language.pick(zh, en) for name, (zh, en) in _HELP.items()}
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("receipt", metavar="RECEIPT", type=Path, nargs="?", help=words["receipt"])
    what.add_argument("--export", metavar="DIR", type=Path, help=words["export"])
    parser.add_argument("--key", metavar="VKEY", required=True, help=words["key"])
    parser.add_argument("--file", metavar="ORIGINAL", type=Path, help=words["file"])
    parser.add_argument("--json", action="store_true", help=words["json"])
    parser.set_defaults(refuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Verify and say what was proven; return 0 only then.

    Raises:
        LiuhenError: any doubt, or a file that cannot be read.
    """
    if args.export is not None and args.file is not None:
        args.refuse(args.language.pick("--file 只与回执同用", "--file goes with RECEIPT"))
    from liuhen.core.naming import reshown
    from liuhen.core.tlog.note import VerifierKey

    key = VerifierKey.from_text(_key_text(args.key))
    if args.export is not None:
        proven = _verify_export(args.export, key)
    else:
        proven = _verify_receipt(args.receipt, args.file, key)
    if args.json:
        print(json.dumps(proven.result))
    # The name of a ledger is whatever its maker called it.
    print(reshown(args.language.pick(proven.zh, proven.en)), file=sys.stderr)
    return ExitCode.OK


def _verify_receipt(path: Path, original: Path | None, key: VerifierKey) -> _Proven:
    from liuhen.core.digests import digest_file
    from liuhen.core.verify.policy import AnyReceipt, SameOriginal
    from liuhen.core.verify.receipt import verify_receipt

    data = _read(path)
    if original is None:
        return _receipt_proven(verify_receipt(data, key=key, policy=AnyReceipt()), compared=False)
    try:
        digests = digest_file(original)
    except OSError as error:
        raise InputUnreadableError(path=original, reason=reason_of(error)) from error
    facts = verify_receipt(data, key=key, policy=SameOriginal(sha256=digests.sha256, size=digests.size))
    if facts.sm3 not in {None, digests.sm3}:
        raise Sm3DiffersError(path=original, found=digests.sm3, sealed=facts.sm3)
    return _receipt_proven(facts, compared=True)


def _receipt_proven(facts: ReceiptFacts, *, compared: bool) -> _Proven:
    from liuhen.core.forms import format_time
    from liuhen.core.naming import decode_name, visible

    name = visible(decode_name(facts.name)[0])
    sealed = format_time(facts.entry.time)
    result = {
        "verified": "receipt",
        "recording": str(facts.recording),
        "role": facts.role,
        "name": name,
        "size": facts.size,
        "sha256": facts.sha256,
        "sm3": facts.sm3,
        "sealed": sealed,
        "handed_in_by": facts.entry.actor,
        "ledger": facts.checkpoint.origin,
        "index": facts.index,
        "tree_size": facts.checkpoint.size,
        "original_compared": compared,
    }
    zh = (
        f"回执属实：{name}（{facts.size} 字节，SHA-256 {facts.sha256}）于 {sealed} 入库，"
        f"为账本 {facts.checkpoint.origin} 第 {facts.index} 条。"
    )
    en = (
        f"The receipt is genuine: {name} ({facts.size} bytes, SHA-256 {facts.sha256}) was sealed at {sealed} "
        f"as entry {facts.index} of the ledger {facts.checkpoint.origin}."
    )
    if compared:
        zh, en = f"{zh}手中文件与其一致。", f"{en} The file at hand is that original."
    return _Proven(result, zh, en)


def _verify_export(folder: Path, key: VerifierKey) -> _Proven:
    from liuhen.core.verify.export import verify_export
    from liuhen.core.verify.folder import FolderFiles

    try:
        facts = verify_export(FolderFiles(folder), key=key)
    except OSError as error:
        raise InputUnreadableError(path=folder, reason=reason_of(error)) from error
    size, subjects = facts.checkpoint.size, len(facts.subjects)
    result = {
        "verified": "export",
        "ledger": facts.checkpoint.origin,
        "tree_size": size,
        "root": facts.checkpoint.root.hex(),
        "subjects": subjects,
    }
    zh = f"账本属实：{facts.checkpoint.origin} 共 {size} 条、{subjects} 个对象，检查点签名、各条目及其前后关系均无误。"
    en = (
        f"The ledger is genuine: {facts.checkpoint.origin} with {size} entries on {subjects} subjects; "
        "the signed checkpoint, every entry and every chain of events hold."
    )
    return _Proven(result, zh, en)


def _key_text(given: str) -> str:
    """Return the key itself, or the first line of the file of that name."""
    path = Path(given)
    try:
        if not path.is_file():
            return given
    except OSError:
        return given
    with path.open("rb") as file:
        return file.read(_LONGEST_KEY_FILE).decode("utf-8", "replace").partition("\n")[0].strip()


def _read(path: Path) -> bytes:
    from liuhen.core.receipt import MAX_RECEIPT_SIZE

    try:
        with path.open("rb") as file:
            return file.read(MAX_RECEIPT_SIZE + 1)
    except OSError as error:
        raise InputUnreadableError(path=path, reason=reason_of(error)) from error
