"""The device misbehaves: files change, sectors are bad, somebody pulls it out."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.collector.faults import Fault, FaultyNetwork, Hold
from tests.collector.kit import device_with

from liuhen.core.digests import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collector.failing import BadDevice
    from tests.collector.kit import IntakeServer, Station

_BIG = bytes(range(256)) * 4096 * 4


@pytest.fixture
def big_device(tmp_path: Path) -> Path:
    return device_with(tmp_path / "device", {"AMBA0001.MP4": _BIG, "AMBA0002.MP4": b"small"})


def test_a_file_that_grows_while_it_is_read_is_not_taken_until_it_is_still(
    bad: BadDevice, station: Station, server: IntakeServer, big_device: Path
) -> None:
    def grow() -> None:
        with (big_device / "AMBA0001.MP4").open("ab") as file:
            file.write(b"more")

    bad.at_reading(b"AMBA0001.MP4", grow, offset=2 << 20)
    done = station.collect(big_device, "--clear-device")

    assert done.code == 3
    assert done.skipped() == {"AMBA0001.MP4": "changed"}
    assert [one.name for one in server.sealed()] == [b"AMBA0002.MP4"]
    assert (big_device / "AMBA0001.MP4").stat().st_size == len(_BIG) + 4

    bad.mend()
    assert station.collect(big_device, "--clear-device").code == 0
    assert sha256(_BIG + b"more").hex() in {one.sha256 for one in server.sealed()}


def test_a_file_that_shrinks_while_it_is_read_is_not_taken(
    bad: BadDevice, station: Station, server: IntakeServer, big_device: Path
) -> None:
    bad.at_reading(b"AMBA0001.MP4", lambda: os.truncate(big_device / "AMBA0001.MP4", 1 << 20), offset=2 << 20)
    done = station.collect(big_device)

    assert done.skipped() == {"AMBA0001.MP4": "changed"}
    assert [one.name for one in server.sealed()] == [b"AMBA0002.MP4"]


def test_a_file_changed_between_two_runs_of_one_upload_is_not_mixed(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    network.add(Fault("PATCH", cut_after=1 << 20))
    with network.refusing("PATCH"):
        assert far_station.collect(big_device, "--parallel", "1", patience=0.3).code == 5
        stat = (big_device / "AMBA0001.MP4").stat()
        (big_device / "AMBA0001.MP4").write_bytes(_BIG[::-1])
        os.utime(big_device / "AMBA0001.MP4", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    done = far_station.collect(big_device, "--clear-device")
    assert done.skipped() == {"AMBA0001.MP4": "digest-mismatch"}
    assert (big_device / "AMBA0001.MP4").exists()

    assert far_station.collect(big_device, "--clear-device").code == 0
    assert sha256(_BIG[::-1]).hex() in {one.sha256 for one in server.sealed()}
    assert sha256(_BIG).hex() not in {one.sha256 for one in server.sealed()}


def test_a_bad_sector_costs_one_file_only(
    bad: BadDevice, station: Station, server: IntakeServer, big_device: Path
) -> None:
    bad.unreadable[b"AMBA0001.MP4"] = 3 << 20
    done = station.collect(big_device, "--clear-device")

    assert done.code == 3
    assert done.skipped() == {"AMBA0001.MP4": "unreadable"}
    assert "Input/output error" in done.words
    assert [one.name for one in server.sealed()] == [b"AMBA0002.MP4"]
    (collection,) = server.openings()
    assert server.closings(collection)[-1]["skipped"] == [{"name": "AMBA0001.MP4", "reason": "unreadable"}]
    assert (big_device / "AMBA0001.MP4").exists()

    bad.mend()
    assert station.collect(big_device).code == 0
    assert len(server.sealed()) == 2


def test_a_device_pulled_out_mid_read_goes_on_when_it_is_back(
    bad: BadDevice, station: Station, server: IntakeServer, big_device: Path
) -> None:
    bad.at_reading(b"AMBA0001.MP4", bad.pull, offset=2 << 20)
    done = station.collect(big_device, "--clear-device", "--parallel", "1")
    assert done.code == 4
    assert done.troubles == ["source-gone"]
    assert len(server.openings()) == 1

    bad.mend()
    done = station.collect(big_device, "--clear-device")
    assert done.code == 0
    assert len(server.openings()) == 1, "the same collection goes on"
    assert sorted(one.sha256 for one in server.sealed()) == sorted(sha256(data).hex() for data in (_BIG, b"small"))
    assert list(big_device.iterdir()) == []


def test_a_device_pulled_out_before_it_is_looked_through_is_said(
    bad: BadDevice, station: Station, big_device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad.gone = True
    assert station.collect(big_device).code == 4
    monkeypatch.undo()


def test_a_folder_removed_mid_read_is_a_device_gone(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    hold = Hold()
    network.add(Fault("PATCH", hold_after=1 << 20, hold=hold))

    with far_station.running(big_device, "--parallel", "1") as process:
        assert hold.reached.wait(20)
        (big_device / "AMBA0002.MP4").unlink()
        away = big_device.rename(big_device.with_name("away"))
        hold.release.set()
        out, err = process.communicate(timeout=30)

    assert process.returncode == 4, (out, err)
    away.rename(big_device)
    assert far_station.collect(big_device).code == 0
    assert sha256(_BIG).hex() in {one.sha256 for one in server.sealed()}


def test_another_device_at_the_same_place_begins_a_collection_of_its_own(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path, tmp_path: Path
) -> None:
    with network.refusing("PATCH"):
        assert far_station.collect(big_device, patience=0.3).code == 5
    first = big_device.rename(tmp_path / "first")
    device_with(big_device, {"AMBA0001.MP4": b"another device"})

    assert far_station.collect(big_device).code == 0
    assert len(server.openings()) == 2
    assert len(far_station.unfinished()) == 1

    assert far_station.collect(first).code == 0
    assert len(server.openings()) == 2, "the first device's collection went on, wherever it is mounted"
    assert far_station.unfinished() == []
    assert len(server.sealed()) == 3


def test_a_declared_serial_tells_two_devices_apart(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    with network.refusing("PATCH"):
        assert far_station.collect(big_device, "--device", "A", patience=0.3).code == 5

    assert far_station.collect(big_device, "--device", "B").code == 0
    assert len(server.openings()) == 2


def test_a_file_deleted_before_it_was_sent_is_said_and_the_collection_ends(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    with network.refusing("PATCH"):
        assert far_station.collect(big_device, "--parallel", "2", patience=0.3).code == 5
    (big_device / "AMBA0002.MP4").unlink()

    done = far_station.collect(big_device)
    assert done.code == 3
    assert done.skipped() == {"AMBA0002.MP4": "gone"}
    assert far_station.unfinished() == []
    assert [one.name for one in server.sealed()] == [b"AMBA0001.MP4"]


def test_a_file_sent_whole_is_sealed_although_the_device_lost_it(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    with network.refusing("POST", ".*/seal"):
        assert far_station.collect(big_device, "--parallel", "2", patience=0.3).code == 5
    (big_device / "AMBA0002.MP4").unlink()

    done = far_station.collect(big_device)
    assert done.code == 0
    assert len(server.sealed()) == 2


def test_two_collectors_on_one_device_do_not_meet(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path, tmp_path: Path
) -> None:
    hold = Hold()
    network.add(Fault("PATCH", hold_after=1 << 20, hold=hold))
    link = tmp_path / "same-device"
    link.symlink_to(big_device)
    with far_station.running(big_device, "--parallel", "1") as process:
        assert hold.reached.wait(20)
        second = far_station.collect(link)
        hold.release.set()
        out, err = process.communicate(timeout=30)

    assert second.code == 10
    assert second.troubles == ["source-busy"]
    assert process.returncode == 0, (out, err)
    assert len(server.openings()) == 1
    assert len(server.sealed()) == 2
