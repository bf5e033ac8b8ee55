from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liuhen.core.tlog.errors import BundleError
from liuhen.core.tlog.tiles import encode_bundle
from liuhen.server.ledger.files import LedgerFolder
from tests.server.ledger.kit import CutDisk, PowerCutError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENTRIES = [f"entry {number}".encode() for number in range(256)]


@pytest.fixture
def folder(tmp_path: Path) -> LedgerFolder:
    made = LedgerFolder(tmp_path / "deep" / "ledger")
    made.make()
    made.make()
    return made


def test_a_partial_file_gone_is_read_from_the_full_one(folder: LedgerFolder) -> None:
    folder.write_new([("tile/0/000", bytes(range(256)) * 32), ("tile/entries/000", encode_bundle(ENTRIES))])
    assert folder.read_tile(0, 0, 3) == (bytes(range(256)) * 32)[:96]
    assert folder.read_bundle(0, 3) == encode_bundle(ENTRIES[:3])
    assert list(folder.entries(254, 256)) == [(254, b"entry 254"), (255, b"entry 255")]
    assert list(folder.entries(1, 3)) == [(1, b"entry 1"), (2, b"entry 2")]
    assert list(folder.entries(3, 3)) == []


def test_what_is_not_there_is_not_found(folder: LedgerFolder) -> None:
    reads: list[Callable[[], bytes]] = [
        lambda: folder.read("checkpoint"),
        lambda: folder.read_tile(0, 0, 256),
        lambda: folder.read_tile(0, 0, 1),
        lambda: folder.read_bundle(0, 1),
    ]
    for read in reads:
        with pytest.raises(FileNotFoundError):
            read()


def test_a_partial_bundle_is_not_cut_from_a_damaged_one(folder: LedgerFolder) -> None:
    folder.write_new([("tile/entries/000", encode_bundle(ENTRIES[:9]))])
    with pytest.raises(BundleError):
        folder.read_bundle(0, 3)


@pytest.mark.parametrize("lose_names", [False, True])
def test_a_file_replaced_is_old_or_new_at_any_power_cut(tmp_path: Path, *, lose_names: bool) -> None:
    for cut_at in range(5):
        root = tmp_path / str(cut_at)
        LedgerFolder(root).make()
        LedgerFolder(root).put("a/b", b"old")
        try:
            LedgerFolder(root, CutDisk(cut_at, lose_names=lose_names)).put("a/b", b"new content")
        except PowerCutError:
            assert LedgerFolder(root).read("a/b") in {b"old", b"new content"}
        else:
            assert LedgerFolder(root).read("a/b") == b"new content"
            assert cut_at == 3
            break


def test_removing_what_is_not_there_does_no_harm(folder: LedgerFolder) -> None:
    folder.put("x", b"x")
    folder.remove("x")
    folder.remove("x")
    assert not (folder.root / "x").exists()


def test_a_symbolic_link_is_not_written_through(folder: LedgerFolder, tmp_path: Path) -> None:
    (tmp_path / "other").write_bytes(b"keep")
    (folder.root / "checkpoint").symlink_to(tmp_path / "other")
    with pytest.raises(OSError, match="symbolic"):
        folder.write_new([("checkpoint", b"x")])
    folder.put("checkpoint", b"y")
    assert (tmp_path / "other").read_bytes() == b"keep"
    assert folder.read("checkpoint") == b"y"
