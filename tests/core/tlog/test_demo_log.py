"""A log that outside verifiers accept is read by ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liuhen.core.tlog.checkpoint import open_checkpoint
from liuhen.core.tlog.merkle import leaf_hash, tree_root, verify_consistency, verify_inclusion
from liuhen.core.tlog.note import VerifierKey
from liuhen.core.tlog.proof import TlogProof
from liuhen.core.tlog.tiles import (
    TileHashReader,
    decode_bundle,
    entries_path,
    grow,
    grow_bundles,
    tile_path,
    tree_paths,
)
from tests.core.vectors import hashes, unpack_demo_log

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return unpack_demo_log(tmp_path)


class _Stored:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        return (self._folder / tile_path(level, index, width)).read_bytes()


def _entries(log: Path) -> list[bytes]:
    bundles = [(0, 256), (1, 256), (2, 88)]
    return [entry for place in bundles for entry in decode_bundle((log / entries_path(*place)).read_bytes(), place[1])]


def _key(log: Path) -> VerifierKey:
    return VerifierKey.from_text((log / "log.vkey").read_text(encoding="utf-8"))


def test_its_tiles_make_the_root_it_signed(log: Path) -> None:
    checkpoint = open_checkpoint((log / "checkpoint").read_bytes(), _key(log))
    assert checkpoint.size == 600
    assert tree_root(600, TileHashReader(_Stored(log), 600)) == checkpoint.root


def test_its_files_are_those_that_we_would_write(log: Path) -> None:
    entries = _entries(log)
    _, tiles = grow(0, [leaf_hash(entry) for entry in entries], _Stored(log))
    written = dict(tiles + grow_bundles(0, entries))
    assert sorted(written) == sorted(tree_paths(600))
    assert all((log / path).read_bytes() == data for path, data in written.items())


def test_its_inclusion_proof_holds(log: Path) -> None:
    proof = TlogProof.parse((log / "entry.tlog-proof").read_bytes())
    checkpoint = open_checkpoint(proof.checkpoint, _key(log))
    verify_inclusion(
        leaf=leaf_hash((log / "entry").read_bytes()),
        index=proof.index,
        size=checkpoint.size,
        proof=proof.hashes,
        root=checkpoint.root,
    )


def test_its_consistency_proof_holds(log: Path) -> None:
    old = open_checkpoint((log / "checkpoint.old").read_bytes(), _key(log))
    new = open_checkpoint((log / "checkpoint").read_bytes(), _key(log))
    proof = hashes((log / "consistency").read_text(encoding="ascii").split())
    verify_consistency(size1=old.size, root1=old.root, size2=new.size, root2=new.root, proof=proof)
