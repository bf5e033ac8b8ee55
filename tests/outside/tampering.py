"""Ways to tamper with an exported ledger; every verifier must refuse each of them.

They work on any export of at least three entries: one made in a test, or one made by a running server.
"""

from __future__ import annotations

import dataclasses
import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from liuhen.core.entry import Entry
from liuhen.core.tlog.checkpoint import Checkpoint, sign_checkpoint
from liuhen.core.tlog.merkle import leaf_hash
from liuhen.core.tlog.note import SigningKey, sign_note
from liuhen.core.tlog.tiles import (
    CHECKPOINT_PATH,
    TILE_WIDTH,
    decode_bundle,
    encode_bundle,
    entries_path,
    grow,
    grow_bundles,
    tile_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["TAMPERINGS", "Tampering"]


@dataclass(frozen=True, slots=True)
class Tampering:
    """One way to tamper.

    `apply` alters the export in a folder; it is given the ledger's own key, since the operator is not trusted either.
    `needs_old` says that only an older checkpoint (the export's own, kept aside before) shows it.
    """

    name: str
    apply: Callable[[Path, SigningKey], None]
    needs_old: bool = False


class _NoTiles:
    """The tiles of an empty tree."""

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        raise LookupError(level, index, width)


def _head(folder: Path) -> Checkpoint:
    text, _, _ = (folder / CHECKPOINT_PATH).read_text(encoding="utf-8").rpartition("\n\n")
    return Checkpoint.parse(text + "\n")


def _bundles(folder: Path) -> list[tuple[Path, int]]:
    size = _head(folder).size
    widths = [(first // TILE_WIDTH, min(TILE_WIDTH, size - first)) for first in range(0, size, TILE_WIDTH)]
    return [(folder / entries_path(*place), place[1]) for place in widths]


def _entries(folder: Path) -> list[bytes]:
    return [entry for path, width in _bundles(folder) for entry in decode_bundle(path.read_bytes(), width)]


def _write_anew(folder: Path, entries: list[bytes], key: SigningKey) -> None:
    """Write the whole ledger anew from `entries`, signed with `key`."""
    shutil.rmtree(folder / "tile")
    root, tiles = grow(0, [leaf_hash(entry) for entry in entries], _NoTiles())
    for path, data in (*tiles, *grow_bundles(0, entries)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    (folder / CHECKPOINT_PATH).write_bytes(sign_checkpoint(Checkpoint(key.name, len(entries), root), key))


def _altered(entry: bytes) -> bytes:
    """Return a well-formed entry that tells the event a little later."""
    event = Entry.from_bytes(entry)
    return dataclasses.replace(event, time=event.time + timedelta(milliseconds=1)).to_bytes()


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def _flip_leaf_byte(folder: Path, _key: SigningKey) -> None:
    _flip(_bundles(folder)[0][0], 40)


def _swap_entries(folder: Path, _key: SigningKey) -> None:
    path, width = _bundles(folder)[0]
    first, second, *rest = decode_bundle(path.read_bytes(), width)
    path.write_bytes(encode_bundle([second, first, *rest]))


def _drop_last_entry(folder: Path, _key: SigningKey) -> None:
    path, width = _bundles(folder)[-1]
    path.write_bytes(encode_bundle(decode_bundle(path.read_bytes(), width)[:-1]))


def _truncate_tile(folder: Path, _key: SigningKey) -> None:
    path = folder / tile_path(0, 0, _bundles(folder)[0][1])
    path.write_bytes(path.read_bytes()[:-32])


def _flip_tile_byte(folder: Path, _key: SigningKey) -> None:
    _flip(folder / tile_path(0, 0, _bundles(folder)[0][1]), 0)


def _replace_entry_and_its_hash(folder: Path, _key: SigningKey) -> None:
    path, width = _bundles(folder)[-1]
    *rest, last = decode_bundle(path.read_bytes(), width)
    path.write_bytes(encode_bundle([*rest, _altered(last)]))
    tile = folder / tile_path(0, len(_bundles(folder)) - 1, width)
    tile.write_bytes(tile.read_bytes()[:-32] + leaf_hash(_altered(last)))


def _alter_root(folder: Path, _key: SigningKey) -> None:
    path = folder / CHECKPOINT_PATH
    head = _head(folder)
    other = Checkpoint(head.origin, head.size, leaf_hash(head.root))
    path.write_bytes(path.read_bytes().replace(head.to_text().encode(), other.to_text().encode()))


def _lower_size(folder: Path, _key: SigningKey) -> None:
    path = folder / CHECKPOINT_PATH
    head = _head(folder)
    other = Checkpoint(head.origin, head.size - 1, head.root)
    path.write_bytes(path.read_bytes().replace(head.to_text().encode(), other.to_text().encode()))


def _sign_with_another_key(folder: Path, key: SigningKey) -> None:
    impostor = SigningKey.generate(key.name)
    (folder / CHECKPOINT_PATH).write_bytes(sign_note(_head(folder).to_text(), impostor))


def _add_entry_in_the_last_bundle(folder: Path, _key: SigningKey) -> None:
    path, _ = _bundles(folder)[-1]
    path.write_bytes(path.read_bytes() + encode_bundle([b"{}"]))


def _add_bundle_beyond_the_size(folder: Path, _key: SigningKey) -> None:
    path = folder / entries_path(len(_bundles(folder)) + 1, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encode_bundle([b"{}"]))


def _delete_a_bundle(folder: Path, _key: SigningKey) -> None:
    _bundles(folder)[0][0].unlink()


def _rewrite_history(folder: Path, key: SigningKey) -> None:
    *rest, last = _entries(folder)
    _write_anew(folder, [*rest, _altered(last)], key)


def _forget_the_end(folder: Path, key: SigningKey) -> None:
    _write_anew(folder, _entries(folder)[:-1], key)


TAMPERINGS: Final = (
    Tampering("flipped-leaf-byte", _flip_leaf_byte),
    Tampering("swapped-entries", _swap_entries),
    Tampering("dropped-last-entry", _drop_last_entry),
    Tampering("truncated-tile", _truncate_tile),
    Tampering("flipped-tile-byte", _flip_tile_byte),
    Tampering("replaced-entry-and-its-hash", _replace_entry_and_its_hash),
    Tampering("altered-root", _alter_root),
    Tampering("lowered-size", _lower_size),
    Tampering("signature-of-another-key", _sign_with_another_key),
    Tampering("extra-entry-in-the-last-bundle", _add_entry_in_the_last_bundle),
    Tampering("extra-bundle-beyond-the-size", _add_bundle_beyond_the_size),
    Tampering("deleted-bundle", _delete_a_bundle),
    Tampering("rewritten-history", _rewrite_history, needs_old=True),
    Tampering("forgotten-end", _forget_the_end, needs_old=True),
)
"""Every way that is tried."""
