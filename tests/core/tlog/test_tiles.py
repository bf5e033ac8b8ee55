from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.tlog.errors import BundleError, TileError, TilePathError, TreeRootError
from liuhen.core.tlog.merkle import EMPTY_ROOT, inclusion_proof, leaf_hash, tree_root
from liuhen.core.tlog.tiles import (
    BundlePath,
    TileHashReader,
    TilePath,
    decode_bundle,
    encode_bundle,
    entries_path,
    grow,
    grow_bundles,
    parse_path,
    tile_path,
    tree_paths,
)
from tests.core.ledger_kit import SmallLedger
from tests.support.tree import MemoryTree

if TYPE_CHECKING:
    from collections.abc import Callable

_LEAVES = [leaf_hash(number.to_bytes(4)) for number in range(66_000)]


class _Tiles(dict[str, bytes]):
    """Tiles in memory."""

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        return self[tile_path(level, index, width)]

    def extend(self, size: int, leaves: list[bytes], root: bytes) -> bytes:
        new_root, written = grow(size, leaves, self, old_root=root)
        for path, data in written:
            assert path not in self, f"{path} was written twice"
            self[path] = data
        return new_root


def _grown(*batches: int) -> tuple[_Tiles, int, bytes]:
    tiles, size, root = _Tiles(), 0, EMPTY_ROOT
    for count in batches:
        root = tiles.extend(size, _LEAVES[size : size + count], root)
        size += count
    return tiles, size, root


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ((0, 0, 256), "tile/0/000"),
        ((0, 0, 1), "tile/0/000.p/1"),
        ((63, 999, 255), "tile/63/999.p/255"),
        ((0, 1000, 256), "tile/0/x001/000"),
        ((1, 1234067, 256), "tile/1/x001/x234/067"),
        ((2, 1234067, 8), "tile/2/x001/x234/067.p/8"),
    ],
)
def test_tile_paths_are_those_of_the_specification(place: tuple[int, int, int], path: str) -> None:
    assert tile_path(*place) == path
    assert parse_path(path) == TilePath(*place)


def test_entry_bundle_paths_are_those_of_the_specification() -> None:
    assert entries_path(1234067) == "tile/entries/x001/x234/067"
    assert entries_path(0, 112) == "tile/entries/000.p/112"
    assert parse_path("tile/entries/x001/x234/067") == BundlePath(1234067, 256)
    assert parse_path("tile/entries/000.p/112") == BundlePath(0, 112)


@given(st.integers(0, 63), st.integers(0, 10**18 - 1), st.integers(1, 256))
def test_every_path_is_read_back(level: int, index: int, width: int) -> None:
    assert parse_path(tile_path(level, index, width)) == TilePath(level, index, width)
    assert parse_path(entries_path(index, width)) == BundlePath(index, width)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "checkpoint",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/data/000",
        "tile/8/0/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/300",
        "tile/0/000.p/",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/../0/000",
        "tile/0/000\n",
        "tile/0/٠٠٠",
        "tile/0/" + "x001/" * 6 + "000",
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    with pytest.raises(TilePathError):
        parse_path(path)


@pytest.mark.parametrize(
    "call",
    [
        lambda: tile_path(64, 0),
        lambda: tile_path(-1, 0),
        lambda: tile_path(0, -1),
        lambda: tile_path(0, 0, 0),
        lambda: entries_path(0, 257),
    ],
    ids=["level-64", "level-negative", "index-negative", "width-0", "width-257"],
)
def test_a_tile_that_cannot_be_is_a_wrong_call(call: Callable[[], str]) -> None:
    with pytest.raises(ValueError, match="no tile"):
        call()


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    places = [parse_path(path) for path in tree_paths(70_000)]
    tiles = [place for place in places if isinstance(place, TilePath)]
    counts = {(t.level, t.width): sum((t.level, t.width) == (o.level, o.width) for o in tiles) for t in tiles}
    assert counts == {(0, 256): 273, (0, 112): 1, (1, 256): 1, (1, 17): 1, (2, 1): 1}
    assert sum(isinstance(place, BundlePath) for place in places) == 274


def test_a_tree_of_256_has_a_full_tile_and_one_hash_above() -> None:
    assert tree_paths(256) == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert tree_paths(0) == []


@given(st.lists(st.integers(0, 700), min_size=1, max_size=8))
def test_a_tree_grown_in_batches_has_the_root_and_the_tiles_of_its_leaves(batches: list[int]) -> None:
    tiles, size, root = _grown(*batches)
    tree = MemoryTree(_LEAVES[:size])
    assert root == tree.root()
    assert {path for path in tree_paths(size) if not path.startswith("tile/entries")} <= set(tiles)
    reader = TileHashReader(tiles, size)
    assert tree_root(size, reader) == root
    for index in {0, size // 2, size - 1} if size else ():
        assert inclusion_proof(index, size, reader) == inclusion_proof(index, size, tree)


@pytest.mark.parametrize("batches", [(65_535, 1, 1), (65_000, 1_000), (66_000,)], ids=str)
def test_a_tree_of_three_levels_grows(batches: tuple[int, ...]) -> None:
    tiles, size, root = _grown(*batches)
    assert root == MemoryTree(_LEAVES[:size]).root()
    assert len(tiles["tile/2/000.p/1"]) == 32


def test_growing_by_nothing_writes_nothing() -> None:
    tiles, size, root = _grown(300)
    assert grow(size, [], tiles, old_root=root) == (root, [])
    assert grow(size, [], tiles) == (root, [])


def test_nothing_is_built_upon_a_damaged_tile() -> None:
    tiles, size, root = _grown(300)
    damaged = bytearray(tiles["tile/0/001.p/44"])
    damaged[7] ^= 1
    tiles["tile/0/001.p/44"] = bytes(damaged)
    with pytest.raises(TreeRootError) as caught:
        grow(size, _LEAVES[300:301], tiles, old_root=root)
    assert caught.value.where["expected"] == root.hex()


@pytest.mark.parametrize("cut", [b"", b"x" * 31, b"x" * 45 * 32])
def test_a_tile_of_the_wrong_length_is_refused(cut: bytes) -> None:
    tiles, size, root = _grown(300)
    tiles["tile/0/001.p/44"] = cut
    with pytest.raises(TileError):
        grow(size, _LEAVES[300:301], tiles, old_root=root)
    with pytest.raises(TileError):
        inclusion_proof(299, size, TileHashReader(tiles, size))


def test_a_leaf_hash_of_the_wrong_length_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        grow(0, [b"short"], _Tiles())


@pytest.mark.parametrize("place", [(0, 300), (1, 150), (8, 1), (9, 0), (16, 0)])
def test_a_hash_beyond_the_tree_is_not_found(place: tuple[int, int]) -> None:
    tiles, size, _ = _grown(300)
    with pytest.raises(LookupError):
        TileHashReader(tiles, size).read_hash(*place)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_is_read_back(entries: list[bytes]) -> None:
    assert decode_bundle(encode_bundle(entries), len(entries)) == entries


@given(st.lists(st.binary(max_size=20), min_size=1, max_size=6), st.data())
def test_a_bundle_of_another_length_is_refused(entries: list[bytes], data: st.DataObject) -> None:
    bundle = encode_bundle(entries)
    cut = data.draw(st.integers(0, len(bundle) - 1))
    for other in (bundle[:cut], bundle + b"\x00", bundle + b"\x00\x00"):
        with pytest.raises(BundleError):
            decode_bundle(other, len(entries))


def test_an_entry_fills_a_uint16_at_most() -> None:
    longest = b"x" * 65_535
    assert decode_bundle(encode_bundle([longest]), 1) == [longest]
    with pytest.raises(ValueError, match="65,535"):
        encode_bundle([longest + b"x"])


def test_bundles_grow_from_the_partial_one() -> None:
    entries = [str(number).encode() for number in range(600)]
    first = dict(grow_bundles(0, entries[:300]))
    assert set(first) == {"tile/entries/000", "tile/entries/001.p/44"}
    then = dict(grow_bundles(300, entries[300:], first["tile/entries/001.p/44"]))
    assert set(then) == {"tile/entries/001", "tile/entries/002.p/88"}
    assert decode_bundle(then["tile/entries/001"], 256) == entries[256:512]
    assert grow_bundles(300, [], b"not even read") == []


def test_bundles_are_not_built_upon_a_damaged_one() -> None:
    with pytest.raises(BundleError):
        grow_bundles(300, [b"new"], b"")
    with pytest.raises(BundleError):
        grow_bundles(256, [b"new"], b"\x00\x00")


def test_a_ledger_of_several_batches_holds_all_its_entries() -> None:
    ledger = SmallLedger().fill(530, batch=90)
    bundles = [entries_path(0), entries_path(1), entries_path(2, 18)]
    held = [
        entry
        for path, width in zip(bundles, (256, 256, 18), strict=True)
        for entry in decode_bundle(ledger.files[path], width)
    ]
    assert held == ledger.entries
