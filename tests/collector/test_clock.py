from __future__ import annotations

import datetime as dt
import os
import time
from typing import TYPE_CHECKING

import pytest

from liuhen.collector import clock as clocks
from liuhen.collector.clock import ClockMethod, ServerTime, StationClock
from liuhen.collector.errors import DeviceTimeInvalidError

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOON = dt.datetime(2026, 11, 23, 12, tzinfo=dt.UTC)
_MS = 1_000_000


@pytest.fixture(autouse=True)
def _in_china(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    yield
    monkeypatch.undo()
    os.environ.pop("TZ", None)
    time.tzset()


def test_the_error_is_the_devices_time_minus_the_servers() -> None:
    server = ServerTime(_NOON, asked_ns=1_000 * _MS, answered_ns=1_040 * _MS)
    shown = clocks.parse_device_time("2026-11-23T20:00:05")

    error = clocks.measured_error(shown, 1_020 * _MS, server)

    assert (error.method, error.error_ms, error.measured) == (ClockMethod.DECLARED, 5000, _NOON)
    assert error.uncertainty_ms == 20 + 1000


def test_the_time_between_reading_the_device_and_asking_the_server_is_counted() -> None:
    server = ServerTime(_NOON, asked_ns=10_000 * _MS, answered_ns=10_000 * _MS)
    shown = clocks.parse_device_time("2026-11-23T19:59:50")

    assert clocks.measured_error(shown, 0, server).error_ms == 0


@pytest.mark.parametrize(
    ("text", "resolution_ms"),
    [
        ("2026-11-23T20:00:05", 1000),
        ("2026-11-23 20:00", 60_000),
        (" 2026-11-23T20:00:05.5 ", 100),
        ("2026-11-23T20:00:05.25", 10),
        ("2026-11-23T20:00:05.125", 1),
    ],
)
def test_the_uncertainty_knows_how_fine_the_device_shows(text: str, resolution_ms: int) -> None:
    assert clocks.parse_device_time(text)[1] == resolution_ms


@pytest.mark.parametrize(
    "text",
    [
        "",
        "noon",
        "2026-13-01T00:00:00",
        "2026-11-23T25:00:00",
        "23.11.2026 20:00",
        "2026-11-23T20:00:05Z",
        "0000-01-01T00:00:00",
    ],
)
def test_what_is_no_device_time_is_refused(text: str) -> None:
    with pytest.raises(DeviceTimeInvalidError, match="device time"):
        clocks.parse_device_time(text)


def test_a_wall_clock_set_back_changes_nothing_once_the_servers_time_is_known() -> None:
    wall, monotonic = [5_000 * _MS], [0]
    clock = StationClock(lambda: wall[0], lambda: monotonic[0])
    assert clock.now() == dt.datetime(1970, 1, 1, 0, 0, 5, tzinfo=dt.UTC)

    clock.trust(ServerTime(_NOON, 0, 0))
    wall[0], monotonic[0] = -(10**18), 2_000 * _MS
    assert clock.now() == _NOON + dt.timedelta(seconds=2)
    assert clock.monotonic_ns() == 2_000 * _MS


def test_the_newest_file_bounds_the_clock_of_a_device_in_use_only() -> None:
    def newest(moment: dt.datetime) -> int:
        return int(moment.timestamp()) * 1_000_000_000

    ahead = clocks.estimated_error(newest(_NOON + dt.timedelta(hours=1)), _NOON)
    behind = clocks.estimated_error(newest(_NOON - dt.timedelta(hours=23)), _NOON)
    idle = clocks.estimated_error(newest(_NOON - dt.timedelta(hours=25)), _NOON)

    assert (ahead.method, ahead.error_ms, ahead.uncertainty_ms) == (ClockMethod.ESTIMATED, 3_600_000, None)
    assert behind.error_ms == -23 * 3_600_000
    assert (idle.method, idle.error_ms) == (ClockMethod.UNKNOWN, None)


def test_a_files_time_is_given_back_as_the_device_wrote_it() -> None:
    assert clocks.device_time_of(int(_NOON.timestamp()) * 1_000_000_000 + 999) == "2026-11-23T20:00:00"


@pytest.mark.parametrize("mtime_ns", [2**80, -(2**80), 10**30])
def test_a_files_time_that_no_calendar_has_is_none(mtime_ns: int) -> None:
    assert clocks.device_time_of(mtime_ns) is None
