"""A clock is set back: the server's, the station's, the device's. Nothing is sealed out of order nor rewritten."""

from __future__ import annotations

import signal
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.collector.faults import Fault, FaultyNetwork, Hold
from tests.end_to_end.conftest import LONG, SHORT
from tests.support.aftermath import Instance, digest_of, ended, left_on, says

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collector.kit import Done

HOUR = 3600


def _is_told(done: Done) -> None:
    assert done.code == 5, done.words
    says(
        done.trouble,
        "server-unreachable",
        zh=["系统时钟", "早于最近一条已知记录的时间", "相差", "请先校准服务器时钟"],
        en=["The system clock", "before the newest known record", "Set the server's clock right"],
    )


@pytest.mark.parametrize("restarted", [False, True], ids=["while it serves", "before it starts"])
def test_a_server_whose_clock_was_set_back_takes_nothing_until_it_is_right(
    restarted: bool,  # noqa: FBT001 - a parameter of the table
    *,
    instance: Instance,
    network: FaultyNetwork,
    device: Path,
    films: dict[str, bytes],
) -> None:
    hold = Hold()
    network.add(Fault("POST", ".*/seal", hold_after=0, hold=hold))
    with instance.collecting(device, "--server", network.url, "--clear-device", "--parallel", "1") as run:
        assert hold.reached.wait(30)
        instance.breaks(clock_s=-HOUR)
        if restarted:
            instance.stop(signal.SIGKILL)
            instance.start()
        hold.release.set()
        assert ended(run).code == 5
    _is_told(instance.hand_in(device, "--clear-device"))
    assert instance.sealed(films) == instance.promised(films) == set()
    assert left_on(device) == set(films)

    instance.is_mended()
    instance.finishes(device, films)


def test_a_servers_clock_set_back_by_seconds_stands_still_and_the_work_goes_on(
    instance: Instance, device: Path, films: dict[str, bytes]
) -> None:
    instance.breaks(clock_s=-20)
    done = instance.hand_in(device, "--clear-device")
    assert done.code == 0, done.words
    times = [time for (time,) in instance.rows("SELECT time FROM ledger_event ORDER BY seq")]
    assert times == sorted(times)
    instance.is_mended()
    instance.holds(films.values())


def test_a_station_whose_clock_was_set_back_tells_the_servers_time(
    instance: Instance, device: Path, films: dict[str, bytes]
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)  # noqa: TID251 - the right time, which the station does not have
    instance.breaks(clock_s=-3650 * 24 * HOUR, station=True)
    with instance.collecting(device, "--clear-device", faulty=True) as run:
        done = ended(run)
    instance.is_mended()
    assert done.code == 0, done.words
    ((opened,),) = instance.rows("SELECT opened_at FROM intake_collection ORDER BY rowid DESC LIMIT 1")
    assert abs(datetime.fromisoformat(opened) - now) < timedelta(minutes=5)
    instance.holds(films.values())


def test_a_station_whose_clock_was_set_back_without_network_marks_the_estimate(
    instance: Instance, device: Path, films: dict[str, bytes], tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    instance.breaks(clock_s=-3650 * 24 * HOUR, station=True)
    shown = datetime.now().isoformat(timespec="seconds")  # noqa: DTZ005, TID251 - what a device in this zone shows
    with instance.collecting(device, "--to-disk", str(disk), "--device-time", shown, faulty=True) as run:
        assert ended(run).code == 0
    instance.is_mended()

    done = instance.hand_in(disk, "--clear-device")
    assert done.code == 0, done.words
    assert list(disk.iterdir()) == []
    for data in films.values():
        (clock,) = instance.rows("SELECT clock_method FROM recordings_recording WHERE sha256 = ?", digest_of(data))
        assert clock == ("estimated",), "nobody vouches for the station's own clock"
    instance.holds(films.values())


def test_a_device_whose_clock_was_set_back_keeps_its_own_times_beside_the_measured_error(
    instance: Instance, device: Path, films: dict[str, bytes]
) -> None:
    shown = (datetime.now() - timedelta(days=3)).isoformat(timespec="seconds")  # noqa: DTZ005, TID251 - as it shows it
    # The second film was begun after the clock had been set back: its name tells an earlier time than the first one's.
    (late,) = device.rglob(SHORT)
    films["7654321_650012_20261120094210_0008.mp4"] = films.pop(SHORT)
    late.rename(late.with_name("7654321_650012_20261120094210_0008.mp4"))

    done = instance.hand_in(device, "--device-time", shown, "--clear-device")
    assert done.code == 0, done.words
    found = {
        address: (written, method, error, corrected)
        for address, written, method, error, corrected in instance.rows(
            "SELECT sha256, device_started, clock_method, clock_error_ms, started_at FROM recordings_recording"
        )
    }
    for name, written in ((LONG, "2026-11-23T09:42:10"), (next(iter(set(films) - {LONG})), "2026-11-20T09:42:10")):
        told, method, error, corrected = found[digest_of(films[name])]
        assert (told, method) == (written, "declared")
        assert error == pytest.approx(-timedelta(days=3) / timedelta(milliseconds=1), abs=60_000)
        shanghai = datetime.fromisoformat(written) - timedelta(hours=8)
        right = shanghai - timedelta(milliseconds=error)
        assert abs(datetime.fromisoformat(corrected) - right) < timedelta(seconds=1)
    instance.holds(films.values())
