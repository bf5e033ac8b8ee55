"""Verifiers that were not written here accept the ledger, and refuse it once it was tampered with."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from liuhen.core.tlog.note import SigningKey
from liuhen.core.verify import AnyReceipt, FolderFiles, VerificationError, verify_export, verify_receipt
from tests.core.ledger_kit import KEY, ORIGIN, SmallLedger
from tests.core.vectors import unpack_demo_log
from tests.outside.tampering import TAMPERINGS, Tampering

if TYPE_CHECKING:
    from pathlib import Path

    from tests.outside.go_verifier import GoVerifier

_SIZES = [3, 300]


@pytest.fixture(params=_SIZES, ids=str)
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return SmallLedger().fill(request.param, batch=100).write(tmp_path / "export")


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 600])
def test_it_accepts_a_whole_ledger(gotlog: GoVerifier, tmp_path: Path, size: int) -> None:
    folder = SmallLedger().fill(size, batch=90).write(tmp_path)
    verdict = gotlog.export(folder, folder / "log.vkey")
    assert verdict.accepted, verdict.line
    assert f"{size} entries" in verdict.line


def test_it_accepts_a_ledger_of_three_levels(gotlog: GoVerifier, tmp_path: Path) -> None:
    folder = SmallLedger().fill(65_600, batch=65_600).write(tmp_path)
    verdict = gotlog.export(folder, folder / "log.vkey", every=997)
    assert verdict.accepted, verdict.line
    assert "inclusion of 66 proven" in verdict.line


def test_it_accepts_the_demonstration_log_too(gotlog: GoVerifier, tmp_path: Path) -> None:
    folder = unpack_demo_log(tmp_path)
    verdict = gotlog.export(folder, folder / "log.vkey", old=folder / "checkpoint.old")
    assert verdict.accepted, verdict.line


@pytest.mark.parametrize("old_size", [0, 1, 100, 256, 600])
def test_it_accepts_that_a_ledger_continues_an_older_checkpoint(
    gotlog: GoVerifier, tmp_path: Path, old_size: int
) -> None:
    ledger = SmallLedger().fill(old_size, batch=90)
    old = tmp_path / "checkpoint.old"
    old.write_bytes(ledger.files["checkpoint"])
    folder = ledger.fill(600 - old_size, batch=90).write(tmp_path / "export")
    verdict = gotlog.export(folder, folder / "log.vkey", old=old, every=50)
    assert verdict.accepted, verdict.line


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.name)
def test_every_verifier_refuses_a_tampered_ledger(
    gotlog: GoVerifier, export: Path, tmp_path: Path, tampering: Tampering
) -> None:
    old = tmp_path / "checkpoint.old"
    shutil.copy(export / "checkpoint", old)
    assert gotlog.export(export, export / "log.vkey", old=old).accepted
    tampering.apply(export, KEY)
    against = old if tampering.needs_old else None
    verdict = gotlog.export(export, export / "log.vkey", old=against)
    assert not verdict.accepted
    assert verdict.line.startswith("refused: ")
    with pytest.raises(VerificationError):
        verify_export(FolderFiles(export), key=KEY.verifier, old=None if against is None else against.read_bytes())


@pytest.mark.parametrize("tampering", [t for t in TAMPERINGS if t.needs_old], ids=lambda tampering: tampering.name)
def test_only_an_older_checkpoint_shows_what_the_operator_signed_anew(
    gotlog: GoVerifier, export: Path, tampering: Tampering
) -> None:
    tampering.apply(export, KEY)
    assert gotlog.export(export, export / "log.vkey").accepted
    assert verify_export(FolderFiles(export), key=KEY.verifier).checkpoint.origin == ORIGIN


def test_it_accepts_a_receipt_and_refuses_an_altered_one(gotlog: GoVerifier, tmp_path: Path) -> None:
    ledger = SmallLedger().fill(300)
    ledger.write(tmp_path)
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(ledger.receipt(123))
    verdict = gotlog.receipt(receipt, tmp_path / "log.vkey")
    assert verdict.accepted, verdict.line
    assert verify_receipt(receipt.read_bytes(), key=KEY.verifier, policy=AnyReceipt()).sha256 in verdict.line
    document = json.loads(ledger.receipt(123))
    other = json.loads(ledger.receipt(124))
    for change in ({"sha256": "f" * 64}, {"size": 1}, {"entry": other["entry"]}, {"proof": other["proof"]}):
        receipt.write_text(json.dumps(document | change), encoding="utf-8")
        assert not gotlog.receipt(receipt, tmp_path / "log.vkey").accepted


def test_it_refuses_a_receipt_under_another_key(gotlog: GoVerifier, tmp_path: Path) -> None:
    receipt = tmp_path / "receipt.json"
    receipt.write_bytes(SmallLedger().fill(3).receipt(1))
    key_file = tmp_path / "other.vkey"
    key_file.write_text(SigningKey(ORIGIN, bytes(32)).verifier.to_text(), encoding="utf-8")
    assert "checkpoint" in gotlog.receipt(receipt, key_file).line
