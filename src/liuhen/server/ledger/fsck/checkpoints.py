"""Checkpoints against the tree: the published one, the signer's memory, and every one that the database keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.core.tlog.checkpoint import open_checkpoint
from liuhen.core.tlog.errors import TlogError
from liuhen.core.tlog.tiles import CHECKPOINT_PATH
from liuhen.server.ledger import selectors
from liuhen.server.ledger.files import STATE_PATH
from liuhen.server.ledger.fsck.rows import as_bytes
from liuhen.server.ledger.models import CheckpointRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liuhen.core.tlog.checkpoint import Checkpoint
    from liuhen.core.tlog.note import VerifierKey
    from liuhen.server.ledger.files import LedgerFolder
    from liuhen.server.ledger.fsck.report import Discrepancies
    from liuhen.server.ledger.fsck.tree import GrowingRoot

__all__ = ["KeptCheckpoints", "published_now", "trusted_checkpoint"]


def trusted_checkpoint(folder: LedgerFolder, key: VerifierKey, found: Discrepancies) -> Checkpoint | None:
    """Return the published checkpoint; where it is damaged, the one signed last, so that the rest is checked.

    Raises:
        NoCheckpointError: no ledger was begun.
    """
    checkpoint = _open(CHECKPOINT_PATH, selectors.latest_note(), key, found)
    try:
        state = folder.read(STATE_PATH)
    except OSError:
        found.missing(STATE_PATH, "签名状态缺失或无法读取", "the signer's state is missing or unreadable")
        return checkpoint
    signed = _open(STATE_PATH, state, key, found)
    if checkpoint is None or signed is None:
        return checkpoint or signed
    if signed.size < checkpoint.size or (signed.size == checkpoint.size and signed != checkpoint):
        found.altered(
            STATE_PATH,
            f"签名状态为 {signed.size} 条，落后于检查点的 {checkpoint.size} 条或与之矛盾",
            f"the signer remembers size {signed.size}, behind or against the checkpoint of {checkpoint.size}",
        )
    return checkpoint


def published_now(key: VerifierKey) -> int:
    """Return the size of the published checkpoint as it is at this moment, 0 where it is damaged."""
    try:
        return open_checkpoint(selectors.latest_note(), key).size
    except TlogError:
        return 0


class KeptCheckpoints:
    """The database's checkpoints up to `size`, each compared with the root that the tree had at its size."""

    def __init__(self, size: int, key: VerifierKey, found: Discrepancies) -> None:
        self._size = size
        self._key = key
        self._found = found
        self._rows = self._true_rows()
        self._due = next(self._rows, None)

    def compare(self, growing: GrowingRoot) -> None:
        """Compare the checkpoint that is due, if the growing tree has its size now."""
        if self._due is None or self._due.size != growing.size:
            return
        if as_bytes(self._due.root) != growing.root():
            self._found.altered(
                f"checkpoint row {self._due.size}",
                "签名的根不是账本前段的根：同一密钥签过两种历史",
                "it signs another root than the ledger has at that size: the key has signed two histories",
            )
        self._due = next(self._rows, None)

    def _true_rows(self) -> Iterator[CheckpointRow]:
        """Yield the rows that are what their signed notes say, by size; name the others."""
        for row in CheckpointRow.objects.filter(size__lte=self._size).order_by("size").iterator():
            where = f"checkpoint row {row.size}"
            kept = _open(where, as_bytes(row.note), self._key, self._found)
            if kept is not None and (kept.size, kept.root) != (row.size, as_bytes(row.root)):
                self._found.altered(where, "与其签名文本不符", "it differs from its own signed note")
            elif kept is not None:
                yield row

    def check_last(self, indexed: int) -> None:
        """Name the want of a checkpoint that covers the `indexed` events which have their place."""
        if indexed and not CheckpointRow.objects.filter(size__gte=indexed).exists():
            self._found.missing(
                f"checkpoint row {indexed}", "数据库中没有该检查点的记录", "the database does not have this checkpoint"
            )


def _open(where: str, note: bytes, key: VerifierKey, found: Discrepancies) -> Checkpoint | None:
    try:
        return open_checkpoint(note, key)
    except TlogError as error:
        found.altered_by(where, error)
        return None
