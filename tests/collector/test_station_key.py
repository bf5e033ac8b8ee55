from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.collector.fake_server import KEY, STATION, write_key

from liuhen.collector.errors import StationKeyExposedError, StationKeyInvalidError, StationKeyUnreadableError
from liuhen.collector.station import load_station_key

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collector.kit import Station


def test_the_file_of_liuhen_station_add_is_read(tmp_path: Path) -> None:
    key = load_station_key(write_key(tmp_path / "station.json", "log"))

    assert (key.station, key.key, key.log, key.name) == (STATION, KEY, "log", "一号采集站")


def test_the_secret_does_not_show_in_logs(tmp_path: Path) -> None:
    assert KEY not in repr(load_station_key(write_key(tmp_path / "station.json", "log")))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_can_read_is_refused(mode: int, tmp_path: Path) -> None:
    path = write_key(tmp_path / "station.json", "log")
    path.chmod(mode)

    with pytest.raises(StationKeyExposedError, match="chmod 600"):
        load_station_key(path)


def test_a_key_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(StationKeyUnreadableError, match="No such file"):
        load_station_key(tmp_path / "none.json")


_GOOD: dict[str, Any] = {"v": 1, "station": STATION, "name": "n", "key": KEY, "log": "log"}


@pytest.mark.parametrize(
    ("data", "key"),
    [
        (b"\xff", {"zh": "整个文件", "en": "the whole file"}),
        (b"{", {"zh": "整个文件", "en": "the whole file"}),
        (b"[]", {"zh": "整个文件", "en": "the whole file"}),
        (json.dumps({**_GOOD, "v": 2}).encode(), "v"),
        (json.dumps({**_GOOD, "more": 1}).encode(), "more"),
        (json.dumps({**_GOOD, "\x1b[2J": 1}).encode(), "⟨U+001B⟩[2J"),
        (b"[" * 100_000, {"zh": "整个文件", "en": "the whole file"}),
        (json.dumps({key: value for key, value in _GOOD.items() if key != "log"}).encode(), "log"),
        (json.dumps({**_GOOD, "name": 7}).encode(), "name"),
        (json.dumps({**_GOOD, "log": ""}).encode(), "log"),
        (json.dumps({**_GOOD, "station": "one"}).encode(), "station"),
        (json.dumps({**_GOOD, "station": STATION.upper()}).encode(), "station"),
        (json.dumps({**_GOOD, "key": "secret"}).encode(), "key"),
        (json.dumps({**_GOOD, "key": "lhs_a\r\nHost: b"}).encode(), "key"),
    ],
    ids=[
        "bytes",
        "cut",
        "list",
        "version",
        "more",
        "command",
        "deep",
        "less",
        "number",
        "empty",
        "word",
        "upper",
        "no-key",
        "header",
    ],
)
def test_a_faulty_key_file_is_named_by_its_key(data: bytes, key: str | dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "station.json"
    path.write_bytes(data)
    path.chmod(0o600)

    with pytest.raises(StationKeyInvalidError) as caught:
        load_station_key(path)
    assert caught.value.where["key"] == key


@pytest.mark.parametrize(
    ("given", "zh", "en"),
    [
        ({**_GOOD, "more": 1}, "more 有误：没有这一项", "wrong at more: there is no such key"),
        ({"v": 1, **dict(list(_GOOD.items())[2:])}, "station 有误：缺少此项", "wrong at station: it is missing"),
    ],
    ids=["unknown", "missing"],
)
def test_a_key_too_many_and_one_too_few_are_told_apart(given: dict[str, Any], zh: str, en: str, tmp_path: Path) -> None:
    path = tmp_path / "station.json"
    path.write_text(json.dumps(given))
    path.chmod(0o600)

    with pytest.raises(StationKeyInvalidError) as caught:
        load_station_key(path)
    told = caught.value.as_dict()
    assert zh in told["zh"]
    assert en in told["en"]


def test_a_faulty_key_file_or_log_key_ends_the_command_with_its_own_code(
    station: Station, device: Path, tmp_path: Path
) -> None:
    station.key_file = write_key(tmp_path / "bad.json", "no verifier key")
    assert station.collect(device).code == 11

    station.key_file = tmp_path / "none.json"
    assert station.collect(device).code == 11
