"""`liuhen vault` as a process: what it says of the stores, and its exit codes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from liuhen.server.vault.adapters.local import LocalStore
from liuhen.server.vault.interfaces import Protection
from tests.server.vault.bench import DATA, address, put
from tests.support.commands import liuhen
from tests.support.thawing import thaw

if TYPE_CHECKING:
    from pathlib import Path


def original(home: Path) -> Path:
    """Seal an object that no row names, and return where it lies."""
    put(LocalStore(home / "vault"), DATA)
    digest = address(DATA)
    return home / "vault" / "objects" / digest[:2] / digest[2:4] / digest


def said(home: Path, action: str, code: int) -> dict[str, dict[str, Any]]:
    """Run the action and return what it says last of each store."""
    done = liuhen(home, "vault", action)
    assert done.returncode == code, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["store"]: row for row in rows}


def test_the_status_counts_each_store_and_names_its_protection(home: Path) -> None:
    original(home)
    status = said(home, "status", 0)
    assert (status["originals"]["objects"], status["originals"]["bytes"]) == (1, len(DATA))
    assert status["derivatives"]["objects"] == 0
    assert Protection(status["originals"]["protection"]) is not Protection.TURNED_OFF
    assert status["originals"]["free_bytes"] > 0


def test_a_whole_vault_verifies(home: Path) -> None:
    original(home)
    assert said(home, "verify", 0)["originals"] == {"store": "originals", "verified": 1}


def test_an_altered_object_is_named_and_ends_with_1(home: Path) -> None:
    path = original(home)
    thaw(path)
    path.chmod(0o600)
    path.write_bytes(bytes(len(DATA)))
    done = liuhen(home, "vault", "verify")
    first = json.loads(done.stdout.splitlines()[0])
    assert done.returncode == 1
    assert first["sha256"] == address(DATA)
    assert {"code", "zh", "en"} <= set(first)


def test_an_object_whose_row_may_still_come_is_not_reported(home: Path) -> None:
    original(home)
    swept = said(home, "sweep", 0)["originals"]
    assert (swept["seen"], swept["orphans"]) == (1, [])


def test_an_object_that_is_gone_is_reported_at_once(home: Path) -> None:
    path = original(home)
    thaw(path)
    path.unlink()
    assert said(home, "sweep", 1)["originals"]["lost"] == [address(DATA)]
