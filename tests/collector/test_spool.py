"""Spools: carried to another station, or kept until the network is back; never a reason to clear a device."""

from __future__ import annotations

import json
import resource
from typing import TYPE_CHECKING

import pytest
from tests.collector.fake_server import STATION
from tests.collector.faults import Fault, FaultyNetwork, refusal
from tests.collector.kit import Station, device_with, left_on

from liuhen.collector.work import runner
from liuhen.core.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.collector.failing import BadDevice
    from tests.collector.kit import IntakeServer


_COMMANDS = set("\x07\x1b\u202e")


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return tmp_path / "disk"


@pytest.fixture
def other_station(server: IntakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Station:
    return Station(server, tmp_path / "other", capsys)


def _spool(disk: Path) -> Path:
    (spool,) = disk.glob("liuhen-spool-*")
    return spool


def test_a_disk_carries_a_collection_to_another_station(
    station: Station, other_station: Station, server: IntakeServer, device: Path, disk: Path
) -> None:
    done = station.collect(device, "--to-disk", disk, "--device", "7654321")
    assert done.code == 0
    assert done.ended["spooled"] == 3
    assert server.openings() == {}
    assert len(left_on(device)) == 3

    done = other_station.collect(disk)
    assert done.code == 0, done.words
    ((_, opening),) = server.openings().items()
    assert opening["carried"]["station"] == STATION
    assert opening["device"] == "7654321"
    assert {(one.path, one.role) for one in server.sealed()} == {
        (b"DCIM/100/7654321_650012_20261123094210_0007.mp4", "original"),
        (b"DCIM/100/7654321_650012_20261123101010_0008_IMP.mp4", "original"),
        (b"DCIM/100/7654321_650012_20261123101010_0008_IMP.gps", "attachment"),
    }
    assert len(other_station.receipts()) == 3
    assert len(left_on(disk)) == 4, "a disk is left as it is unless clearing was asked for"


def test_a_disk_is_cleared_as_a_whole_when_everything_on_it_has_a_receipt(
    station: Station, other_station: Station, server: IntakeServer, device: Path, disk: Path
) -> None:
    station.collect(device, "--to-disk", disk)
    done = other_station.collect(disk, "--clear-device")

    assert done.code == 0
    assert list(disk.iterdir()) == []
    assert len(server.sealed()) == 3


def test_one_spool_of_a_disk_can_be_named_itself(
    station: Station, other_station: Station, server: IntakeServer, device: Path, disk: Path
) -> None:
    station.collect(device, "--to-disk", disk)

    assert other_station.collect(_spool(disk)).code == 0
    assert len(server.sealed()) == 3


def test_a_disk_handed_in_twice_or_at_two_stations_is_taken_once(
    station: Station, other_station: Station, server: IntakeServer, device: Path, disk: Path
) -> None:
    station.collect(device, "--to-disk", disk)

    assert other_station.collect(disk).code == 0
    assert set(other_station.collect(disk).skipped().values()) == {"already-received"}
    assert station.collect(disk).code == 0
    assert len(server.openings()) == 1
    assert len(server.sealed()) == 3


def test_a_disk_that_another_station_has_begun_with_comes_in_under_a_collection_of_our_own(
    *,
    far_station: Station,
    other_station: Station,
    server: IntakeServer,
    network: FaultyNetwork,
    device: Path,
    disk: Path,
) -> None:
    far_station.collect(device, "--to-disk", disk)
    assert other_station.collect(disk).code == 0
    begun = _spool(disk).name.removeprefix("liuhen-spool-")
    network.add(Fault("PUT", f".*{begun}", answer=(409, refusal("collection-differs")), times=99))
    network.add(Fault("POST", ".*/seal", answer=(503, b""), times=99))

    assert far_station.collect(disk, "--clear-device", patience=0.3).code == 5
    network._faults.pop()
    done = far_station.collect(disk, "--clear-device")

    assert done.code == 0, done.words
    assert {one["duplicate"] for one in done.ended["taken"]} == {True}
    assert len(done.ended["taken"]) == 3
    own, *more = server.openings().keys() - {begun}
    assert more == [], "the run that was cut off is gone on with"
    assert server.openings()[own] == server.openings()[begun]
    assert len(server.closings(own)) == 1
    assert far_station.unfinished() == []
    assert list(disk.iterdir()) == []


def test_identical_files_lie_in_a_spool_once_and_are_handed_in_twice(
    station: Station, other_station: Station, server: IntakeServer, tmp_path: Path, disk: Path
) -> None:
    device = device_with(tmp_path / "device", {"a/AMBA0001.MP4": b"same", "b/AMBA0001.MP4": b"same", "c.mp4": b""})
    station.collect(device, "--to-disk", disk)
    assert len(left_on(_spool(disk) / "files")) == 2

    done = other_station.collect(disk, "--clear-device")
    assert len(done.ended["taken"]) == 3
    assert len(server.declarations()) == 3
    assert list(disk.iterdir()) == []


def test_a_changed_byte_on_the_disk_is_found_and_the_rest_is_taken(
    station: Station, other_station: Station, server: IntakeServer, device: Path, disk: Path
) -> None:
    station.collect(device, "--to-disk", disk)
    content = max((_spool(disk) / "files").iterdir(), key=lambda path: path.stat().st_size)
    data = bytearray(content.read_bytes())
    data[1000] ^= 1
    content.write_bytes(data)

    done = other_station.collect(disk, "--clear-device")
    assert done.code == 3
    assert done.skipped() == {"DCIM/100/7654321_650012_20261123094210_0007.mp4": "spool-damaged"}
    assert len(server.sealed()) == 2
    assert _spool(disk).is_dir(), "a spool that is not wholly received stays"


def test_a_missing_content_on_the_disk_is_found(
    station: Station, other_station: Station, device: Path, disk: Path
) -> None:
    station.collect(device, "--to-disk", disk)
    max((_spool(disk) / "files").iterdir(), key=lambda path: path.stat().st_size).unlink()

    done = other_station.collect(disk)
    assert done.code == 3
    assert done.skipped() == {"DCIM/100/7654321_650012_20261123094210_0007.mp4": "unreadable"}


def _edit(change: Callable[[dict[str, object]], object]) -> Callable[[bytes], bytes]:
    def edited(data: bytes) -> bytes:
        table = json.loads(data)
        change(table)
        return canonical(table)

    return edited


def _skipping(name: object, **more: object) -> Callable[[bytes], bytes]:
    return _edit(lambda table: table.update(skipped=[{"name": name, "reason": "not-media", **more}]))


_DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "cut": lambda data: data[:100],
    "not-canonical": lambda data: data + b"\n",
    "not-a-manifest": lambda _: b"[]",
    "other-version": _edit(lambda table: table.update(v=2)),
    "unknown-key": _edit(lambda table: table.update(extra=1)),
    "path-as-collection": _edit(lambda table: table.update(collection="../../etc")),
    "path-as-upload": _edit(lambda table: table["files"][0]["declaration"].update(upload="../x")),  # type: ignore[index]
    "path-as-digest": _edit(lambda table: table["files"][0]["digests"].update(sha256="../x")),  # type: ignore[index]
    "stranger-collection": _edit(
        lambda table: table["files"][0]["declaration"].update(  # type: ignore[index]
            collection="00000000-0000-4000-8000-000000000000"
        )
    ),
    "attached-to-nothing": _edit(
        lambda table: table["files"][-1]["declaration"].update(  # type: ignore[index]
            attached_to="00000000-0000-4000-8000-000000000000"
        )
    ),
    "one-path-twice": _edit(lambda table: table["files"].append(table["files"][0])),  # type: ignore[attr-defined, index]
    "size-of-another": _edit(lambda table: table["files"][0].update(size=1)),  # type: ignore[index]
    "no-carrier": _edit(lambda table: table["opening"].update(carried=None)),  # type: ignore[attr-defined]
    "files-no-list": _edit(lambda table: table.update(files=7)),
    "skip-that-commands-the-terminal": _skipping("\x1b]0;owned\x07\nReceived 0007.mp4, receipt verified"),
    "skip-that-turns-direction": _skipping("gpj.\u202eexe"),
    "skip-with-half-a-sign": _skipping("a⟨U+202E"),
    "skip-named-by-a-number": _skipping(7),
    "skip-with-more": _skipping("a", more=1),
    "skip-no-table": _edit(lambda table: table.update(skipped=["a"])),
}


@pytest.mark.parametrize("damage", _DAMAGES.values(), ids=_DAMAGES.keys())
def test_a_damaged_manifest_is_refused_before_anything_is_sent(
    damage: Callable[[bytes], bytes],
    *,
    station: Station,
    other_station: Station,
    server: IntakeServer,
    device: Path,
    disk: Path,
) -> None:
    station.collect(device, "--to-disk", disk)
    manifest = _spool(disk) / "manifest.json"
    manifest.write_bytes(damage(manifest.read_bytes()))

    done = other_station.collect(disk, "--clear-device")
    assert done.code == 12
    assert done.troubles == ["spool-damaged"]
    assert set(done.words) & _COMMANDS == set()
    assert server.openings() == {}


def test_what_was_left_under_a_deceiving_name_is_carried_in_a_spool(
    station: Station, other_station: Station, server: IntakeServer, tmp_path: Path, disk: Path
) -> None:
    device = device_with(tmp_path / "device", {"AMBA0001.MP4": b"one", "gpj.\u202eexe": b"x"})
    station.collect(device, "--to-disk", disk)

    done = other_station.collect(disk)
    assert done.code == 0
    assert done.skipped() == {"gpj.⟨U+202E⟩exe": "not-media"}
    (collection,) = server.openings()
    assert server.closings(collection)[-1]["skipped"] == [{"name": "gpj.⟨U+202E⟩exe", "reason": "not-media"}]


def test_the_name_of_a_spools_folder_cannot_command_the_terminal(
    station: Station, other_station: Station, device: Path, disk: Path
) -> None:
    station.collect(device, "--to-disk", disk)
    (_spool(disk) / "manifest.json").write_bytes(b"")
    _spool(disk).rename(disk / "liuhen-spool-\x1b]0;owned\x07")

    done = other_station.collect(disk)
    assert done.troubles == ["spool-damaged"]
    assert "liuhen-spool-⟨U+001B⟩]0;owned⟨U+0007⟩" in done.words
    assert set(done.words) & _COMMANDS == set()


def test_a_manifest_that_cannot_be_read_is_no_damage(
    station: Station, other_station: Station, device: Path, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.collect(device, "--to-disk", disk)
    spool = _spool(disk)
    monkeypatch.setattr(runner, "find_spools", lambda _: [spool])
    (spool / "manifest.json").rename(spool / "manifest.away")
    done = other_station.collect(disk)
    assert done.code == 4
    assert done.troubles == ["spool-unreadable"]
    assert "No such file or directory" in done.words

    (spool / "manifest.away").rename(spool / "manifest.json")
    assert other_station.collect(disk).code == 0


def test_when_the_network_is_down_the_collection_waits_in_the_spool_and_goes_on_later(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path, disk: Path
) -> None:
    network.down = True
    done = far_station.collect(device, "--spool", disk, "--clear-device", patience=0.3)
    assert done.code == 5
    assert done.ended["spooled"] == 3
    assert len(left_on(device)) == 3, "a spool is no receipt"

    again = far_station.collect(device, "--spool", disk, "--clear-device", patience=0.3)
    assert [one["spooled"] for one in again.of("collection-ended")] == [0, 0]
    assert set(again.skipped().values()) == {"already-spooled"}
    assert len(list(disk.glob("liuhen-spool-*"))) == 1

    network.down = False
    done = far_station.collect(device, "--spool", disk, "--clear-device")
    assert done.code == 0
    assert list(disk.iterdir()) == []
    assert left_on(device) == set()
    assert len(server.sealed()) == 3
    spooled, cleared = server.openings().values()
    assert spooled["carried"]["station"] == STATION
    assert cleared["carried"] is None


def test_a_network_lost_midway_spools_the_rest_and_both_collections_end(
    far_station: Station, server: IntakeServer, *, network: FaultyNetwork, device: Path, disk: Path, tmp_path: Path
) -> None:
    with network.refusing("POST", ".*/seal", skip=1):
        done = far_station.collect(device, "--spool", disk, "--parallel", "1", patience=0.3)
        assert done.code == 5
        assert len(done.ended["taken"]) == 1
        assert done.ended["spooled"] > 0
    empty = device_with(tmp_path / "empty", {})
    results = far_station.collect(empty, "--spool", disk)
    assert results.code == 0
    assert len(server.sealed()) == 3
    assert far_station.unfinished() == []
    assert all(server.closings(collection) for collection in server.openings())
    assert list(disk.iterdir()) == []


def test_a_spool_that_cannot_go_on_yet_stays(
    far_station: Station, server: IntakeServer, *, network: FaultyNetwork, device: Path, disk: Path, tmp_path: Path
) -> None:
    network.down = True
    far_station.collect(device, "--spool", disk, patience=0.3)
    other = device_with(tmp_path / "second", {"AMBA0009.MP4": b"nine"})
    far_station.collect(other, "--spool", disk, patience=0.3)
    assert len(list(disk.glob("liuhen-spool-*"))) == 2

    network.down = False
    assert far_station.collect(other, "--spool", disk).code == 0
    assert len(server.sealed()) == 4
    assert list(disk.iterdir()) == []


def test_a_disk_too_full_leaves_nothing_half_done(station: Station, tmp_path: Path, disk: Path) -> None:
    device = device_with(tmp_path / "device", {"AMBA0001.MP4": bytes(2 << 20), "AMBA0002.MP4": b"small"})

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))

    with station.running(device, "--to-disk", disk, limit=limit) as process:
        out, err = process.communicate(timeout=30)
    assert process.returncode == 9, (out, err)
    assert "spool-unwritable" in out
    assert list(disk.iterdir()) == []
    assert len(left_on(device)) == 2

    assert station.collect(device, "--to-disk", disk).code == 0
    assert len(left_on(_spool(disk) / "files")) == 2


def test_what_a_killed_run_left_on_the_disk_is_swept(station: Station, device: Path, disk: Path) -> None:
    stale = device_with(disk / ".liuhen-spool-dead.partial", {"files/.part-0": b"half"})

    assert station.collect(device, "--to-disk", disk).code == 0
    assert not stale.exists()


def test_bad_files_are_left_out_of_a_spool_with_what_belongs_to_them(
    bad: BadDevice, station: Station, *, other_station: Station, server: IntakeServer, device: Path, disk: Path
) -> None:
    bad.unreadable[b"7654321_650012_20261123101010_0008_IMP.mp4"] = 10
    done = station.collect(device, "--to-disk", disk)

    assert done.code == 3
    assert done.skipped() == {
        "DCIM/100/7654321_650012_20261123101010_0008_IMP.mp4": "unreadable",
        "DCIM/100/7654321_650012_20261123101010_0008_IMP.gps": "recording-not-taken",
    }
    assert other_station.collect(disk).skipped() == done.skipped()
    (collection,) = server.openings()
    assert {one["reason"] for one in server.closings(collection)[-1]["skipped"]} == set(done.skipped().values())
    assert len(server.sealed()) == 1


def test_a_file_that_changes_while_it_is_spooled_is_left_out(
    bad: BadDevice, station: Station, tmp_path: Path, disk: Path
) -> None:
    device = device_with(tmp_path / "device", {"AMBA0001.MP4": b"x" * 100})

    bad.at_reading(b"AMBA0001.MP4", lambda: (device / "AMBA0001.MP4").write_bytes(b"x" * 104))
    done = station.collect(device, "--to-disk", disk)

    assert done.code == 3
    assert done.skipped() == {"AMBA0001.MP4": "changed"}
    assert list(disk.iterdir()) == []


def test_a_device_pulled_out_while_it_is_spooled_leaves_no_spool(
    bad: BadDevice, station: Station, device: Path, disk: Path
) -> None:
    bad.at_reading(b"0007.mp4", bad.pull)
    done = station.collect(device, "--to-disk", disk)

    assert done.code == 4
    assert list(disk.iterdir()) == []


def test_what_was_received_is_not_spooled_again(station: Station, device: Path, disk: Path) -> None:
    station.collect(device)
    done = station.collect(device, "--to-disk", disk)

    assert set(done.skipped().values()) == {"already-received"}
    assert list(disk.iterdir()) == []


def test_the_declared_device_time_of_a_spool_is_an_estimate(
    station: Station, other_station: Station, server: IntakeServer, device: Path, disk: Path
) -> None:
    station.collect(device, "--to-disk", disk, "--device-time", "2020-01-01T00:00:00")
    other_station.collect(disk)

    (opening,) = server.openings().values()
    assert opening["clock"]["method"] == "estimated"
    assert opening["clock"]["error_ms"] < 0


@pytest.mark.parametrize("words", [["--clear-device"], ["--spool", "x"], ["--watch", "x"]])
def test_a_disk_never_clears_a_device(words: list[str], station: Station, device: Path, disk: Path) -> None:
    source = [] if "--watch" in words else [device]
    with pytest.raises(SystemExit) as caught:
        station.collect(*source, "--to-disk", disk, *words)

    assert caught.value.code == 2
    assert not disk.exists()
