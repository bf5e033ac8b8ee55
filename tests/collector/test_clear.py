"""Clearing: never without a verified receipt, never when the device holds anything else."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING

from tests.collector.kit import device_with, left_on

from liuhen.collector.source import FolderSource

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from tests.collector.failing import BadDevice
    from tests.collector.kit import IntakeServer, Station


def test_without_the_option_nothing_is_cleared(station: Station, device: Path) -> None:
    station.collect(device)

    assert len(left_on(device)) == 3


def test_the_summary_names_what_was_cleared(station: Station, server: IntakeServer, device: Path) -> None:
    done = station.collect(device, "--clear-device")

    assert left_on(device) == set()
    (collection,) = server.openings()
    (closing,) = server.closings(collection)
    assert set(closing["cleared"]) == {one.recording for one in server.sealed() if one.role == "original"}
    assert len(done.ended["cleared"]) == 3


def test_what_is_no_recording_stays(station: Station, device: Path) -> None:
    (device / "DCIM" / "notes.doc").write_bytes(b"x")
    station.collect(device, "--clear-device")

    assert left_on(device) == {"notes.doc"}


def test_a_later_run_clears_what_an_earlier_one_brought_in(
    station: Station, server: IntakeServer, device: Path
) -> None:
    station.collect(device)
    done = station.collect(device, "--clear-device")

    assert done.code == 0
    assert left_on(device) == set()
    first, second = server.openings()
    assert server.closings(first)[-1]["cleared"] == []
    assert len(server.closings(second)[-1]["cleared"]) == 2
    assert not list((station.state / "known").rglob("*.json"))


def test_a_file_changed_after_its_receipt_stays_and_is_said(bad: BadDevice, station: Station, device: Path) -> None:
    path = device / "DCIM" / "100" / "7654321_650012_20261123094210_0007.mp4"

    def change() -> None:
        stat = path.stat()
        path.write_bytes(b"other" * 30_000)
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    bad.at_reading(path.name.encode(), change, nth=2)
    done = station.collect(device, "--clear-device")

    assert done.code == 3
    assert done.troubles == ["not-cleared"]
    assert done.ended["kept"] == [f"DCIM/100/{path.name}"]
    assert left_on(device) == {path.name}
    assert path.read_bytes() == b"other" * 30_000

    bad.mend()
    assert station.collect(device, "--clear-device").code == 0
    assert left_on(device) == set()


def test_a_file_swapped_between_comparing_and_removing_stays(
    station: Station, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = FolderSource.remove
    path = device / "DCIM" / "100" / "7654321_650012_20261123094210_0007.mp4"

    def swapped(self: FolderSource, name: bytes, expected: object) -> bool:
        if name.endswith(b"0007.mp4"):
            path.unlink()
            path.write_bytes(b"swapped")
        return real(self, name, expected)  # type: ignore[arg-type] # passed on as it came

    monkeypatch.setattr(FolderSource, "remove", swapped)
    done = station.collect(device, "--clear-device")

    assert done.code == 3
    assert left_on(device) == {path.name}
    assert path.read_bytes() == b"swapped"


def test_a_device_that_cannot_be_written_keeps_its_files_and_says_so(
    station: Station, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object) -> bool:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(FolderSource, "remove", read_only)
    done = station.collect(device, "--clear-device")

    assert done.code == 3
    assert len(left_on(device)) == 3
    assert "Read-only file system" in done.words
    assert len(done.ended["taken"]) == 3


def test_a_device_pulled_out_while_it_is_compared_is_said(bad: BadDevice, station: Station, device: Path) -> None:
    bad.at_reading(b"", bad.pull, nth=3 + 2)
    done = station.collect(device, "--clear-device")

    assert done.code == 4
    assert done.troubles == ["source-gone"]

    bad.mend()
    done = station.collect(device, "--clear-device")
    assert done.code == 0
    assert left_on(device) == set()


def test_a_bad_sector_while_comparing_keeps_that_recording(bad: BadDevice, station: Station, device: Path) -> None:
    name = b"7654321_650012_20261123094210_0007.mp4"
    bad.at_reading(name, lambda: bad.unreadable.update({name: 0}), nth=2)
    done = station.collect(device, "--clear-device")

    assert done.code == 3
    assert done.troubles == ["file-unreadable"]
    assert left_on(device) == {name.decode()}


def test_a_stored_receipt_that_was_damaged_counts_for_nothing(
    station: Station, server: IntakeServer, device: Path
) -> None:
    station.collect(device)
    for path in station.receipts():
        receipt = json.loads(path.read_bytes())
        receipt["size"] += 1
        path.write_text(json.dumps(receipt), encoding="utf-8")
    done = station.collect(device, "--clear-device")

    assert done.code == 0
    assert len(done.ended["taken"]) == 3, "they are handed in again, and recognised by the server"
    assert {one["duplicate"] for one in done.ended["taken"]} == {True}
    assert len(server.sealed()) == 3
    assert left_on(device) == set()


def test_a_lost_state_folder_loses_nothing(station: Station, server: IntakeServer, device: Path) -> None:
    station.collect(device)
    station.state = station.state.with_name("fresh-state")
    done = station.collect(device, "--clear-device")

    assert done.code == 0
    assert left_on(device) == set()
    assert len(server.sealed()) == 3
    assert len(station.receipts()) == 3


def test_a_recording_stays_while_an_attachment_has_no_receipt(bad: BadDevice, station: Station, tmp_path: Path) -> None:
    device = device_with(tmp_path / "device", {"AMBA0001.MP4": b"film", "AMBA0001.GPS": b"track"})
    bad.unreadable[b"AMBA0001.GPS"] = 0
    done = station.collect(device, "--clear-device")

    assert done.code == 3
    assert left_on(device) == {"AMBA0001.GPS", "AMBA0001.MP4"}
    assert done.ended["kept"] == ["AMBA0001.MP4", "AMBA0001.GPS"]

    bad.mend()
    assert station.collect(device, "--clear-device").code == 0
    assert left_on(device) == set()
