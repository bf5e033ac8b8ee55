"""The files of the tree: which of them are not what the signed root vouches for.

A bundle gives leaf hashes, a tile states them; a full tile's own hash stands in the tile above it, and the tiles at the
right edge make the root. So wherever two files contradict each other, the signed root says which of them is false.
"""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from liuhen.core.tlog.errors import TilePathError, TlogError
from liuhen.core.tlog.merkle import EMPTY_ROOT, HASH_SIZE, leaf_hash, node_hash, tree_root
from liuhen.core.tlog.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    BundlePath,
    TileHashReader,
    decode_bundle,
    edge_root,
    entries_path,
    parse_path,
    places,
    tile_path,
    tile_root,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liuhen.core.tlog.checkpoint import Checkpoint
    from liuhen.server.ledger.files import LedgerFolder
    from liuhen.server.ledger.fsck.report import Discrepancies

__all__ = ["Bundle", "GrowingRoot", "TreeCheck"]

_OLDER: Final = ("与取代它的文件开头不符", "it is not the beginning of what took its place")


@dataclass(frozen=True, slots=True)
class Bundle:
    """The entries from `first` on: their leaf hashes as the tree has them, and each one's bytes where they match."""

    first: int
    leaves: list[bytes]
    entries: list[bytes | None]


class GrowingRoot:
    """The root of a tree that grows by one leaf at a time."""

    def __init__(self) -> None:
        self.size = 0
        self._complete: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add a leaf hash at the right."""
        count, node = self.size, leaf
        while count & 1:
            node = node_hash(self._complete.pop(), node)
            count >>= 1
        self._complete.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root as of now."""
        if not self._complete:
            return EMPTY_ROOT
        node = self._complete[-1]
        for left in reversed(self._complete[:-1]):
            node = node_hash(left, node)
        return node


class TreeCheck:
    """One check of the tree of `checkpoint`; it is done when `bundles` are through."""

    def __init__(self, folder: LedgerFolder, checkpoint: Checkpoint, found: Discrepancies) -> None:
        self._folder = folder
        self._checkpoint = checkpoint
        self._size = checkpoint.size
        self._found = found
        self._rows: list[bytearray] = [bytearray()]  # by level: the hashes of the full tiles of that level
        self._edge: dict[int, bytes] = {}
        self._doubts: list[tuple[int, int, int, bytes, bytes]] = []
        self._above: tuple[int, int, bytes | None] = (0, -1, None)
        self._named: set[str] = set()
        self._narrower = self._survey()
        self._edge_is_true = self._stored_root() == checkpoint.root

    def bundles(self) -> Iterator[Bundle]:
        """Yield all bundles in order."""
        for index, width in places(self._size):
            entries = self._bundle(index, width)
            hashes = None if entries is None else [leaf_hash(data) for data in entries]
            row = self._settle(0, index, width, None if hashes is None else b"".join(hashes))
            self._check_narrower_bundles(index, row)
            leaves = [row[at : at + HASH_SIZE] for at in range(0, len(row), HASH_SIZE)]
            if entries is None or hashes is None:
                yield Bundle(index * TILE_WIDTH, leaves, [None] * len(leaves))
                continue
            kept = entries if hashes == leaves else _matching(entries, hashes, leaves)
            yield Bundle(index * TILE_WIDTH, leaves, [*kept])
        self._finish()

    def _finish(self) -> None:
        """Check the levels above the leaves, and the root."""
        level = 1
        while row := bytes(self._rows[level - 1]):
            self._rows.append(bytearray())
            for index, width in places(len(row) // HASH_SIZE):
                start = index * TILE_WIDTH * HASH_SIZE
                self._settle(level, index, width, row[start : start + width * HASH_SIZE])
            level += 1
        root = edge_root(self._size, self._edge)
        for level, index, width, stored, computed in self._doubts:
            self._blame_tile(level, index, width)
            if root != self._checkpoint.root:
                self._blame_below(level, index, width, stored, computed)
        if root != self._checkpoint.root and not self._named:
            self._found.altered(
                "checkpoint",
                f"{self._size} 条条目算得的根为 {root.hex()}，检查点签名的根为 {self._checkpoint.root.hex()}",
                f"the {self._size} entries make root {root.hex()}, the checkpoint signs {self._checkpoint.root.hex()}",
            )

    def _settle(self, level: int, index: int, width: int, computed: bytes | None) -> bytes:
        """Return the hashes of a tile as the tree has them, and name what contradicts them."""
        stored = self._tile(level, index, width)
        row = self._judge(level, index, width, stored, computed)
        self._check_narrower_tiles(level, index, row)
        if width == TILE_WIDTH:
            self._rows[level] += tile_root(row)
        else:
            self._edge[level] = row
        return row

    def _judge(self, level: int, index: int, width: int, stored: bytes | None, computed: bytes | None) -> bytes:
        if stored is None or computed is None or stored == computed:
            return stored or computed or bytes(width * HASH_SIZE)
        above = self._hash_above(level, index) if width == TILE_WIDTH else None
        if (above == tile_root(stored)) if width == TILE_WIDTH else self._edge_is_true:
            self._blame_below(level, index, width, stored, computed)
            return stored
        if above is not None and above == tile_root(computed):
            self._blame_tile(level, index, width)
        else:
            self._doubts.append((level, index, width, stored, computed))
        return computed

    def _blame_tile(self, level: int, index: int, width: int) -> None:
        path = tile_path(level, index, width)
        self._name(path, "与签名的账本树不符", "its hashes are not those of the signed tree")

    def _blame_below(self, level: int, index: int, width: int, stored: bytes, computed: bytes) -> None:
        """Name what made `computed` differ from the true `stored`: the bundle, or the tiles one level down."""
        if level == 0:
            self._blame_bundle(index, width)
            return
        for place in range(width):
            part = slice(place * HASH_SIZE, (place + 1) * HASH_SIZE)
            if stored[part] != computed[part]:
                child = index * TILE_WIDTH + place
                self._blame_tile(level - 1, child, TILE_WIDTH)
                if level == 1:
                    self._blame_bundle(child, TILE_WIDTH)

    def _name(self, path: str, zh: str, en: str, *, missing: bool = False) -> None:
        """Name a file, once."""
        if path in self._named:
            return
        self._named.add(path)
        if missing:
            self._found.missing(path, zh, en)
        else:
            self._found.altered(path, zh, en)

    def _blame_bundle(self, index: int, width: int) -> None:
        path = entries_path(index, width)
        self._name(path, "其中的条目与签名的账本树不符", "its entries are not those of the signed tree")

    def _tile(self, level: int, index: int, width: int) -> bytes | None:
        path = tile_path(level, index, width)
        try:
            data = self._folder.read_tile(level, index, width)
        except OSError:
            self._name(path, "哈希块缺失或无法读取", "the tile is missing or unreadable", missing=True)
            return None
        if len(data) != width * HASH_SIZE:
            due = width * HASH_SIZE
            self._name(path, f"有 {len(data)} 字节，应为 {due} 字节", f"it has {len(data)} bytes, not {due}")
            return None
        return data

    def _bundle(self, index: int, width: int) -> list[bytes] | None:
        path = entries_path(index, width)
        try:
            return decode_bundle(self._folder.read_bundle(index, width), width)
        except OSError:
            self._name(path, "条目包缺失或无法读取", "the entry bundle is missing or unreadable", missing=True)
        except TlogError:
            self._name(path, "条目包不完整或有多余内容", "the entry bundle is cut short or holds too much")
        return None

    def _hash_above(self, level: int, index: int) -> bytes | None:
        """Return what the stored tile above says of this full tile, None where it cannot be read."""
        over, place = divmod(index, TILE_WIDTH)
        if self._above[:2] != (level + 1, over):
            width = min(TILE_WIDTH, (self._size >> TILE_HEIGHT * (level + 1)) - over * TILE_WIDTH)
            self._above = (level + 1, over, self._tile(level + 1, over, width))
        data = self._above[2]
        return None if data is None else data[place * HASH_SIZE : (place + 1) * HASH_SIZE]

    def _stored_root(self) -> bytes | None:
        try:
            return tree_root(self._size, TileHashReader(self._folder, self._size))
        except (TlogError, LookupError, OSError):
            return None

    def _survey(self) -> dict[tuple[int, int], list[int]]:
        """Return the widths of older partial files by level (-1: bundles) and index, and name what is no file of ours.

        What lies beyond the checkpoint is the integrator's work in progress.
        """
        narrower: dict[tuple[int, int], list[int]] = defaultdict(list)
        for path in _paths_below(self._folder.root, "tile"):
            try:
                place = parse_path(path)
            except TilePathError:
                self._found.surplus(path, "不是账本文件", "no file of a ledger has this name")
                continue
            level = -1 if isinstance(place, BundlePath) else place.level
            here = (self._size >> TILE_HEIGHT * max(level, 0)) - place.index * TILE_WIDTH
            if place.width < min(here, TILE_WIDTH):
                narrower[level, place.index].append(place.width)
        return narrower

    def _check_narrower_tiles(self, level: int, index: int, row: bytes) -> None:
        for width in self._narrower.get((level, index), ()):
            path = tile_path(level, index, width)
            data = self._older(path)
            if data is not None and data != row[: width * HASH_SIZE]:
                self._found.altered(path, *_OLDER)

    def _check_narrower_bundles(self, index: int, row: bytes) -> None:
        for width in self._narrower.get((-1, index), ()):
            path = entries_path(index, width)
            data = self._older(path)
            if data is not None and _hashes_of(data, width) != row[: width * HASH_SIZE]:
                self._found.altered(path, *_OLDER)

    def _older(self, path: str) -> bytes | None:
        """Return an older partial file; None where the full one has taken its place meanwhile."""
        try:
            return self._folder.read(path)
        except FileNotFoundError:
            return None
        except OSError:
            return b""


def _hashes_of(bundle: bytes, width: int) -> bytes | None:
    try:
        return b"".join(leaf_hash(data) for data in decode_bundle(bundle, width))
    except TlogError:
        return None


def _matching(entries: list[bytes], hashes: list[bytes], leaves: list[bytes]) -> list[bytes | None]:
    return [data if found == leaf else None for data, found, leaf in zip(entries, hashes, leaves, strict=True)]


def _paths_below(root: Path, folder: str) -> Iterator[str]:
    for parent, _, names in os.walk(root / folder):
        for name in names:
            yield Path(parent, name).relative_to(root).as_posix()
