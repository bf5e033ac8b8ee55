from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection

from liuhen.core.tlog.tiles import tree_paths
from liuhen.core.verify import FolderFiles, VerificationError, verify_export
from liuhen.server.ledger import selectors
from liuhen.server.ledger.errors import ExportFolderError, NoCheckpointError
from liuhen.server.ledger.export import export_ledger
from liuhen.server.ledger.files import LedgerFolder
from liuhen.server.ledger.heads import write_heads
from tests.server.ledger.kit import AT, sequence, write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def grown(ledger: LedgerFolder) -> LedgerFolder:
    write(299)
    write_heads(at=AT)
    sequence()
    write(10)
    sequence()
    return ledger


def names(folder: Path) -> set[str]:
    return set(FolderFiles(folder).paths())


def test_an_export_holds_exactly_what_its_checkpoint_covers(grown: LedgerFolder, tmp_path: Path) -> None:
    (grown.root / "heads" / ".2026-11-24.json.new").write_bytes(b"being written")
    assert export_ledger(tmp_path / "a" / "b") == 311
    assert names(tmp_path / "a" / "b") == {*tree_paths(311), "checkpoint", "key", "heads/2026-11-23.json"}
    facts = verify_export(FolderFiles(tmp_path / "a" / "b"), key=selectors.verifier_key())
    assert facts.checkpoint.size == 311


def test_a_ledger_without_entries_can_be_exported(ledger: LedgerFolder, tmp_path: Path) -> None:
    assert export_ledger(tmp_path / "export") == 0
    assert names(tmp_path / "export") == {"checkpoint", "key"}
    del ledger


def test_an_export_mixes_with_nothing(grown: LedgerFolder, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    for target in (tmp_path / "full", tmp_path / "full" / "x"):
        with pytest.raises(ExportFolderError, match=str(target)):
            export_ledger(target)
    (tmp_path / "empty").mkdir()
    assert export_ledger(tmp_path / "empty") == 311
    del grown


def test_a_damaged_ledger_is_not_handed_out_as_whole(grown: LedgerFolder, tmp_path: Path) -> None:
    data = grown.read("tile/entries/000")
    (grown.root / "tile" / "entries" / "000").write_bytes(data.replace(b"system", b"sistem", 1))
    with pytest.raises(VerificationError):
        export_ledger(tmp_path / "export")


def test_an_export_that_breaks_off_holds_no_checkpoint(grown: LedgerFolder, tmp_path: Path) -> None:
    (grown.root / "tile" / "0" / "000").unlink()
    with pytest.raises(FileNotFoundError):
        export_ledger(tmp_path / "export")
    assert not (tmp_path / "export" / "checkpoint").exists()


def test_without_a_ledger_there_is_nothing_to_export(home: Path, tmp_path: Path) -> None:
    with pytest.raises(NoCheckpointError):
        export_ledger(tmp_path / "export")
    del home


def test_a_ledger_that_grows_meanwhile_is_exported_as_it_stood(
    grown: LedgerFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make = LedgerFolder.make

    def grow_first(self: LedgerFolder) -> None:
        def grow() -> None:
            write(300, at=AT + timedelta(seconds=1))
            sequence()
            connection.close()

        other = threading.Thread(target=grow)
        other.start()
        other.join()
        make(self)

    monkeypatch.setattr(LedgerFolder, "make", grow_first)
    assert export_ledger(tmp_path / "export") == 311
    assert selectors.latest_checkpoint().size == 611
    assert set(tree_paths(311)) <= names(tmp_path / "export")
    del grown
