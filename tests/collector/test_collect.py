from __future__ import annotations

import base64
import os
import re
from typing import TYPE_CHECKING

from tests.collector.kit import IntakeServer, Station, device_with

from liuhen.core.digests import digest_file
from liuhen.core.receipt import parse_receipt

if TYPE_CHECKING:
    from pathlib import Path


def test_every_recording_and_attachment_is_sealed_and_has_its_receipt(
    station: Station, server: IntakeServer, device: Path
) -> None:
    done = station.collect(device)

    assert done.code == 0
    assert {(one.path, one.role, one.size) for one in server.sealed()} == {
        (b"DCIM/100/7654321_650012_20261123094210_0007.mp4", "original", 150_000),
        (b"DCIM/100/7654321_650012_20261123101010_0008_IMP.mp4", "original", 100_000),
        (b"DCIM/100/7654321_650012_20261123101010_0008_IMP.gps", "attachment", 80),
    }
    receipts = {parse_receipt(path.read_bytes()).name: parse_receipt(path.read_bytes()) for path in station.receipts()}
    for path in device.rglob("*.*"):
        digests = digest_file(path)
        receipt = receipts[path.name.encode()]
        assert (receipt.sha256, receipt.sm3, receipt.size) == (digests.sha256, digests.sm3, digests.size)
    assert station.unfinished() == []


def test_the_collection_is_opened_and_closed_with_its_summary(
    station: Station, server: IntakeServer, device: Path
) -> None:
    (device / "DCIM" / "notes.doc").write_bytes(b"not media")

    done = station.collect(device, "--device", "7654321")

    ((collection, opening),) = server.openings().items()
    (closing,) = server.closings(collection)
    assert (opening["device"], opening["carried"]) == ("7654321", None)
    assert re.fullmatch(r"liuhen/.+", opening["collector"])
    originals = {one.recording for one in server.sealed() if one.role == "original"}
    assert set(closing["taken"]) == originals
    assert len(closing["taken"]) == 2
    assert closing["skipped"] == [{"name": "DCIM/notes.doc", "reason": "not-media"}]
    assert closing["cleared"] == []
    assert done.ended["collection"] == collection


def test_important_recordings_go_first_then_the_oldest(station: Station, server: IntakeServer, tmp_path: Path) -> None:
    device = device_with(
        tmp_path / "device",
        {
            "a/20261123_080000.mp4": b"later",
            "b/20261122_080000.mp4": b"earlier",
            "c/RO/20261123_090000.mp4": b"locked by its folder",
            "d/EVENT_20261123_100000.mp4": b"important by its name",
        },
    )

    station.collect(device, "--parallel", "1")

    assert [one.path for one in server.sealed()] == [
        b"c/RO/20261123_090000.mp4",
        b"d/EVENT_20261123_100000.mp4",
        b"b/20261122_080000.mp4",
        b"a/20261123_080000.mp4",
    ]


def test_each_fact_tells_where_it_was_found(station: Station, server: IntakeServer, tmp_path: Path) -> None:
    movie = b"\0\0\0\x14ftypisom\0\0\0\0isom" + b"\0\0\0\x1cmoov\0\0\0\x14mvhd\0\0\0\0"
    movie += (3_878_271_730).to_bytes(4) + b"\0" * 4
    device = device_with(
        tmp_path / "device",
        {
            "7654321_650012_20261123094210_0007_IMP.mp4": b"1",
            "AMBA0007.MP4": movie,
            "LOCK/AMBA0008.MP4": b"3",
        },
    )
    os.utime(device / "LOCK" / "AMBA0008.MP4", (1_764_000_000, 1_764_000_000))

    station.collect(device, "--device", "A-1")

    facts = {base64.b64decode(one["path"]): one["facts"] for one in server.declarations()}
    assert facts[b"7654321_650012_20261123094210_0007_IMP.mp4"] == {
        "grammar": {"value": "device-officer-moment", "source": "name"},
        "device_serial": {"value": "7654321", "source": "name"},
        "officer_code": {"value": "650012", "source": "name"},
        "started": {"value": "2026-11-23T09:42:10", "source": "name"},
        "sequence": {"value": 7, "source": "name"},
        "important": {"value": True, "source": "name"},
        "kind": {"value": "video", "source": "name"},
    }
    assert facts[b"AMBA0007.MP4"]["started"] == {"value": "2026-11-23T09:42:10", "source": "container"}
    assert facts[b"AMBA0007.MP4"]["device_serial"] == {"value": "A-1", "source": "declared"}
    assert facts[b"LOCK/AMBA0008.MP4"]["important"] == {"value": True, "source": "device"}
    assert facts[b"LOCK/AMBA0008.MP4"]["started"]["source"] == "mtime"


def test_an_attachment_names_the_upload_of_its_recording(station: Station, server: IntakeServer, device: Path) -> None:
    station.collect(device)

    by_name = {base64.b64decode(one["name"]): one for one in server.declarations()}
    track = by_name[b"7654321_650012_20261123101010_0008_IMP.gps"]
    original = by_name[b"7654321_650012_20261123101010_0008_IMP.mp4"]
    assert (track["role"], track["attached_to"]) == ("attachment", original["upload"])


def test_a_second_run_recognises_what_has_a_receipt_and_sends_nothing(
    station: Station, server: IntakeServer, device: Path
) -> None:
    station.collect(device)
    again = station.collect(device)

    assert again.code == 0
    assert again.of("file-started") == []
    assert set(again.skipped().values()) == {"already-received"}
    assert len(server.openings()) == 1
    assert len(server.sealed()) == 3


def test_new_recordings_on_a_known_device_are_taken_in_a_collection_of_their_own(
    station: Station, server: IntakeServer, device: Path
) -> None:
    station.collect(device)
    (device / "DCIM" / "100" / "7654321_650012_20261124094210_0009.mp4").write_bytes(b"nine" * 100)
    again = station.collect(device)

    assert [one["name"] for one in again.ended["taken"]] == ["DCIM/100/7654321_650012_20261124094210_0009.mp4"]
    assert len(server.openings()) == 2


def test_other_bytes_under_a_known_name_size_and_time_are_taken(
    station: Station, server: IntakeServer, tmp_path: Path
) -> None:
    device = device_with(tmp_path / "device", {"AMBA0001.MP4": b"first"})
    os.utime(device / "AMBA0001.MP4", (1_000_000_000, 1_000_000_000))
    station.collect(device)
    (device / "AMBA0001.MP4").write_bytes(b"other")
    os.utime(device / "AMBA0001.MP4", (1_000_000_000, 1_000_000_000))
    again = station.collect(device)

    assert [one["name"] for one in again.ended["taken"]] == ["AMBA0001.MP4"]
    assert len(server.sealed()) == 2


def test_identical_bytes_are_sealed_once_and_both_files_have_the_receipt(
    station: Station, server: IntakeServer, tmp_path: Path
) -> None:
    device = device_with(tmp_path / "device", {"a/AMBA0001.MP4": b"same", "b/AMBA0001.MP4": b"same"})

    done = station.collect(device, "--parallel", "1")

    assert done.code == 0
    assert [one["duplicate"] for one in done.ended["taken"]] == [False, True]
    assert len(server.sealed()) == 1
    assert len(station.receipts()) == 2


def test_a_source_without_recordings_opens_no_collection(
    station: Station, server: IntakeServer, tmp_path: Path
) -> None:
    done = station.collect(device_with(tmp_path / "device", {"readme.doc": b"x"}))

    assert done.code == 0
    assert (done.ended["taken"], done.ended["collection"]) == ([], None)
    assert server.openings() == {}


def test_a_source_that_is_not_there_is_said(station: Station, tmp_path: Path) -> None:
    done = station.collect(tmp_path / "nothing")

    assert done.code == 4
    assert done.troubles == ["source-missing"]
    assert "nothing" in done.words


def test_the_declared_device_time_is_measured_against_the_servers(
    station: Station, server: IntakeServer, device: Path
) -> None:
    station.collect(device, "--device-time", "2020-01-01T00:00:00")

    (opening,) = server.openings().values()
    clock = opening["clock"]
    assert clock["method"] == "declared"
    assert clock["error_ms"] < -5 * 365 * 86_400_000
    assert clock["uncertainty_ms"] >= 1000


def test_without_a_declared_time_the_error_is_estimated_and_marked_so(
    station: Station, server: IntakeServer, device: Path
) -> None:
    station.collect(device)

    (opening,) = server.openings().values()
    assert opening["clock"]["method"] == "estimated"
    assert opening["clock"]["uncertainty_ms"] is None


def test_a_device_that_was_idle_for_days_tells_nothing_of_its_clock(
    station: Station, server: IntakeServer, device: Path
) -> None:
    for path in device.rglob("*.*"):
        os.utime(path, (1_600_000_000, 1_600_000_000))
    station.collect(device)

    (opening,) = server.openings().values()
    assert opening["clock"] == {"method": "unknown", "error_ms": None, "measured": None, "uncertainty_ms": None}


def test_an_agencys_grammars_are_used(station: Station, server: IntakeServer, tmp_path: Path) -> None:
    table = tmp_path / "own.toml"
    table.write_text(
        'version = 1\n[kinds]\nvideo = ["zfy"]\n[[grammar]]\nid = "own"\ndescription = "own"\n'
        'patterns = ["ZF{sequence:digits:4}"]\nexample = [{ name = "ZF0007.zfy", sequence = 7 }]\n',
        encoding="utf-8",
    )
    station.collect(device_with(tmp_path / "device", {"ZF0042.zfy": b"x"}), "--grammars", table)

    (declaration,) = server.declarations()
    assert declaration["facts"]["sequence"] == {"value": 42, "source": "name"}


def test_a_faulty_grammar_file_stops_before_anything_is_read(
    station: Station, server: IntakeServer, device: Path, tmp_path: Path
) -> None:
    table = tmp_path / "own.toml"
    table.write_text("version = 2", encoding="utf-8")

    assert station.collect(device, "--grammars", table).code == 11
    assert station.collect(device, "--grammars", tmp_path / "none.toml").code == 11
    assert server.openings() == {}
