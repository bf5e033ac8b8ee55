"""The integrator: takes events in the order they were committed and puts them into the tree.

Order of each batch: entry bundles and tiles, durable; the signer's state, durable; the checkpoint, by rename; then the
events' indexes in the database. A crash between any two leaves something that `recover` completes, because everything
before the checkpoint is determined by what is signed, and everything after it can be read back from the bundles.
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
import threading
import time
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from liuhen.core.entry import Entry
from liuhen.core.errors import LiuhenError
from liuhen.core.tlog.checkpoint import open_checkpoint
from liuhen.core.tlog.merkle import tree_root
from liuhen.core.tlog.tiles import (
    CHECKPOINT_PATH,
    TILE_WIDTH,
    TileHashReader,
    decode_bundle,
    grow,
    grow_bundles,
)
from liuhen.server.kernel import clock
from liuhen.server.ledger import heads, wake
from liuhen.server.ledger.errors import IntegratorTakenError, LedgerFilesError
from liuhen.server.ledger.files import LedgerFolder
from liuhen.server.ledger.models import CheckpointRow, Event
from liuhen.server.ledger.signer import Signer, load_key

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

__all__ = ["BATCH", "Integrator", "IntegratorThread", "start_integrator"]

BATCH: Final = 2048
_POLL_S: Final = 0.2
_IDLE_S: Final = 300.0
_RETRY_S: Final = 5.0
_log = logging.getLogger(__name__)


class Integrator:
    """Sequences one ledger. Holds the ledger's lock from `open` to `close`; there is one at a time."""

    def __init__(self, folder: LedgerFolder, signer: Signer) -> None:
        self._folder = folder
        self._signer = signer
        self._lock: int | None = None
        self._size = 0
        self._root = b""

    @property
    def size(self) -> int:
        """Entries under the newest checkpoint."""
        return self._size

    def open(self) -> None:
        """Take the ledger's lock and complete what a crash left.

        Raises:
            IntegratorTakenError: another process has the lock.
            LedgerFilesError, SignerRefusesError: the folder is not the one that was signed.
        """
        self._folder.root.mkdir(mode=0o755, parents=True, exist_ok=True)
        lock = os.open(self._folder.root / "integrator.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise IntegratorTakenError(path=self._folder.root) from error
        self._lock = lock
        self.recover()

    def close(self) -> None:
        """Let the lock go."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def recover(self) -> None:
        """Bring checkpoint and database up to what was signed last."""
        self._size, self._root = self._signer.last()
        if self._published() != (self._size, self._root):
            self._publish(clock.now())
        self._index_from_bundles()

    def step(self, at: datetime) -> int:
        """Sequence one batch and return how many events it held."""
        events = list(
            Event.objects.filter(index__isnull=True).order_by("seq").values_list("seq", "leaf", "leaf_hash")[:BATCH]
        )
        if not events:
            return 0
        first = self._size
        leaves = [bytes(leaf) for _, leaf, _ in events]
        width = first % TILE_WIDTH
        partial = self._folder.read_bundle(first // TILE_WIDTH, width) if width else b""
        bundles = grow_bundles(first, leaves, partial)
        old_root = self._root if first else None
        root, tiles = grow(first, [bytes(digest) for *_, digest in events], self._folder, old_root=old_root)
        self._folder.write_all([*bundles, *tiles])
        self._size, self._root = first + len(events), root
        try:
            self._publish(at)
        except BaseException:
            self._size, self._root = self._signer.last()
            raise
        self._set_indexes([(first + place, seq) for place, (seq, *_) in enumerate(events)])
        self._drop_partials(path for path, _ in [*bundles, *tiles])
        wake.advance()
        return len(events)

    def reaffirm(self) -> None:
        """Check that the published checkpoint is the one signed last, and publish it again if it is not."""
        if self._published() != self._signer.last():
            self.recover()

    def _published(self) -> tuple[int, bytes] | None:
        try:
            note = self._folder.read(CHECKPOINT_PATH)
        except FileNotFoundError:
            return None
        checkpoint = open_checkpoint(note, self._signer.verifier)
        return checkpoint.size, checkpoint.root

    def _publish(self, at: datetime) -> None:
        reader = TileHashReader(self._folder, self._size)
        found = tree_root(self._size, reader)
        if found != self._root:
            raise LedgerFilesError(path=self._folder.root / "tile", problem=f"root {found.hex()} of size {self._size}")
        note = self._signer.sign(self._size, self._root, reader)
        self._folder.write_all([(CHECKPOINT_PATH, note)])
        CheckpointRow.objects.bulk_create(
            [CheckpointRow(size=self._size, note=note, signed_at=at)], ignore_conflicts=True
        )

    @transaction.atomic
    def _set_indexes(self, places: Sequence[tuple[int, int]]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany('UPDATE ledger_event SET "index" = %s WHERE seq = %s AND "index" IS NULL', places)

    def _index_from_bundles(self) -> None:
        """Set the indexes that a crash after the checkpoint kept from the database."""
        done = Event.objects.filter(index__isnull=False).count()
        while done < self._size:
            bundle = done // TILE_WIDTH
            width = min(TILE_WIDTH, self._size - bundle * TILE_WIDTH)
            entries = decode_bundle(self._folder.read_bundle(bundle, width), width)
            ids = [Entry.from_bytes(data).id for data in entries]
            seqs = dict(Event.objects.filter(id__in=ids).values_list("id", "seq"))
            missing = [str(entry) for entry in ids if entry not in seqs]
            if missing:
                raise LedgerFilesError(path=self._folder.root, problem=f"entries without rows: {missing[:3]}")
            base = bundle * TILE_WIDTH
            self._set_indexes([(base + place, seqs[entry]) for place, entry in enumerate(ids)])
            done = base + width

    def _drop_partials(self, paths: object) -> None:
        """Remove the partial tiles and bundles whose full one is published now."""
        for path in paths:  # type: ignore[attr-defined]  # an iterable of str
            if not path.rpartition("/")[0].endswith(".p"):
                shutil.rmtree(self._folder.root / f"{path}.p", ignore_errors=True)


class IntegratorThread:
    """The integrator of this process, in a thread. `problem` is what stopped it, None while it is well."""

    def __init__(self, integrator: Integrator) -> None:
        self._integrator = integrator
        self._stopping = threading.Event()
        self.problem: LiuhenError | None = None
        self._thread = threading.Thread(target=self._run, name="integrator", daemon=True)

    def start(self) -> None:
        """Open the ledger in the caller's thread, so that what is wrong with it is raised there, and begin."""
        self._integrator.open()
        self._thread.start()

    def stop(self) -> None:
        """Sequence what is there, then end."""
        self._stopping.set()
        wake.ring()
        self._thread.join()
        self._integrator.close()

    def _run(self) -> None:
        checked = time.monotonic()
        try:
            while not self._stopping.is_set():
                if self._once() and not self._stopping.is_set():
                    wake.wait_bell(_POLL_S if self.problem is None else _RETRY_S)
                if time.monotonic() - checked > _IDLE_S:
                    checked = time.monotonic()
                    self._integrator.reaffirm()
            self._once()
        finally:
            connection.close()

    def _once(self) -> bool:
        """Sequence one batch; return whether there was nothing more to do."""
        try:
            at = clock.now()
            heads.write_heads(self._integrator_folder, at)
            count = self._integrator.step(at)
        except (LiuhenError, OSError, DatabaseError) as error:
            _log.exception("the integrator cannot go on; it tries again in %.0f s", _RETRY_S)
            self.problem = error if isinstance(error, LiuhenError) else LedgerFilesError(path="-", problem=str(error))
            return True
        self.problem = None
        return count < BATCH

    @property
    def _integrator_folder(self) -> LedgerFolder:
        return self._integrator._folder  # noqa: SLF001 - one module, two halves


def start_integrator() -> IntegratorThread:
    """Start the integrator of this instance.

    Raises:
        LedgerError: it cannot start; the subclass says why.
    """
    instance = settings.INSTANCE
    folder = LedgerFolder(instance.ledger)
    thread = IntegratorThread(Integrator(folder, Signer(folder, load_key(instance.ledger_key_file))))
    thread.start()
    return thread
