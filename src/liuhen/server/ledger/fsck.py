"""fsck: the ledger's files against themselves, the database against the ledger, and upper apps' rows against both.

The files are checked by `liuhen.core.verify`, the same code that checks an export; this module adds what only the
server can know. It may run while the server works: it pins the checkpoint that it found at the start.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings

from liuhen.core.digests import hmac_sha256, sha256
from liuhen.core.entry import Entry, EntryError, EventType
from liuhen.core.tlog.merkle import leaf_hash
from liuhen.core.tlog.tiles import CHECKPOINT_PATH, TILE_WIDTH, BundlePath, decode_bundle, encode_bundle, parse_path
from liuhen.core.tlog.tiles import tree_paths as paths_of_tree
from liuhen.core.verify import VerificationError, verify_export
from liuhen.server.ledger import selectors
from liuhen.server.ledger.errors import LedgerError
from liuhen.server.ledger.files import LedgerFolder
from liuhen.server.ledger.heads import heads_path
from liuhen.server.ledger.interfaces import Discrepancy, DiscrepancyKind
from liuhen.server.ledger.models import Event, SubjectHead
from liuhen.server.ledger.projections import projections
from liuhen.server.ledger.signer import Signer, load_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from uuid import UUID

    from liuhen.core.verify import ExportFacts, ExportFiles
    from liuhen.server.ledger.interfaces import Projection

__all__ = ["FsckReport", "check_ledger", "pinned_files"]

_CHUNK: Final = 2000
_COLUMNS: Final = ("index", "id", "type", "time", "subject", "n", "actor", "leaf", "leaf_hash", "salt", "private")


@dataclass(frozen=True, slots=True)
class FsckReport:
    """What fsck found: entries under the checkpoint, events not sequenced yet, and every discrepancy."""

    entries: int
    unsequenced: int
    discrepancies: tuple[Discrepancy, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.discrepancies


class _PinnedFiles:
    """The live ledger folder as it stands under one checkpoint, see `ExportFiles`."""

    def __init__(self, folder: LedgerFolder, note: bytes, size: int) -> None:
        self._folder = folder
        self._note = note
        self._size = size

    def read(self, path: str) -> bytes:
        if path == CHECKPOINT_PATH:
            return self._note
        try:
            return self._folder.read(path)
        except FileNotFoundError:
            return self._from_wider(path)

    def paths(self) -> Iterable[str]:
        return [CHECKPOINT_PATH, *paths_of_tree(self._size)]

    def _from_wider(self, path: str) -> bytes:
        """Read a partial file from the full one, which took its place after the checkpoint was pinned."""
        place = parse_path(path)
        if place.width == TILE_WIDTH:
            raise FileNotFoundError(path)
        wide = self._folder.read(path.rpartition(".p/")[0])
        if isinstance(place, BundlePath):
            return encode_bundle(decode_bundle(wide, TILE_WIDTH)[: place.width])
        return wide[: place.width * 32]


def pinned_files(note: bytes, size: int) -> ExportFiles:
    """Return the ledger's files as they stand under the checkpoint `note` of `size` entries, while it grows."""
    return _PinnedFiles(selectors.ledger_folder(), note, size)


class _Run:
    """One run; collects discrepancies."""

    def __init__(self) -> None:
        instance = settings.INSTANCE
        self.folder = LedgerFolder(instance.ledger)
        self.signer = Signer(self.folder, load_key(instance.ledger_key_file))
        self.found: list[Discrepancy] = []
        self.projections: list[Projection] = projections()
        self._rows: Iterator[tuple[object, ...]] = iter(())
        self._ahead: tuple[object, ...] | None = None
        self._heads: dict[str, tuple[str, int]] = {}

    def note(self, kind: DiscrepancyKind, where: str, what: str) -> None:
        self.found.append(Discrepancy(kind, where, what))

    def check(self) -> FsckReport:
        note = selectors.latest_note()
        if note is None:
            self.note(DiscrepancyKind.MISSING, CHECKPOINT_PATH, "there is no checkpoint")
            return FsckReport(0, Event.objects.count(), tuple(self.found))
        try:
            facts = self._check_files(note)
        except (VerificationError, LedgerError) as error:
            self.note(DiscrepancyKind.ALTERED, "ledger files", f"{error.code}: {error}")
            return FsckReport(0, Event.objects.filter(index__isnull=True).count(), tuple(self.found))
        size = facts.checkpoint.size
        self._check_signer(size, facts.checkpoint.root)
        self._check_extra_rows(size)
        unsequenced = self._check_unsequenced(size)
        self._check_subject_heads()
        self._check_head_files()
        for projection in self.projections:
            self.found += projection.check()
        return FsckReport(size, unsequenced, tuple(self.found))

    def _check_files(self, note: bytes) -> ExportFacts:
        size = int(note.split(b"\n", 2)[1])
        rows = Event.objects.filter(index__lt=size).order_by("index").values_list(*_COLUMNS)
        self._rows = rows.iterator(_CHUNK)
        self._ahead = next(self._rows, None)
        return verify_export(
            _PinnedFiles(self.folder, note, size),
            key=self.signer.verifier,
            origin=self.signer.origin,
            visit=self._visit,
        )

    def _visit(self, index: int, entry: Entry, leaf: bytes) -> None:
        row = self._ahead
        if row is None or row[0] != index:
            self.note(DiscrepancyKind.MISSING, f"event {entry.id}", f"entry {index} has no row")
        else:
            self._ahead = next(self._rows, None)
            self._compare(row, entry, leaf)
        self._follow(entry, leaf)

    def _follow(self, entry: Entry, leaf: bytes) -> None:
        self._heads[entry.subject] = (leaf.hex(), entry.n)
        for projection in self.projections:
            projection.read(entry)

    def _compare(self, row: tuple[object, ...], entry: Entry, leaf: bytes) -> None:
        index, event_id, type_, time, subject, n, actor, data, digest, salt, private = row
        same = (event_id, type_, time, subject, n, actor) == (
            entry.id,
            entry.type.value,
            entry.time,
            entry.subject,
            entry.n,
            entry.actor,
        )
        if not same or bytes(digest) != leaf or leaf_hash(bytes(data)) != leaf:  # type: ignore[call-overload]  # columns of bytes
            self.note(DiscrepancyKind.ALTERED, f"event {entry.id}", f"its row differs from entry {index}")
        self._check_opening(entry, salt, private)

    def _check_opening(self, entry: Entry, salt: object, private: object) -> None:
        if entry.private is None:
            if salt is not None or private is not None:
                self.note(
                    DiscrepancyKind.EXTRA, f"event {entry.id}", "it has private details that it does not commit to"
                )
        elif salt is None or private is None:
            self.note(DiscrepancyKind.MISSING, f"event {entry.id}", "the private details that it commits to are gone")
        elif hmac_sha256(bytes(salt), bytes(private)).hex() != entry.private:  # type: ignore[call-overload]  # as above
            self.note(DiscrepancyKind.ALTERED, f"event {entry.id}", "its private details are not those it commits to")

    def _check_signer(self, size: int, root: bytes) -> None:
        signed, signed_root = self.signer.last()
        if signed < size or (signed == size and signed_root != root):
            self.note(DiscrepancyKind.ALTERED, "signer state", f"it says {signed} {signed_root.hex()}, not size {size}")

    def _check_extra_rows(self, size: int) -> None:
        if self._ahead is not None:
            self.note(DiscrepancyKind.EXTRA, f"event {self._ahead[1]}", f"its index {self._ahead[0]} is used twice")
        newest = max(size, self.signer.last()[0])
        beyond: Iterable[UUID] = Event.objects.filter(index__gte=newest).values_list("id", flat=True)
        for event_id in beyond:
            self.note(DiscrepancyKind.EXTRA, f"event {event_id}", "its index lies beyond the ledger")

    def _check_unsequenced(self, size: int) -> int:
        count = 0
        waiting = Event.objects.order_by("seq").exclude(index__lt=size)
        for row in waiting.values_list(*_COLUMNS).iterator(_CHUNK):
            count += row[0] is None
            try:
                entry = Entry.from_bytes(bytes(row[7]))
            except EntryError as error:
                self.note(DiscrepancyKind.ALTERED, f"event {row[1]}", f"{error.code}: {error}")
                continue
            leaf = leaf_hash(bytes(row[7]))
            head = self._heads.get(entry.subject)
            expected = (head[1] + 1, head[0]) if head else (0, None)
            if (entry.n, entry.prev) != expected:
                self.note(DiscrepancyKind.ALTERED, f"event {entry.id}", f"it does not continue {entry.subject}")
            self._compare(row, entry, leaf)
            self._follow(entry, leaf)
        return count

    def _check_subject_heads(self) -> None:
        rows = {subject: (bytes(leaf).hex(), n) for subject, n, leaf in SubjectHead.objects.values_list()}
        for subject in sorted(rows.keys() | self._heads.keys()):
            ours, theirs = self._heads.get(subject), rows.get(subject)
            if ours == theirs:
                continue
            kind = DiscrepancyKind.ALTERED
            if ours is None or theirs is None:
                kind = DiscrepancyKind.EXTRA if ours is None else DiscrepancyKind.MISSING
            self.note(kind, subject, "its head row is not its last event")

    def _check_head_files(self) -> None:
        for leaf in Event.objects.filter(type=EventType.LEDGER_HEADS).values_list("leaf", flat=True):
            try:
                facts = json.loads(bytes(leaf))["facts"]
                path = heads_path(facts["day"])
                data = self.folder.read(path)
            except (ValueError, KeyError, FileNotFoundError) as error:
                self.note(DiscrepancyKind.MISSING, "daily heads", str(error))
                continue
            if sha256(data).hex() != facts["sha256"]:
                self.note(DiscrepancyKind.ALTERED, path, "it is not the file that its event names")


def check_ledger() -> FsckReport:
    """Check the whole ledger of this instance."""
    return _Run().check()
