"""A small ledger made with the core alone: entries in, files and receipts out."""

from __future__ import annotations

import base64
import random
import uuid
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any, Final

from liuhen.core.entry import SALT_SIZE, Entry, ObjectRef, commit_private
from liuhen.core.events import EventType
from liuhen.core.receipt import build_receipt
from liuhen.core.tlog.checkpoint import Checkpoint, sign_checkpoint
from liuhen.core.tlog.merkle import EMPTY_ROOT, inclusion_proof, leaf_hash
from liuhen.core.tlog.note import SigningKey
from liuhen.core.tlog.proof import TlogProof
from liuhen.core.tlog.tiles import CHECKPOINT_PATH, TileHashReader, entries_path, grow, grow_bundles, tile_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["KEY", "NAME", "ORIGIN", "SALT", "STATION", "SmallLedger", "sealed_entry"]

ORIGIN: Final = "agency.example/liuhen/01890000-0000-7000-8000-00000000000a"
KEY: Final = SigningKey(ORIGIN, bytes(range(32)))
SALT: Final = bytes(range(SALT_SIZE))
STATION: Final = uuid.UUID("01890000-0000-7000-8000-0000000000cc")
NAME: Final = "记录仪0001.mp4".encode("gb18030")
START: Final = datetime(2026, 11, 23, 8, tzinfo=UTC)


def uuid7(number: int) -> uuid.UUID:
    """Return a fixed UUIDv7 for `number`."""
    return uuid.UUID(int=0x0189_0000_0000 << 80 | 7 << 76 | 2 << 62 | number)


def details(name: bytes = NAME) -> dict[str, Any]:
    return {"name": base64.b64encode(name).decode(), "path": "RENDTS0vMDAwMQ=="}


def sealed_entry(number: int = 0, **changes: Any) -> Entry:
    """Return the entry of a sealed recording; `changes` replace its fields."""
    fields: dict[str, Any] = {
        "id": uuid7(number),
        "type": EventType.RECORDING_SEALED,
        "time": START + timedelta(milliseconds=number),
        "subject": f"recording/{uuid7(1000 + number)}",
        "n": 0,
        "prev": None,
        "actor": f"station/{STATION}",
        "objects": (ObjectRef("original", f"{number:064x}", f"{number + 1:064x}", 4096 + number),),
        "facts": {"kind": "video", "duration_ms": 5000, "important": True, "sequence": None},
        "private": commit_private(SALT, details()),
    }
    return Entry(**fields | changes)


class SmallLedger:
    """A ledger in memory: `files` hold what an export would."""

    def __init__(self, key: SigningKey = KEY) -> None:
        self.key = key
        self.entries: list[bytes] = []
        self.files: dict[str, bytes] = {}
        self.root = EMPTY_ROOT
        self._heads: dict[str, tuple[int, str]] = {}
        self._publish()

    @property
    def size(self) -> int:
        return len(self.entries)

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        return self.files[tile_path(level, index, width)]

    def append(self, *entries: bytes) -> None:
        """Append leaf bytes as they are, in one batch, and publish a checkpoint."""
        partial = self.files.get(entries_path(self.size // 256, self.size % 256), b"") if self.size % 256 else b""
        self.root, tiles = grow(self.size, [leaf_hash(data) for data in entries], self, old_root=self.root)
        for path, data in (*tiles, *grow_bundles(self.size, entries, partial)):
            assert path not in self.files, f"{path} was written twice"
            self.files[path] = data
        self.entries += entries
        self._publish()

    def _publish(self) -> None:
        self.files[CHECKPOINT_PATH] = sign_checkpoint(Checkpoint(self.key.name, self.size, self.root), self.key)

    def chained(self, entry: Entry) -> bytes:
        """Return the leaf bytes of `entry` as the next event of its subject."""
        n, prev = self._heads.get(entry.subject, (-1, None))
        data = Entry(
            id=entry.id,
            type=entry.type,
            time=entry.time,
            subject=entry.subject,
            n=n + 1,
            prev=prev,
            actor=entry.actor,
            objects=entry.objects,
            facts=entry.facts,
            private=entry.private,
        ).to_bytes()
        self._heads[entry.subject] = (n + 1, leaf_hash(data).hex())
        return data

    def fill(self, count: int, *, batch: int = 100, seed: int = 1) -> SmallLedger:
        """Append `count` chained events of a few subjects, in batches."""
        chance = random.Random(seed)  # noqa: S311 - an example, the same in every run
        for chunk in batched(list(self._events(count, chance)), batch):
            self.append(*chunk)
        return self

    def _events(self, count: int, chance: random.Random) -> Iterator[bytes]:
        for number in range(self.size, self.size + count):
            subject = f"recording/{uuid7(1000 + chance.randrange(1 + count // 3))}"
            yield self.chained(sealed_entry(number, subject=subject))

    def proof(self, index: int) -> TlogProof:
        hashes = inclusion_proof(index, self.size, TileHashReader(self, self.size))
        return TlogProof(index, tuple(hashes), self.files[CHECKPOINT_PATH])

    def receipt(self, index: int, *, salt: bytes = SALT, opened: dict[str, Any] | None = None) -> bytes:
        return build_receipt(entry=self.entries[index], proof=self.proof(index), salt=salt, details=opened or details())

    # The ledger stands in for an exported folder, see liuhen.core.verify.ExportFiles.

    def read(self, path: str) -> bytes:
        try:
            return self.files[path]
        except KeyError as error:
            raise FileNotFoundError(path) from error

    def paths(self) -> Iterator[str]:
        return iter(sorted(self.files))

    def write(self, folder: Path) -> Path:
        """Write the files and the key, as an export would, and return `folder`."""
        for path, data in {**self.files, "log.vkey": f"{self.key.verifier.to_text()}\n".encode()}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        return folder
