"""The main job by the real commands: device folder, collector, server, vault, ledger, a verifier that is not ours."""

from __future__ import annotations

import json
import shutil
import sqlite3
from typing import TYPE_CHECKING

import pytest
from tests.outside.go_verifier import GoVerifier, build_gotlog
from tests.outside.tampering import TAMPERINGS, Tampering
from tests.support.served import Served, served

from liuhen.core.digests import digest_file
from liuhen.core.receipt import parse_receipt
from liuhen.core.tlog.note import SigningKey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A served instance that has taken in one device."""
    with served(tmp_path_factory.mktemp("instance")) as running:
        device = running.home / "device"
        folder = device / "DCIM" / "20261123"
        folder.mkdir(parents=True)
        for number in range(3):
            name = f"7654321_650012_20261123094210_{number:04d}.mp4"
            (folder / name).write_bytes(bytes([number]) * 300_000 + b"no film, but an original")
        (folder / "7654321_650012_20261123094210_0000.gps").write_text("$GPRMC\n", encoding="ascii")
        running.collect(device, "--device", "7654321", "--clear-device")
        yield running


def test_every_file_has_a_receipt_and_lies_in_the_vault_bit_for_bit(instance: Served) -> None:
    receipts = [parse_receipt(path.read_bytes()) for path in instance.receipts()]
    assert len(receipts) == 4
    for receipt in receipts:
        (stored,) = (instance.home / "vault").rglob(receipt.sha256)
        digests = digest_file(stored)
        assert (digests.sha256, digests.sm3, digests.size) == (receipt.sha256, receipt.sm3, receipt.size)


def test_the_device_is_cleared_only_of_what_has_a_receipt(instance: Served) -> None:
    assert [path for path in (instance.home / "device").rglob("*") if path.is_file()] == []


def test_liuhen_verify_accepts_the_receipts_and_refuses_an_altered_one(
    instance: Served, key: Path, tmp_path: Path
) -> None:
    for path in instance.receipts():
        instance.run("verify", str(path), "--key", str(key))
    altered = tmp_path / "altered.receipt.json"
    receipt = json.loads(instance.receipts()[0].read_bytes())
    receipt["size"] += 1
    altered.write_text(json.dumps(receipt), encoding="utf-8")
    assert instance.run("verify", str(altered), "--key", str(key), check=False).returncode != 0


def test_fsck_finds_nothing_wrong_and_names_a_row_that_was_edited(instance: Served) -> None:
    assert instance.run("ledger", "fsck", "--deep").returncode == 0
    database = sqlite3.connect(instance.home / "liuhen.sqlite3")
    row, size = database.execute("SELECT id, size FROM recordings_recording LIMIT 1").fetchone()
    try:
        database.execute("UPDATE recordings_recording SET size = size + 1 WHERE id = ?", [row])
        database.commit()
        found = instance.run("ledger", "fsck", check=False)
        assert found.returncode == 1
        assert row in (found.stdout + found.stderr).replace("-", "")
    finally:
        database.execute("UPDATE recordings_recording SET size = ? WHERE id = ?", [size, row])
        database.commit()
        database.close()
    assert instance.run("ledger", "fsck").returncode == 0


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> GoVerifier:
    """The verifier that is not ours, built once."""
    return build_gotlog(tmp_path_factory.mktemp("gotlog"))


@pytest.fixture
def export(instance: Served, tmp_path: Path) -> Path:
    """The ledger as an outsider gets it."""
    folder = tmp_path / "export"
    instance.run("ledger", "export", str(folder))
    return folder


@pytest.fixture
def key(instance: Served, tmp_path: Path) -> Path:
    """The key that the agency has published."""
    file = tmp_path / "ledger.key"
    file.write_text(instance.run("ledger", "key").stdout, encoding="ascii")
    return file


def test_a_verifier_that_is_not_ours_accepts_the_exported_ledger(go: GoVerifier, export: Path, key: Path) -> None:
    verdict = go.export(export, key)
    assert verdict.accepted, verdict.line


def test_a_verifier_that_is_not_ours_accepts_every_receipt(instance: Served, go: GoVerifier, key: Path) -> None:
    receipts = instance.receipts()
    assert receipts
    for receipt in receipts:
        verdict = go.receipt(receipt, key)
        assert verdict.accepted, verdict.line


@pytest.mark.parametrize("tampering", TAMPERINGS, ids=lambda tampering: tampering.name)
def test_a_verifier_that_is_not_ours_refuses_what_was_tampered_with(
    instance: Served, go: GoVerifier, export: Path, key: Path, tampering: Tampering
) -> None:
    old = export.with_name("old-checkpoint")
    shutil.copy(export / "checkpoint", old)
    signing = SigningKey.from_text((instance.home / "secrets" / "ledger.key").read_text(encoding="ascii").strip())
    tampering.apply(export, signing)
    assert not go.export(export, key, old=old if tampering.needs_old else None).accepted
