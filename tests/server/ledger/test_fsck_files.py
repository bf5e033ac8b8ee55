"""fsck names the file that is not what the signed root vouches for, and no other."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.tlog.merkle import leaf_hash
from liuhen.core.tlog.tiles import decode_bundle, encode_bundle, grow
from liuhen.server.ledger import selectors
from liuhen.server.ledger.errors import NoCheckpointError
from liuhen.server.ledger.fsck import check_ledger
from liuhen.server.ledger.fsck.tree import GrowingRoot
from liuhen.server.ledger.heads import write_heads
from liuhen.server.ledger.interfaces import DiscrepancyKind
from tests.server.ledger.kit import AT, sequence, sequencer, signer, write
from tests.support.tree import MemoryTree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from liuhen.server.ledger.files import LedgerFolder

UNCHECKED = {"lock", "health.json"}


@pytest.fixture
def grown(ledger: LedgerFolder) -> LedgerFolder:
    """A ledger of three sizes, with partial files of each, full files of two, and heads of two days."""
    write(300)
    sequence()
    write_heads(at=AT)
    write(100)
    sequence()
    write_heads(at=AT + timedelta(days=1))
    for count in (200, 30):
        write(count)
        sequence()
    assert check_ledger().discrepancies == ()
    return ledger


def found() -> dict[str, str]:
    """Return what fsck finds: the kind of each discrepancy by its place."""
    return {one.where: one.kind.value for one in check_ledger().discrepancies}


def files(ledger: LedgerFolder) -> Iterator[Path]:
    for path in sorted(ledger.root.rglob("*")):
        if path.is_file() and path.name not in UNCHECKED:
            yield path


def test_a_whole_ledger_is_found_whole(grown: LedgerFolder) -> None:
    report = check_ledger()
    assert (report.size, report.unsequenced, report.heads, report.objects) == (633, 0, 2, None)
    assert report.root == selectors.latest_checkpoint().root.hex()
    assert (report.is_whole, report.exit_code, report.omitted) == (True, 0, 0)
    assert len(list(files(grown))) >= 14


def test_a_flipped_bit_in_any_file_names_that_file(grown: LedgerFolder) -> None:
    for path in files(grown):
        data = path.read_bytes()
        name = path.relative_to(grown.root).as_posix()
        for place in {0, len(data) // 3, len(data) // 2, len(data) - 1}:
            path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
            assert found() == {name: "altered"}, (name, place)
        path.write_bytes(data)


def test_a_file_that_is_cut_or_longer_is_named(grown: LedgerFolder) -> None:
    for path in files(grown):
        data = path.read_bytes()
        name = path.relative_to(grown.root).as_posix()
        for changed in (data[:-1], data + b"x", b""):
            path.write_bytes(changed)
            assert found() == {name: "altered"}, (name, len(changed))
        path.write_bytes(data)


def test_a_missing_file_is_named(grown: LedgerFolder) -> None:
    needed = {path.relative_to(grown.root).as_posix() for path in files(grown)} - {"checkpoint"}
    for name in sorted(needed):
        path = grown.root / name
        data = path.read_bytes()
        path.unlink()
        place = found()
        older = name.rpartition(".p/")[2].isdigit() and place == {}
        assert older or place == {name: "altered" if name == "key" else "missing"}, name
        path.write_bytes(data)


def test_without_any_checkpoint_there_is_nothing_to_check(grown: LedgerFolder) -> None:
    (grown.root / "checkpoint").unlink()
    with pytest.raises(NoCheckpointError):
        check_ledger()


def test_with_a_damaged_checkpoint_the_rest_is_still_checked(grown: LedgerFolder) -> None:
    (grown.root / "checkpoint").write_bytes(b"no note")
    path = grown.root / "tile" / "0" / "000"
    path.write_bytes(bytes(8192))
    assert found() == {"checkpoint": "altered", "tile/0/000": "altered"}


def test_without_checkpoint_and_signer_state_both_are_named(grown: LedgerFolder) -> None:
    for name in ("checkpoint", "signer-state"):
        (grown.root / name).write_bytes(b"no note")
    report = check_ledger()
    assert (report.size, report.root) == (0, "")
    assert {one.where for one in report.discrepancies} == {"checkpoint", "signer-state"}


def test_the_signer_state_is_held_against_the_checkpoint(grown: LedgerFolder) -> None:
    good = (grown.root / "signer-state").read_bytes()
    signer().begin()
    assert found() == {"signer-state": "altered"}
    (grown.root / "signer-state").write_bytes(good)
    (grown.root / "checkpoint").write_bytes(good)
    assert found() == {}


def test_a_checkpoint_older_than_the_database_is_noticed(grown: LedgerFolder) -> None:
    old = grown.read("checkpoint")
    write(3)
    sequence()
    (grown.root / "checkpoint").write_bytes(old)
    names = found()
    assert len([name for name in names if name.startswith("event ")]) == 3, names
    sequencer().recover(AT)
    assert found() == {}


@pytest.mark.parametrize("name", ["tile/0/hello", "tile/entries/1", "tile/0/000.p/0", "tile/README"])
def test_a_stray_file_is_named(grown: LedgerFolder, name: str) -> None:
    (grown.root / name).parent.mkdir(exist_ok=True)
    (grown.root / name).write_bytes(b"")
    assert found() == {name: "extra"}


def test_work_in_progress_beyond_the_checkpoint_is_no_fault(grown: LedgerFolder) -> None:
    for name in ("tile/0/002.p/250", "tile/0/003", "tile/entries/002.p/250"):
        (grown.root / name).write_bytes(b"half written")
    assert found() == {}


def test_a_bundle_and_its_tile_altered_alike_are_both_named(grown: LedgerFolder) -> None:
    bundle = decode_bundle(grown.read("tile/entries/001"), 256)
    bundle[7] = bundle[7].replace(b'"number":', b'"nomber":')
    (grown.root / "tile/entries/001").write_bytes(encode_bundle(bundle))
    hashes = b"".join(leaf_hash(data) for data in bundle)
    (grown.root / "tile/0/001").write_bytes(hashes)
    assert {"tile/entries/001", "tile/0/001"} <= found().keys()


def test_a_partial_bundle_and_its_tile_altered_alike_are_noticed(grown: LedgerFolder) -> None:
    width = 633 - 512
    bundle = decode_bundle(grown.read(f"tile/entries/002.p/{width}"), width)
    bundle[7] = bundle[7].replace(b'"number":', b'"nomber":')
    (grown.root / f"tile/entries/002.p/{width}").write_bytes(encode_bundle(bundle))
    (grown.root / f"tile/0/002.p/{width}").write_bytes(b"".join(leaf_hash(data) for data in bundle))
    assert "checkpoint" in found()


def test_a_whole_tree_written_anew_does_not_fit_its_checkpoint(grown: LedgerFolder) -> None:
    entries = [data for _, data in grown.entries(0, 633)]
    entries[3] = entries[3].replace(b'"number":', b'"nomber":')
    _, tiles = grow(0, [leaf_hash(data) for data in entries], grown)
    grown.write_new(tiles)
    (grown.root / "tile/entries/000").write_bytes(encode_bundle(entries[:256]))
    names = found()
    assert any(name == "checkpoint" or name.startswith("tile/") for name in names)


def test_two_altered_tiles_are_both_named(grown: LedgerFolder) -> None:
    for name in ("tile/0/000", "tile/1/000.p/2"):
        data = grown.read(name)
        (grown.root / name).write_bytes(bytes([data[0] ^ 1]) + data[1:])
    assert {"tile/0/000", "tile/1/000.p/2"} <= found().keys()


def test_a_missing_bundle_with_an_altered_tile_names_both(grown: LedgerFolder) -> None:
    (grown.root / "tile/entries/000").unlink()
    data = grown.read("tile/0/000")
    (grown.root / "tile/0/000").write_bytes(bytes([data[0] ^ 1]) + data[1:])
    assert {"tile/entries/000", "tile/0/000"} <= found().keys()


def test_a_missing_tile_above_is_all_that_is_named(grown: LedgerFolder) -> None:
    (grown.root / "tile/1/000.p/2").unlink()
    data = grown.read("tile/entries/000")
    assert found() == {"tile/1/000.p/2": "missing"}
    (grown.root / "tile/entries/000").write_bytes(data.replace(b"system", b"sistem", 1))
    assert {"tile/1/000.p/2", "tile/entries/000"} <= found().keys()


def test_a_bundle_and_a_tile_that_are_gone_leave_the_rest_checked(grown: LedgerFolder) -> None:
    for name in ("tile/entries/000", "tile/0/000"):
        (grown.root / name).unlink()
    (grown.root / "tile/entries/001").unlink()
    names = found()
    assert names["tile/entries/000"] == names["tile/0/000"] == names["tile/entries/001"] == "missing"
    assert "checkpoint" not in names


def test_heads_that_disagree_with_the_events_are_named_though_their_digest_holds(
    ledger: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(9)
    monkeypatch.setattr("liuhen.server.ledger.heads.encode_heads", lambda *_: b"{}")
    write_heads(at=AT)
    monkeypatch.undo()
    sequence()
    assert found() == {"heads/2026-11-23.json": "altered"}
    del ledger


def test_older_heads_are_made_anew_only_when_looking_deep(
    ledger: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("liuhen.server.ledger.heads.encode_heads", lambda *_: b"{}")
        write_heads(at=AT)
    write_heads(at=AT + timedelta(days=1))
    sequence()
    assert found() == {}
    deep = check_ledger(deep=lambda _: None)
    assert [one.where for one in deep.discrepancies] == ["heads/2026-11-23.json"]
    del ledger


def test_heads_of_a_day_that_no_event_names_are_extra(grown: LedgerFolder) -> None:
    (grown.root / "heads" / "2026-11-01.json").write_bytes(b"{}")
    assert found() == {"heads/2026-11-01.json": "extra"}
    (grown.root / "heads" / "2026-11-01.json").rename(grown.root / "heads" / "2026-11-30.json")
    assert found() == {}, "the next heads replace what a crash left"


def test_the_key_that_is_handed_out_is_the_signers(grown: LedgerFolder, home: Path) -> None:
    own = home / "secrets" / "ledger.key"
    moved = home / "secrets" / "moved.key"
    own.rename(moved)
    assert found() == {}
    key = grown.read("key")
    (grown.root / "key").unlink()
    with pytest.raises(NoCheckpointError):
        check_ledger()
    moved.rename(own)
    assert found() == {"key": "altered"}
    (grown.root / "key").write_bytes(key)
    assert found() == {}


def test_a_ledger_without_events_under_a_checkpoint_is_whole(ledger: LedgerFolder) -> None:
    del ledger
    report = check_ledger()
    assert (report.size, report.unsequenced, report.discrepancies) == (0, 1, ())


def test_a_copy_of_an_older_ledger_is_told_from_its_database(grown: LedgerFolder) -> None:
    copy = grown.root.with_name("copy")
    shutil.copytree(grown.root, copy)
    write(3)
    sequence()
    shutil.rmtree(grown.root)
    shutil.copytree(copy, settings.INSTANCE.ledger)
    kinds = {one.kind for one in check_ledger().discrepancies if one.where.startswith("event ")}
    assert kinds == {DiscrepancyKind.EXTRA}


@given(st.integers(min_value=0, max_value=200))
def test_a_root_that_grows_is_the_trees(size: int) -> None:
    tree, growing = MemoryTree(), GrowingRoot()
    for number in range(size):
        leaf = leaf_hash(str(number).encode())
        tree.append(leaf)
        growing.append(leaf)
    assert (growing.root(), growing.size) == (tree.root(), size)
