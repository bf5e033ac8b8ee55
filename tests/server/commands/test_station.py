"""`liuhen station`, by the real command on an instance of its own."""

from __future__ import annotations

import json
import stat
from typing import TYPE_CHECKING

import pytest

from tests.support.served import made_instance

if TYPE_CHECKING:
    from tests.support.served import Served


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """An instance with one station, whose key file is `secrets/station.json`."""
    return made_instance(tmp_path_factory.mktemp("stations") / "home")


def _listed(instance: Served) -> dict[str, dict[str, str | None]]:
    rows = [json.loads(line) for line in instance.run("station", "list").stdout.splitlines()]
    return {row["name"]: {key["key"]: key["revoked"] for key in row["keys"]} for row in rows}


def test_add_writes_a_private_key_file_and_prints_the_key_id(instance: Served) -> None:
    file = instance.home / "second.json"
    printed = instance.run("station", "add", "二号采集站", "--unit", "u", "--out", str(file)).stdout.strip()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    content = json.loads(file.read_text(encoding="utf-8"))
    assert content["name"] == "二号采集站"
    assert content["key"].startswith(f"lhs_{printed}_")
    assert _listed(instance)["二号采集站"] == {printed: None}


def test_add_leaves_nothing_half_done(instance: Served) -> None:
    before = _listed(instance)
    there = instance.home / "there.json"
    there.write_text("mine", encoding="ascii")
    for words, code in (
        (("add", "三号", "--unit", "u", "--out", str(there)), "station-key-file-exists"),
        (("add", "三号", "--unit", "u", "--out", "/proc/nowhere/key.json"), "station-key-file-unwritable"),
        (("add", "三号", "--unit", "nowhere", "--out", str(instance.home / "x")), "unit-missing"),
        (("add", "一号采集站", "--unit", "u", "--out", str(instance.home / "x")), "station-name-taken"),
        (("rekey", "三号", "--out", str(instance.home / "x")), "station-missing"),
        (("rekey", "一号采集站", "--out", str(there)), "station-key-file-exists"),
        (("revoke", "000000000000"), "station-key-missing"),
    ):
        done = instance.run("station", *words, check=False)
        assert done.returncode != 0
        assert code in done.stderr
    assert there.read_text(encoding="ascii") == "mine"
    assert not (instance.home / "x").exists()
    assert _listed(instance) == before


def test_rekey_ends_the_old_keys_and_revoke_the_new_one(instance: Served) -> None:
    (old,) = _listed(instance)["一号采集站"]
    fresh = instance.run("station", "rekey", "一号采集站", "--out", str(instance.home / "fresh.json")).stdout.strip()
    keys = _listed(instance)["一号采集站"]
    assert keys[old] is not None
    assert keys[fresh] is None
    instance.run("station", "revoke", fresh)
    assert all(_listed(instance)["一号采集站"].values())
