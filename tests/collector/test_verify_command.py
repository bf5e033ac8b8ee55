from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from tests.core.ledger_kit import SmallLedger

from liuhen.cli import main
from liuhen.core.tlog.note import SigningKey

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collector.kit import IntakeServer, Station


@pytest.fixture
def key(server: IntakeServer) -> str:
    return str(json.loads(server.key_file.read_bytes())["log"])


@pytest.fixture
def receipt(station: Station, device: Path) -> Path:
    station.collect(device)
    return next(path for path in station.receipts() if "_0007.mp4" in path.name)


@pytest.fixture
def original(device: Path) -> Path:
    return device / "DCIM" / "100" / "7654321_650012_20261123094210_0007.mp4"


def _verify(*words: str | Path) -> int:
    return main(["verify", "--language", "en", *map(str, words)])


def test_a_genuine_receipt_is_shown_with_what_it_proves(
    receipt: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert _verify(receipt, "--key", key, "--json") == 0

    out, err = capsys.readouterr()
    facts = json.loads(out)
    assert (facts["verified"], facts["role"], facts["original_compared"]) == ("receipt", "original", False)
    assert facts["name"] == "7654321_650012_20261123094210_0007.mp4"
    assert "genuine" in err


def test_the_original_is_compared_with_its_receipt(
    receipt: Path, original: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _verify(receipt, "--key", key, "--file", original) == 0
    assert "The file at hand is that original" in capsys.readouterr().err

    original.write_bytes(original.read_bytes()[:-1] + b"x")
    assert _verify(receipt, "--key", key, "--file", original) == 13
    assert "do not belong together" in capsys.readouterr().err


def test_an_altered_receipt_is_refused(receipt: Path, key: str) -> None:
    receipt.write_bytes(receipt.read_bytes().replace(b'"size":150000', b'"size":150001'))

    assert _verify(receipt, "--key", key) == 13


def test_another_ledgers_key_is_refused(receipt: Path) -> None:
    assert _verify(receipt, "--key", SigningKey.generate("agency.example/other").verifier.to_text()) == 13
    assert _verify(receipt, "--key", "no key at all") == 13
    assert _verify(receipt, "--key", "x" * 5000) == 13


def test_the_key_may_lie_in_a_file(receipt: Path, key: str, tmp_path: Path) -> None:
    path = tmp_path / "log.vkey"
    path.write_text(f"{key}\n", encoding="utf-8")

    assert _verify(receipt, "--key", path) == 0


def test_what_cannot_be_read_is_said(receipt: Path, key: str, tmp_path: Path) -> None:
    assert _verify(tmp_path / "none", "--key", key) == 4
    assert _verify(receipt, "--key", key, "--file", tmp_path / "none") == 4


def test_an_exported_ledger_is_verified_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = SmallLedger().fill(300)
    folder = ledger.write(tmp_path / "export")
    key = ledger.key.verifier.to_text()

    assert main(["verify", "--language", "zh", "--export", str(folder), "--key", key, "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["tree_size"] == 300
    assert "账本属实" in err

    (folder / "checkpoint").write_bytes(b"")
    assert _verify("--export", folder, "--key", key) == 13


def test_an_export_that_cannot_be_listed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = SmallLedger().fill(10)
    folder = ledger.write(tmp_path / "export")

    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("os.walk", fail)
    assert _verify("--export", folder, "--key", ledger.key.verifier.to_text()) == 4


def test_an_export_has_no_original_to_compare(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        _verify("--export", tmp_path, "--key", "k", "--file", tmp_path)
    assert caught.value.code == 2


def test_a_receipt_that_is_right_in_sha256_and_wrong_in_sm3_is_refused(
    receipt: Path, key: str, original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from liuhen.core import digests as module

    real = module.digest_file(original)
    monkeypatch.setattr(module, "digest_file", lambda _: module.Digests(real.sha256, "0" * 64, real.size))
    assert _verify(receipt, "--key", key, "--file", original) == 13


def test_what_stands_in_a_false_receipt_cannot_command_the_terminal(
    tmp_path: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "false.receipt.json"
    path.write_bytes(b'{"\\u001b[2J":1,"\\u001b[2J":2}')

    assert _verify(path, "--key", key) == 13
    assert "⟨U+001B⟩[2J" in capsys.readouterr().err


def test_the_name_of_a_ledger_cannot_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = SmallLedger(key=SigningKey.generate("agency.example/\x9b2J"))
    folder = ledger.fill(10).write(tmp_path / "export")

    assert _verify("--export", folder, "--key", ledger.key.verifier.to_text()) == 0
    assert "The ledger is genuine: agency.example/⟨U+009B⟩2J with 10 entries" in capsys.readouterr().err
