"""C2SP tlog-tiles: the tree and the entries as static files, 256 hashes or entries each.

Normative text: https://c2sp.org/tlog-tiles, and docs/spec/ledger.md for what a ledger writes and when. All paths of
the ledger's files are made and read here. A path is relative to the ledger's prefix, with `/` between its parts.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from liuhen.core.tlog.errors import BundleError, TileError, TilePathError, TreeRootError
from liuhen.core.tlog.merkle import HASH_SIZE, node_hash, tree_root

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = [
    "CHECKPOINT_PATH",
    "TILE_HEIGHT",
    "TILE_WIDTH",
    "BundlePath",
    "TileHashReader",
    "TilePath",
    "TileReader",
    "decode_bundle",
    "edge_root",
    "encode_bundle",
    "entries_path",
    "grow",
    "grow_bundles",
    "parse_path",
    "places",
    "read_tile",
    "tile_path",
    "tile_root",
    "tree_paths",
]

CHECKPOINT_PATH: Final = "checkpoint"
TILE_HEIGHT: Final = 8
TILE_WIDTH: Final = 1 << TILE_HEIGHT
"""Hashes in a full tile, entries in a full bundle."""

_MAX_LEVEL: Final = 63
_MAX_ENTRY: Final = 0xFFFF
_LENGTH: Final = struct.Struct(">H")
_path = re.compile(
    r"tile/(?:(?P<level>0|[1-9][0-9]?)|entries)/(?P<index>(?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
).fullmatch


@dataclass(frozen=True, slots=True)
class TilePath:
    """The place of a tile: level 0 to 63, index within the level, width 1 to 256."""

    level: int
    index: int
    width: int


@dataclass(frozen=True, slots=True)
class BundlePath:
    """The place of an entry bundle: index, and width 1 to 256."""

    index: int
    width: int


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a tile, `tile/<level>/<index>[.p/<width>]`.

    Raises:
        ValueError: there is no such tile.
    """
    if not 0 <= level <= _MAX_LEVEL:
        raise ValueError(f"no tile level {level}")
    return f"tile/{level}/{_place(index, width)}"


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of an entry bundle, `tile/entries/<index>[.p/<width>]`.

    Raises:
        ValueError: there is no such bundle.
    """
    return f"tile/entries/{_place(index, width)}"


def parse_path(path: str) -> TilePath | BundlePath:
    """Return the place that `tile_path` or `entries_path` writes as `path`.

    Raises:
        TilePathError: neither does.
    """
    match = _path(path)
    if match is None:
        raise TilePathError(path=path)
    index = int(match["index"].replace("/", "").replace("x", ""))
    width = int(match["width"] or TILE_WIDTH)
    level = None if match["level"] is None else int(match["level"])
    try:
        again = entries_path(index, width) if level is None else tile_path(level, index, width)
    except ValueError as error:
        raise TilePathError(path=path) from error
    if again != path:
        raise TilePathError(path=path)
    return BundlePath(index, width) if level is None else TilePath(level, index, width)


def tree_paths(size: int) -> list[str]:
    """Return the paths of all tiles and entry bundles of a tree of `size`, each in its greatest width."""
    paths = [entries_path(*place) for place in places(size)]
    level = 0
    while count := size >> TILE_HEIGHT * level:
        paths += [tile_path(level, *place) for place in places(count)]
        level += 1
    return paths


def places(count: int) -> Iterator[tuple[int, int]]:
    """Yield index and greatest width of the tiles, or bundles, that hold `count` hashes, or entries, of one level."""
    for first in range(0, count, TILE_WIDTH):
        yield first // TILE_WIDTH, min(TILE_WIDTH, count - first)


def _place(index: int, width: int) -> str:
    if index < 0 or not 1 <= width <= TILE_WIDTH:
        raise ValueError(f"no tile {index} of width {width}")
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([f"x{part}" for part in parts[:-1]] + parts[-1:])
    return name if width == TILE_WIDTH else f"{name}.p/{width}"


def encode_bundle(entries: Iterable[bytes]) -> bytes:
    """Return the entries, each after its length as a big-endian uint16.

    Raises:
        ValueError: an entry has more than 65,535 bytes.
    """
    parts = []
    for entry in entries:
        if len(entry) > _MAX_ENTRY:
            raise ValueError("an entry has at most 65,535 bytes")
        parts += [_LENGTH.pack(len(entry)), entry]
    return b"".join(parts)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """Return the `width` entries that `data` holds.

    Raises:
        BundleError: it holds fewer, more, or part of one.
    """
    entries = []
    at = 0
    for position in range(width):
        start = at + _LENGTH.size
        if start > len(data):
            raise BundleError(width=width, position=position)
        at = start + _LENGTH.unpack_from(data, at)[0]
        if at > len(data):
            raise BundleError(width=width, position=position)
        entries.append(data[start:at])
    if at != len(data):
        raise BundleError(width=width, position=width)
    return entries


class TileReader(Protocol):
    """A ledger's stored tiles."""

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """Return the `width` hashes of the tile, concatenated.

        Where a partial tile is gone because the full one took its place, its first `width` hashes are the answer.

        Raises:
            LookupError, OSError: it cannot be had.
        """
        ...


class TileHashReader:
    """The hashes of a tree of `size` leaves, read from tiles; each tile is read once.

    What it returns is as true as the tiles are: who hands out a proof made from it verifies the proof first.
    """

    def __init__(self, tiles: TileReader, size: int) -> None:
        self._tiles = tiles
        self._size = size
        self._read: dict[tuple[int, int], bytes] = {}

    def read_hash(self, level: int, index: int) -> bytes:
        """Return the hash of complete subtree (level, index), see `HashReader`."""
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, within = divmod(index << height, TILE_WIDTH)
        data = self._tile(tile_level, tile_index)[within * HASH_SIZE : (within + (1 << height)) * HASH_SIZE]
        if len(data) != HASH_SIZE << height:
            raise LookupError(f"a tree of size {self._size} has no subtree ({level}, {index})")
        return tile_root(data)

    def _tile(self, level: int, index: int) -> bytes:
        data = self._read.get((level, index))
        if data is None:
            width = min(TILE_WIDTH, (self._size >> TILE_HEIGHT * level) - index * TILE_WIDTH)
            data = read_tile(self._tiles, level, index, width) if width > 0 else b""
            self._read[level, index] = data
        return data


def read_tile(tiles: TileReader, level: int, index: int, width: int) -> bytes:
    """Return a tile after checking its length.

    Raises:
        TileError: it has another length than `width` hashes.
    """
    data = tiles.read_tile(level, index, width)
    if len(data) != width * HASH_SIZE:
        path = tile_path(level, index, width)
        raise TileError(path=path, found=len(data), expected=width * HASH_SIZE)
    return data


def tile_root(data: bytes) -> bytes:
    """Return the hash of the complete subtree whose 1, 2, 4 ... or 256 leaves are the hashes concatenated in `data`."""
    row = [data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE)]
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


class _Edge:
    """The rightmost tiles of a tree, by level."""

    def __init__(self, tiles: Mapping[int, bytes]) -> None:
        self._tiles = tiles

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """Return the rightmost tile of `level`, see `TileReader`."""
        del index, width
        return self._tiles[level]


def edge_root(size: int, tiles: Mapping[int, bytes]) -> bytes:
    """Return the root of a tree of `size` leaves, which its rightmost partial tiles alone make; `tiles` by level."""
    return tree_root(size, TileHashReader(_Edge(tiles), size))


def grow(
    old_size: int, leaf_hashes: Sequence[bytes], reader: TileReader, *, old_root: bytes | None = None
) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Append `leaf_hashes` to a tree of `old_size`; return the new root and every tile to write, as (path, bytes).

    Reads one partial tile per level. Given `old_root`, it first checks that these make that root, so that a damaged
    tile is never built upon. Each path is new to the ledger: a tile is written once and never changed. The tiles must
    be durable before a checkpoint with the new root is published.

    Raises:
        TileError: a tile read has the wrong length.
        TreeRootError: the tiles read do not make `old_root`.
        ValueError: a leaf hash has not 32 bytes.
    """
    if any(len(leaf) != HASH_SIZE for leaf in leaf_hashes):
        raise ValueError("a leaf hash has 32 bytes")
    written: list[tuple[str, bytes]] = []
    old_edge: dict[int, bytes] = {}
    new_edge: dict[int, bytes] = {}
    incoming, level = b"".join(leaf_hashes), 0
    while incoming or old_size >> TILE_HEIGHT * level:
        index, width = divmod(old_size >> TILE_HEIGHT * level, TILE_WIDTH)
        held = read_tile(reader, level, index, width) if width else b""
        full, rest = _cut(held + incoming)
        written += [(tile_path(level, index + at), tile) for at, tile in enumerate(full)]
        if rest and incoming:
            written.append((tile_path(level, index + len(full), len(rest) // HASH_SIZE), rest))
        old_edge[level], new_edge[level] = held, rest
        incoming, level = b"".join(map(tile_root, full)), level + 1
    if old_root is not None and (found := edge_root(old_size, old_edge)) != old_root:
        raise TreeRootError(size=old_size, found=found.hex(), expected=old_root.hex())
    return edge_root(old_size + len(leaf_hashes), new_edge), written


def _cut(row: bytes) -> tuple[list[bytes], bytes]:
    """Return the full tiles of `row` and what is left over."""
    size = TILE_WIDTH * HASH_SIZE
    end = len(row) // size * size
    return [row[at : at + size] for at in range(0, end, size)], row[end:]


def grow_bundles(old_size: int, entries: Sequence[bytes], partial: bytes = b"") -> list[tuple[str, bytes]]:
    """Return every entry bundle to write to append `entries` to a ledger of `old_size`, as (path, bytes).

    `partial` is the present partial bundle, empty where `old_size` is a multiple of 256.

    Raises:
        BundleError: `partial` does not hold exactly the entries that it should.
        ValueError: an entry has more than 65,535 bytes.
    """
    index, width = divmod(old_size, TILE_WIDTH)
    if not entries:
        return []
    held = [*decode_bundle(partial, width), *entries]
    runs = [held[at : at + TILE_WIDTH] for at in range(0, len(held), TILE_WIDTH)]
    return [(entries_path(index + at, len(run)), encode_bundle(run)) for at, run in enumerate(runs)]
