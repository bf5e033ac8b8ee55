"""One run of fsck. It may run while the server works: it pins a checkpoint and a database snapshot at its start."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import connection
from django.db.models import Max

from liuhen.core.entry import Entry, ObjectRef
from liuhen.core.errors import LiuhenError
from liuhen.core.events import EventType
from liuhen.core.tlog.merkle import leaf_hash
from liuhen.server.ledger import projections, selectors
from liuhen.server.ledger.errors import KeyFileError
from liuhen.server.ledger.files import KEY_PATH
from liuhen.server.ledger.fsck.checkpoints import KeptCheckpoints, published_now, trusted_checkpoint
from liuhen.server.ledger.fsck.heads import Chains, HeadsFiles, check_head_rows
from liuhen.server.ledger.fsck.report import Discrepancies, FsckReport
from liuhen.server.ledger.fsck.rows import (
    PlacedRows,
    Row,
    check_columns,
    parse_row,
    row_of_event,
    rows_beyond,
)
from liuhen.server.ledger.fsck.tree import GrowingRoot, TreeCheck
from liuhen.server.ledger.models import Event
from liuhen.server.ledger.signer import load_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from liuhen.core.tlog.checkpoint import Checkpoint
    from liuhen.core.tlog.note import VerifierKey
    from liuhen.server.ledger.fsck.tree import Bundle
    from liuhen.server.ledger.interfaces import Projection

__all__ = ["DeepCheck", "check_ledger"]

type DeepCheck = Callable[[ObjectRef], None]
"""Reads a stored object again; raises a `LiuhenError` where it is missing or damaged."""

_CONTENT: Final = frozenset((EventType.RECORDING_SEALED, EventType.RECORDING_ATTACHED))
_RUN: Final = 512


def check_ledger(*, deep: DeepCheck | None = None) -> FsckReport:
    """Check the whole ledger of this instance.

    Args:
        deep: where given, it is called once for every original and attachment that the ledger names, and the content
            of every daily heads file is made anew instead of the newest one's only.

    Raises:
        NoCheckpointError: no ledger was begun.
        KeyFileError: neither the signing key nor the verifier key can be read.
    """
    return _Run(deep).check()


class _Run:
    """One check: reads the tree once, entry by entry, and hands each to whatever compares something with it."""

    def __init__(self, deep: DeepCheck | None) -> None:
        self._deep = deep
        self._folder = selectors.ledger_folder()
        self._found = Discrepancies()
        self._chains = Chains(self._found)
        self._heads = HeadsFiles(self._folder, self._chains, self._found)
        self._projections: list[Projection] = []
        self._pending: list[Entry] = []
        self._objects: set[ObjectRef] = set()
        self._newest_heads: int | None = None
        self._unsequenced = 0
        self._unplaced: set[bytes] = set()

    def check(self) -> FsckReport:
        key = self._key()
        checkpoint = trusted_checkpoint(self._folder, key, self._found)
        if checkpoint is None:
            return self._report(None)
        with _snapshot():
            self._projections = projections.projections()
            published = max(checkpoint.size, published_now(key))
            newest = Event.objects.filter(index__lt=published).aggregate(index=Max("index"))["index"]
            indexed = 0 if newest is None else newest + 1
            kept = KeptCheckpoints(checkpoint.size, key, self._found)
            self._check_tree(checkpoint, kept, indexed=indexed)
            self._check_beyond(checkpoint.size, published)
            self._give_projections(())
            for projection in self._projections:
                self._finish(projection)
            check_head_rows(self._chains, self._found)
            kept.check_last(indexed)
        self._heads.check_stray()
        if self._deep is not None:
            self._read_objects(self._deep)
        return self._report(checkpoint)

    def _report(self, checkpoint: Checkpoint | None) -> FsckReport:
        return FsckReport(
            size=0 if checkpoint is None else checkpoint.size,
            root="" if checkpoint is None else checkpoint.root.hex(),
            unsequenced=self._unsequenced,
            heads=len(self._heads),
            objects=None if self._deep is None else len(self._objects),
            discrepancies=tuple(self._found.named),
            omitted=self._found.omitted,
        )

    def _key(self) -> VerifierKey:
        """Return the signing key's public half where it can be read, else the verifier key that is handed out."""
        try:
            own = load_key(settings.INSTANCE.ledger_key_file).verifier
        except KeyFileError:
            return selectors.verifier_key()
        try:
            handed_out = self._folder.read(KEY_PATH)
        except OSError:
            handed_out = b""
        if handed_out != f"{own.to_text()}\n".encode():
            self._found.altered(KEY_PATH, "不是签名密钥的公钥", "it is not the signing key's public half")
        return own

    def _check_tree(self, checkpoint: Checkpoint, kept: KeptCheckpoints, *, indexed: int) -> None:
        tree = TreeCheck(self._folder, checkpoint, self._found)
        rows = PlacedRows(checkpoint.size, self._found)
        growing = GrowingRoot()
        self._newest_heads = Event.objects.filter(
            type=EventType.LEDGER_HEADS.value, index__lt=checkpoint.size
        ).aggregate(index=Max("index"))["index"]
        for bundle in tree.bundles():
            for index, leaf, data in _numbered(bundle):
                entry = self._check_entry(index, leaf, data, rows.at(index), indexed)
                if entry is not None:
                    self._take(entry, leaf, index)
                growing.append(leaf)
                kept.compare(growing)
        rows.at(checkpoint.size)

    def _check_entry(self, index: int, leaf: bytes, data: bytes | None, row: Row | None, indexed: int) -> Entry | None:
        """Compare an entry with its row; return the entry, from the row where the bundle is damaged."""
        was_altered = row is not None and row.leaf != data and leaf_hash(row.leaf) != leaf
        if row is not None and was_altered:
            self._found.altered(
                row.name, f"条目内容与账本第 {index} 号条目不符", f"its entry is not entry {index} of the ledger"
            )
            row = None
        known = data if data is not None else row.leaf if row is not None else None
        if known is None:
            self._chains.has_gap = True
            return None
        try:
            entry = Entry.from_bytes(known)
        except LiuhenError as error:
            self._found.altered_by(f"entry {index}", error)
            self._chains.has_gap = True
            return None
        if row is not None:
            check_columns(row, entry, leaf, self._found)
        elif not was_altered:
            self._check_unplaced(index, entry, indexed)
        return entry

    def _check_unplaced(self, index: int, entry: Entry, indexed: int) -> None:
        """No row has place `index`: it is still to be set, was taken away, or the row itself is gone."""
        row = row_of_event(entry.id)
        if row is None:
            self._found.missing(
                f"event {entry.id}", f"账本第 {index} 号条目在数据库中没有记录", f"entry {index} has no row"
            )
            return
        self._unplaced.add(row.leaf)
        if row.place is not None or index < indexed:
            self._found.altered(
                row.name, f"数据库中的序号为 {row.place}，应为 {index}", f"its row has place {row.place}, not {index}"
            )

    def _take(self, entry: Entry, leaf: bytes, index: int | None) -> None:
        if entry.type is EventType.LEDGER_HEADS:
            self._heads.check(entry, made_anew=index == self._newest_heads or self._deep is not None)
        elif entry.type in _CONTENT and self._deep is not None:
            self._objects.update(entry.objects)
        self._chains.follow(entry, leaf)
        self._give_projections((entry,))

    def _give_projections(self, entries: Iterable[Entry]) -> None:
        """Hand entries on in runs; an empty call hands on what is left."""
        before = len(self._pending)
        self._pending += entries
        if len(self._pending) < _RUN and len(self._pending) > before:
            return
        for projection in self._projections:
            self._show(projection, self._pending)
        self._pending = []

    def _show(self, projection: Projection, entries: Sequence[Entry]) -> None:
        """Let a projection compare `entries`; one that it cannot make sense of is named, and stops nothing."""
        try:
            self._found.add_all(list(projection.check(entries)))
        except (LookupError, TypeError, ValueError):
            for entry in entries if len(entries) > 1 else ():
                self._show(projection, [entry])
            if len(entries) == 1:
                zh = f"其内容或其对应的数据库记录无法读取（{entries[0].type}）"
                en = f"its facts, or the row that it tells of, cannot be read ({entries[0].type})"
                self._found.altered(f"event {entries[0].id}", zh, en)

    def _finish(self, projection: Projection) -> None:
        """Let a projection name what is left; a row that cannot even be read stops no other projection."""
        try:
            for found in projection.finish():
                self._found.add(found)
        except (LookupError, TypeError, ValueError) as error:
            zh = f"其比对的表中有无法读取的记录（{error}），其后未比对"
            en = f"a row of the tables that it compares cannot be read ({error}); what follows was not compared"
            self._found.altered(f"projection {type(projection).__name__}", zh, en)

    def _check_beyond(self, size: int, published: int) -> None:
        """Check the rows that wait for their place, and those that have come into the ledger since the start."""
        for row in rows_beyond(size):
            self._unsequenced += row.place is None
            if row.leaf in self._unplaced:
                continue
            if row.place is not None and not (type(row.place) is int and row.place < published):
                self._found.surplus(
                    row.name,
                    f"序号 {row.place} 超出账本（{published} 条）",
                    f"its place {row.place} is beyond the ledger",
                )
                continue
            entry = parse_row(row, self._found)
            if entry is None:
                continue
            leaf = leaf_hash(row.leaf)
            check_columns(row, entry, leaf, self._found)
            self._take(entry, leaf, None)

    def _read_objects(self, deep: DeepCheck) -> None:
        for ref in sorted(self._objects, key=lambda ref: ref.sha256):
            try:
                deep(ref)
            except LiuhenError as error:
                self._found.altered_by(f"object {ref.sha256}", error)


def _numbered(bundle: Bundle) -> Iterator[tuple[int, bytes, bytes | None]]:
    pairs = zip(bundle.leaves, bundle.entries, strict=True)
    return ((index, leaf, data) for index, (leaf, data) in enumerate(pairs, bundle.first))


@contextmanager
def _snapshot() -> Iterator[None]:
    """Let all reads of the block see one state of the database, without keeping writers out."""
    if connection.in_atomic_block:
        yield
        return
    isolation = "" if connection.vendor == "sqlite" else " ISOLATION LEVEL REPEATABLE READ READ ONLY"
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN{isolation}")
        cursor.execute("SELECT 1 FROM ledger_event LIMIT 1")  # the first read is what pins the state
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ROLLBACK")
