"""The main job by the real commands: device folder, collector, server, vault, ledger, a verifier that is not ours."""

from __future__ import annotations

import json
import sqlite3
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.support.served import Served, served

from liuhen.core.digests import digest_file
from liuhen.core.receipt import parse_receipt
from liuhen.core.tlog.note import VerifierKey

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
        stored = instance.home / "vault" / "originals" / receipt.sha256[:2] / receipt.sha256[2:4] / receipt.sha256
        digests = digest_file(stored)
        assert (digests.sha256, digests.sm3, digests.size) == (receipt.sha256, receipt.sm3, receipt.size)


def test_the_device_is_cleared_only_of_what_has_a_receipt(instance: Served) -> None:
    assert [path for path in (instance.home / "device").rglob("*") if path.is_file()] == []


def test_liuhen_verify_accepts_the_receipts_and_refuses_an_altered_one(instance: Served, tmp_path: Path) -> None:
    key = tmp_path / "ledger.key"
    key.write_text(instance.run("ledger", "key").stdout, encoding="ascii")
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


def test_the_exported_ledger_is_accepted_by_a_verifier_that_is_not_ours(
    instance: Served, gotlog: Path, tmp_path: Path
) -> None:
    export, key = tmp_path / "export", tmp_path / "key"
    instance.run("ledger", "export", str(export))
    key.write_text(instance.run("ledger", "key").stdout, encoding="ascii")
    VerifierKey.from_text(key.read_text(encoding="ascii").strip())
    subprocess.run([gotlog, export, key], check=True)
    for receipt in instance.receipts():
        subprocess.run([gotlog, "-receipt", receipt, key], check=True)
