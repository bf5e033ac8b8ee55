from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.events import EventType
from liuhen.core.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from liuhen.core.tlog.merkle import leaf_hash
from liuhen.core.tlog.note import SigningKey, sign_note
from liuhen.core.tlog.tiles import tree_paths
from liuhen.core.verify import ExportFacts, FolderFiles, SubjectHead, VerificationError, verify_export
from liuhen.core.verify.errors import (
    BundleRefusedError,
    ChainError,
    CheckpointRefusedError,
    DuplicateEntryError,
    EntryRefusedError,
    ExportFileError,
    FileMissingError,
    HistoryRewrittenError,
    RootDiffersError,
    StrayFileError,
    TileDiffersError,
)
from tests.core.ledger_kit import KEY, ORIGIN, SmallLedger, sealed_entry, uuid7

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.core.entry import Entry

_SUBJECT = f"recording/{uuid7(1)}"


def _verify(ledger: SmallLedger, **more: Any) -> ExportFacts:
    return verify_export(ledger, key=KEY.verifier, **more)


def _ledger(size: int = 600) -> SmallLedger:
    return SmallLedger().fill(size, batch=150)


def _of(*entries: Entry) -> SmallLedger:
    ledger = SmallLedger()
    ledger.append(*(entry.to_bytes() for entry in entries))
    return ledger


def _flip(ledger: SmallLedger, path: str, at: int = 40) -> None:
    data = bytearray(ledger.files[path])
    data[at] ^= 1
    ledger.files[path] = bytes(data)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_a_whole_ledger_is_proven(size: int) -> None:
    ledger = _ledger(size)
    facts = _verify(ledger)
    assert facts.checkpoint == Checkpoint(ORIGIN, size, ledger.root)
    assert sum(head.n + 1 for head in facts.subjects.values()) == size


def test_the_heads_of_all_subjects_are_returned() -> None:
    first = sealed_entry(0, subject=_SUBJECT)
    leaf = leaf_hash(first.to_bytes()).hex()
    second = sealed_entry(1, subject=_SUBJECT, n=1, prev=leaf)
    facts = _verify(_of(first, second))
    assert facts.subjects == {_SUBJECT: SubjectHead(1, leaf_hash(second.to_bytes()).hex())}


def test_a_ledger_of_three_levels_is_proven() -> None:
    ledger = SmallLedger().fill(65_537, batch=65_537)
    assert "tile/2/000.p/1" in ledger.files
    assert _verify(ledger).checkpoint.size == 65_537


def test_a_folder_is_read_like_a_ledger(tmp_path: Path) -> None:
    folder = _ledger().write(tmp_path / "export")
    assert verify_export(FolderFiles(folder), key=KEY.verifier).checkpoint.size == 600
    (folder / "tile" / "0" / "001").unlink()
    with pytest.raises(FileMissingError, match="tile/0/001"):
        verify_export(FolderFiles(folder), key=KEY.verifier)


def test_a_file_in_place_of_a_folder_is_a_missing_file(tmp_path: Path) -> None:
    folder = _ledger(5).write(tmp_path)
    path = folder / "tile" / "0"
    (path / "000.p" / "5").unlink()
    (path / "000.p").rmdir()
    path.rmdir()
    path.write_bytes(b"")
    with pytest.raises(FileNotFoundError):
        FolderFiles(folder).read("tile/0/000.p/5")
    with pytest.raises(ExportFileError, match="tile/0"):
        verify_export(FolderFiles(folder), key=KEY.verifier)


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        list(FolderFiles(tmp_path / "gone").paths())


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    folder = _ledger(5).write(tmp_path)
    (folder / "tile" / os.fsdecode(b"\xff\xfe")).write_bytes(b"")
    with pytest.raises(ExportFileError):
        verify_export(FolderFiles(folder), key=KEY.verifier)


def test_files_beside_the_tiles_are_nobodys_business() -> None:
    ledger = _ledger(5)
    ledger.files["README.txt"] = b"read me"
    assert _verify(ledger).checkpoint.size == 5


@given(st.integers(0, 700), st.integers(0, 700))
def test_a_ledger_continues_each_of_its_older_checkpoints(one: int, other: int) -> None:
    ledger = SmallLedger().fill(min(one, other), batch=200)
    old = ledger.files["checkpoint"]
    ledger.fill(abs(one - other), batch=200)
    assert _verify(ledger, old=old).checkpoint.size == max(one, other)


@pytest.mark.parametrize("old_size", [1, 256, 300, 600])
def test_a_rewritten_history_is_refused(old_size: int) -> None:
    old = SmallLedger().fill(old_size, seed=2).files["checkpoint"]
    with pytest.raises(HistoryRewrittenError):
        _verify(_ledger(), old=old)


def test_a_ledger_that_lost_its_end_is_refused() -> None:
    with pytest.raises(HistoryRewrittenError):
        _verify(_ledger(300), old=_ledger(301).files["checkpoint"])


def test_an_old_checkpoint_by_another_key_is_refused() -> None:
    impostor = SmallLedger(SigningKey(ORIGIN, bytes(32)))
    with pytest.raises(CheckpointRefusedError):
        _verify(_ledger(5), old=impostor.files["checkpoint"])


def test_a_checkpoint_by_another_key_is_refused() -> None:
    with pytest.raises(CheckpointRefusedError):
        _verify(SmallLedger(SigningKey(ORIGIN, bytes(32))).fill(5))


def test_a_checkpoint_of_another_ledger_is_refused() -> None:
    ledger = _ledger(5)
    other = Checkpoint("other.example/log", 5, open_checkpoint(ledger.files["checkpoint"], KEY.verifier).root)
    ledger.files["checkpoint"] = sign_note(other.to_text(), KEY)
    with pytest.raises(CheckpointRefusedError):
        _verify(ledger)


def test_a_checkpoint_over_another_root_is_refused() -> None:
    ledger = _ledger()
    ledger.files["checkpoint"] = sign_checkpoint(Checkpoint(ORIGIN, 600, bytes(32)), KEY)
    with pytest.raises(RootDiffersError):
        _verify(ledger)


@pytest.mark.parametrize("path", ["checkpoint", *tree_paths(600)])
def test_a_missing_file_is_named(path: str) -> None:
    ledger = _ledger()
    del ledger.files[path]
    with pytest.raises(FileMissingError) as caught:
        _verify(ledger)
    assert caught.value.where["path"] == path


@pytest.mark.parametrize("path", sorted(SmallLedger().fill(600, batch=150).files))
def test_a_flipped_bit_in_any_file_is_refused(path: str) -> None:
    ledger = _ledger()
    _flip(ledger, path, at=len(ledger.files[path]) // 2)
    with pytest.raises(VerificationError):
        _verify(ledger)


@pytest.mark.parametrize(
    "path", ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2", "tile/0/000.p/150", "tile/entries/000.p/150"]
)
def test_a_file_that_differs_is_named_also_one_left_from_a_smaller_tree(path: str) -> None:
    ledger = _ledger()
    _flip(ledger, path)
    with pytest.raises(TileDiffersError) as caught:
        _verify(ledger)
    assert caught.value.where["path"] == path


@pytest.mark.parametrize(
    ("path", "altered"),
    [
        ("tile/entries/001", lambda data: data[:-1]),
        ("tile/entries/001", lambda data: data + b"\x00\x00"),
        ("tile/entries/002.p/88", lambda _: b""),
    ],
    ids=["cut", "longer", "empty"],
)
def test_a_bundle_of_another_length_is_named(path: str, altered: Any) -> None:
    ledger = _ledger()
    ledger.files[path] = altered(ledger.files[path])
    with pytest.raises(BundleRefusedError) as caught:
        _verify(ledger)
    assert caught.value.where["path"] == path


@pytest.mark.parametrize(
    "path",
    ["tile/entries/002.p/89", "tile/entries/003", "tile/0/002", "tile/0/002.p/89", "tile/1/000.p/3", "tile/2/000.p/1"],
)
def test_a_file_beyond_the_checkpoint_is_refused(path: str) -> None:
    ledger = _ledger()
    ledger.files[path] = b""
    with pytest.raises(StrayFileError):
        _verify(ledger)


@pytest.mark.parametrize("path", ["tile/0/0", "tile/entries/000.tmp", "tile/notes.txt"])
def test_a_file_of_unknown_kind_below_tile_is_refused(path: str) -> None:
    ledger = _ledger()
    ledger.files[path] = b""
    with pytest.raises(ExportFileError):
        _verify(ledger)


def test_a_leaf_that_is_no_entry_is_refused() -> None:
    ledger = SmallLedger()
    ledger.append(sealed_entry().to_bytes(), b"{}")
    with pytest.raises(EntryRefusedError) as caught:
        _verify(ledger)
    assert caught.value.where["place"]["en"] == "index 1"


_FIRST = sealed_entry(0, subject=_SUBJECT)
_LINK = leaf_hash(_FIRST.to_bytes()).hex()
_BROKEN_CHAINS = {
    "starts-at-1": [sealed_entry(0, subject=_SUBJECT, n=1, prev=_LINK)],
    "starts-twice": [_FIRST, sealed_entry(1, subject=_SUBJECT)],
    "leaves-one-out": [_FIRST, sealed_entry(1, subject=_SUBJECT, n=2, prev=_LINK)],
    "links-to-another": [_FIRST, sealed_entry(1, subject=_SUBJECT, n=1, prev="0" * 64)],
}


@pytest.mark.parametrize("name", _BROKEN_CHAINS)
def test_a_broken_chain_of_events_is_refused(name: str) -> None:
    with pytest.raises(ChainError, match=_SUBJECT):
        _verify(_of(*_BROKEN_CHAINS[name]))


def test_two_entries_with_one_id_are_refused() -> None:
    again = sealed_entry(0, type=EventType.RECORDING_ANALYSED, n=1, prev=_LINK, subject=_SUBJECT)
    with pytest.raises(DuplicateEntryError):
        _verify(_of(_FIRST, again))
