"""Sequencing: takes events in the order they were written and puts them into the tree, batch by batch.

The steps of a batch: entry bundles and tiles, durable; the checkpoint signed, with the signer's state durable; the
checkpoint published by rename; the events' places set in the database. Cut the power after any of them: what lies
beyond the signed checkpoint is dropped and made anew, and what the signed checkpoint covers is completed from it and
from the bundles (`Sequencer.recover`).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final, NamedTuple

from django.db import connection, transaction
from django.db.models import Max

from liuhen.core.entry import Entry, EntryError
from liuhen.core.errors import both
from liuhen.core.reasons import reason_of
from liuhen.core.tlog.checkpoint import Checkpoint, open_checkpoint
from liuhen.core.tlog.errors import TlogError
from liuhen.core.tlog.merkle import leaf_hash, tree_root
from liuhen.core.tlog.tiles import CHECKPOINT_PATH, TILE_WIDTH, TileHashReader, grow, grow_bundles
from liuhen.server.ledger import wake
from liuhen.server.ledger.errors import (
    DatabaseBehindError,
    EventDamagedError,
    FilesBehindError,
    LedgerFilesError,
    damage_of,
)
from liuhen.server.ledger.models import CheckpointRow, Event

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from liuhen.server.ledger.files import LedgerFolder
    from liuhen.server.ledger.signer import Signer

__all__ = ["BATCH", "Sequencer"]

BATCH: Final = 2048
"""Events that one batch takes at most."""

_BATCH_BYTES: Final = 16 << 20
_WAITING: Final = """
    SELECT e.seq, e.id, e.subject, e.n, e.leaf, e.leaf_hash, p.leaf_hash
    FROM ledger_event e LEFT JOIN ledger_event p ON p.subject = e.subject AND p.n = e.n - 1
    WHERE e."index" IS NULL ORDER BY e.seq LIMIT %s
"""
_SET_PLACE: Final = 'UPDATE ledger_event SET "index" = %s WHERE seq = %s AND "index" IS NULL'
_log = logging.getLogger(__name__)


class Sequencer:
    """Sequences one ledger; its user holds the ledger's lock. After any error the next call recovers first."""

    def __init__(self, folder: LedgerFolder, signer: Signer) -> None:
        self._folder = folder
        self._signer = signer
        self._head: Checkpoint | None = None

    def step(self, at: datetime) -> int:
        """Sequence one batch and return how many events it held.

        Raises:
            LedgerError, TlogError: the ledger, its database or its signer's memory do not agree; a person must look.
            OSError, DatabaseError: it could not be done now; it may be tried again.
        """
        head, self._head = self._head or self.recover(at), None
        batch = _waiting()
        if not batch:
            self._head = head
            return 0
        self._refuse_placed(batch, head.size)
        leaves = [leaf for _, leaf in batch]
        width = head.size % TILE_WIDTH
        partial = self._folder.read_bundle(head.size // TILE_WIDTH, width) if width else b""
        root, tiles = grow(head.size, [leaf_hash(leaf) for leaf in leaves], self._folder, old_root=head.root)
        self._folder.write_new([*grow_bundles(head.size, leaves, partial), *tiles])
        grown = Checkpoint(self._signer.origin, head.size + len(batch), root)
        note = self._signer.sign(grown.size, grown.root)
        self._folder.put(CHECKPOINT_PATH, note)
        _enter([(head.size + place, seq) for place, (seq, _) in enumerate(batch)], grown, note, at)
        wake.advance()
        self._folder.drop_replaced(head.size, grown.size)
        self._head = grown
        return len(batch)

    def recover(self, at: datetime) -> Checkpoint:
        """Complete what the signed checkpoint covers, drop what lies beyond it, and return it.

        Raises: as `step`.
        """
        self._head = None
        signed, note = self._signer.last()
        published = self._published()
        if published is not None and published != signed and published.size >= signed.size:
            problem = both(
                f"检查点为 {published.size} 条，与签名状态的 {signed.size} 条不符",
                f"it has size {published.size}, against {signed.size} in the signer's state",
            )
            raise LedgerFilesError(path=self._folder.root / CHECKPOINT_PATH, problem=problem)
        self._check_tiles(signed)
        self._folder.drop_ahead(signed.size)
        if published != signed:
            _log.warning("publishing the checkpoint of size %d, which was signed and not published", signed.size)
            self._folder.put(CHECKPOINT_PATH, note)
        self._match_rows(signed, note, at)
        before = CheckpointRow.objects.filter(size__lt=signed.size).aggregate(size=Max("size"))["size"] or 0
        self._folder.drop_replaced(before, signed.size)
        self._head = signed
        return signed

    def affirm(self, at: datetime) -> None:
        """Check once more that signer state, published checkpoint and tiles agree, and mend what can be.

        The published checkpoint does not change by this: a checkpoint holds no time, and the same tree signed again
        gives the same bytes. What is gained is the knowledge that key, state and files were there and agreed.

        Raises: as `step`.
        """
        signed, _ = self._signer.last()
        if self._published() != signed or self._head != signed:
            self.recover(at)
        else:
            self._check_tiles(signed)

    def _published(self) -> Checkpoint | None:
        try:
            return open_checkpoint(self._folder.read(CHECKPOINT_PATH), self._signer.verifier)
        except FileNotFoundError:
            return None
        except TlogError as error:
            raise LedgerFilesError(path=self._folder.root / CHECKPOINT_PATH, problem=reason_of(error)) from error

    def _check_tiles(self, signed: Checkpoint) -> None:
        try:
            root = tree_root(signed.size, TileHashReader(self._folder, signed.size))
        except (TlogError, LookupError, FileNotFoundError) as error:
            raise LedgerFilesError(path=self._folder.root / "tile", problem=damage_of(error)) from error
        if root != signed.root:
            problem = both(
                f"前 {signed.size} 条的根与签名不符", f"its root of size {signed.size} is not the signed one"
            )
            raise LedgerFilesError(path=self._folder.root / "tile", problem=problem)

    def _refuse_placed(self, batch: Sequence[tuple[int, bytes]], size: int) -> None:
        """Refuse an event that is in the tree already and whose place was taken away: no verifier accepts it twice.

        Events are placed as they were written, so only one that is older than the newest placed one is looked for.
        """
        newest = Event.objects.filter(index=size - 1).values_list("seq", flat=True).first()
        older = {leaf for seq, leaf in batch if newest is not None and seq < newest}
        if not older:
            return
        for index, leaf in self._folder.entries(0, size):
            if leaf in older:
                problem = both(f"它已是第 {index} 号条目", f"it is entry {index} already")
                raise EventDamagedError(event=Entry.from_bytes(leaf).id, problem=problem)

    def _match_rows(self, signed: Checkpoint, note: bytes, at: datetime) -> None:
        newest = Event.objects.aggregate(index=Max("index"))["index"]
        indexed = 0 if newest is None else newest + 1
        if indexed > signed.size:
            raise FilesBehindError(size=signed.size, indexed=indexed)
        placed = [
            (index, _row_of(index, Entry.from_bytes(leaf).id, leaf))
            for index, leaf in self._folder.entries(indexed, signed.size)
        ]
        if placed or not _is_kept(signed):
            _enter(placed, signed, note, at)
            wake.advance()


class _Waiting(NamedTuple):
    """A row without a place, as the database driver gives it, with the leaf hash of the subject's event before it."""

    seq: int
    id: UUID | str
    subject: str
    n: int
    leaf: bytes
    leaf_hash: bytes
    previous: bytes | None

    def checked_leaf(self) -> bytes:
        """Return the leaf; refuse one that no verifier would ever accept, since once in the tree it stays there."""
        leaf = bytes(self.leaf)
        try:
            entry = Entry.from_bytes(leaf)
        except EntryError as error:
            raise EventDamagedError(event=self.id, problem=reason_of(error)) from error
        due = None if self.previous is None else bytes(self.previous).hex()
        wrong = [
            name
            for name, holds in (
                ("id", str(self.id).replace("-", "") == entry.id.hex),
                ("subject", self.subject == entry.subject),
                ("n", self.n == entry.n),
                ("leaf_hash", bytes(self.leaf_hash) == leaf_hash(leaf)),
                ("prev", entry.prev == due),
            )
            if not holds
        ]
        if wrong:
            names = ", ".join(wrong)
            raise EventDamagedError(event=entry.id, problem=both(f"字段 {names}", f"fields {names}"))
        return leaf


def _waiting() -> list[tuple[int, bytes]]:
    """Return seq and leaf of the events to sequence next, each checked against its row and the event before it."""
    batch: list[tuple[int, bytes]] = []
    total = 0
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [BATCH])
        for row in cursor:
            waiting = _Waiting(*row)
            leaf = waiting.checked_leaf()
            batch.append((waiting.seq, leaf))
            total += len(leaf)
            if total > _BATCH_BYTES:
                break
    return batch


def _row_of(index: int, event_id: UUID, leaf: bytes) -> int:
    row = Event.objects.filter(id=event_id, leaf_hash=leaf_hash(leaf)).values_list("seq", flat=True).first()
    if row is None:
        raise DatabaseBehindError(index=index, event=event_id)
    return row


@transaction.atomic
def _enter(placed: Sequence[tuple[int, int]], checkpoint: Checkpoint, note: bytes, at: datetime) -> None:
    """Set the places, (index, seq) each, and keep the checkpoint, in one transaction; repeatable."""
    if placed:
        with connection.cursor() as cursor:
            cursor.executemany(_SET_PLACE, placed)
    kept = dict(Event.objects.filter(index__gte=placed[0][0]).values_list("index", "seq")) if placed else {}
    for index, seq in placed:
        if kept.get(index) != seq:
            raise DatabaseBehindError(index=index, event=f"seq {seq}")
    if not _is_kept(checkpoint):
        CheckpointRow(size=checkpoint.size, root=checkpoint.root, note=note, at=at).save()


def _is_kept(checkpoint: Checkpoint) -> bool:
    """Tell whether the database has this checkpoint; that of the empty tree is nothing to keep."""
    return checkpoint.size == 0 or CheckpointRow.objects.filter(size=checkpoint.size).exists()
