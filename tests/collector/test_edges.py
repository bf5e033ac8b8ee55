"""The rarer ways, each reached through the command or the piece that decides it."""

from __future__ import annotations

import errno
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.collector.faults import Fault, FaultyNetwork, refusal
from tests.collector.kit import device_with, left_on

from liuhen.cli import main
from liuhen.collector.commands.collect import _MISUSES
from liuhen.collector.errors import NotClearedError, ServerUnreachableError, StoppedError
from liuhen.collector.source import Entry, EntryKind, Find, FolderSource, find
from liuhen.collector.source.facts import facts_of
from liuhen.collector.spool import SpoolSource, find_spools, read_spool
from liuhen.collector.transport import Halt, Patience
from liuhen.collector.work import spooling
from liuhen.core.digests import Digests
from liuhen.core.naming import builtin_grammars, read_name

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collector.failing import BadDevice
    from tests.collector.fake_server import FakeServer
    from tests.collector.kit import Station


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("words", "misuse"),
    [
        ([], "source-or-watch"),
        (["SOURCE", "--watch", "x"], "source-or-watch"),
        (["--watch", "x", "--device", "A"], "device-of-many"),
        (["--watch", "x", "--device-time", "2026-11-23T09:42:10"], "time-of-many"),
        (["SOURCE", "--parallel", "0"], "not-a-count"),
        (["SOURCE", "--parallel", "17"], "not-a-count"),
        (["SOURCE", "--devices", "two"], "not-a-count"),
        (["SOURCE", "--patience", "0"], "not-positive"),
        (["SOURCE", "--patience", "soon"], "not-positive"),
        (["SOURCE", "--poll", "inf"], "not-positive"),
    ],
)
def test_what_cannot_be_meant_is_wrong_usage(
    words: list[str],
    misuse: str,
    language: str,
    *,
    station: Station,
    device: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    line = station.words(*(device if word == "SOURCE" else word for word in words))
    with pytest.raises(SystemExit) as caught:
        main([language if word == "en" else word for word in line])
    assert caught.value.code == 2
    assert _MISUSES[misuse][language == "en"] in capsys.readouterr().err


def test_a_server_is_needed_except_for_a_disk(
    station: Station, device: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["collect", str(device), "--station-key-file", str(station.key_file)])
    assert caught.value.code == 2
    words = ["collect", str(device), "--station-key-file", str(station.key_file), "--to-disk", str(device.parent / "d")]
    assert main([*words, "--state-dir", str(station.state)]) == 0
    assert "d/liuhen-spool-" in capsys.readouterr().err


def test_a_device_time_that_is_none_is_said_before_anything_is_read(station: Station, device: Path) -> None:
    done = station.collect(device, "--device-time", "noon")

    assert done.code == 11
    assert done.troubles == ["device-time-invalid"]


def test_the_version_is_unknown_where_the_package_is_not_installed(
    station: Station, server: FakeServer, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib import metadata

    def none(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", none)
    station.collect(device)

    (opening,) = server.openings().values()
    assert opening["collector"] == "liuhen/unknown"


def test_a_receipt_whose_sm3_is_false_is_refused_although_the_ledger_signs_it(
    station: Station, server: FakeServer, device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = server.intake._seal
    monkeypatch.setattr(server.intake, "_seal", lambda upload, sha256, _sm3: real(upload, sha256, "0" * 64))

    done = station.collect(device, "--clear-device")
    assert done.code == 8
    assert station.receipts() == []
    assert len(left_on(device)) == 3


def test_a_file_whose_time_no_calendar_has_has_no_start_and_goes_first(tmp_path: Path) -> None:
    device = device_with(tmp_path / "device", {"AMBA0001.MP4": b"x"})
    entries = [Entry(b"AMBA0001.MP4", EntryKind.FILE, 1, mtime_ns) for mtime_ns in (1, 1 << 80)]
    odd, plain = find(entries, builtin_grammars()).finds

    with FolderSource(device) as source, source.open(b"AMBA0001.MP4") as file:
        assert "started" not in facts_of(odd, file, None)
        assert facts_of(plain, file, None)["started"].source == "mtime"


def test_a_recording_of_an_unknown_kind_declares_none(tmp_path: Path) -> None:
    device = device_with(tmp_path / "device", {"20261123_094210": b"x"})
    entry = Entry(b"20261123_094210", EntryKind.FILE, 1, 1)
    found = Find(entry, read_name(entry.name, builtin_grammars()), locked=False)

    with FolderSource(device) as source, source.open(entry.path) as file:
        assert "kind" not in facts_of(found, file, None)


def test_a_collection_already_closed_by_another_hand_is_no_obstacle(
    far_station: Station, server: FakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", ".*/close", lose_answer=True, times=3))

    assert far_station.collect(device).code == 0
    (collection,) = server.openings()
    assert len(server.closings(collection)) == 4


def test_two_unfinished_devices_wait_for_one_another(
    far_station: Station, server: FakeServer, network: FaultyNetwork, tmp_path: Path
) -> None:
    with network.refusing("PATCH"):
        one = device_with(tmp_path / "one", {"AMBA0001.MP4": b"one", "AMBA0002.MP4": b"two"})
        other = device_with(tmp_path / "other", {"AMBA0001.MP4": b"three"})
        for device in (one, other):
            assert far_station.collect(device, patience=0.2).code == 5
        assert len(far_station.unfinished()) == 2
    assert far_station.collect(other).code == 0
    assert len(far_station.unfinished()) == 1
    assert far_station.collect(one).code == 0
    assert far_station.unfinished() == []
    assert len(server.openings()) == 2


def test_a_device_with_empty_files_only_goes_on_too(
    far_station: Station, server: FakeServer, network: FaultyNetwork, tmp_path: Path
) -> None:
    device = device_with(tmp_path / "device", {"AMBA0001.MP4": b"", "AMBA0001.GPS": b"\n"})
    (device / "AMBA0001.GPS").write_bytes(b"")
    with network.refusing("POST", ".*/seal"):
        assert far_station.collect(device, patience=0.2).code == 5
    assert far_station.collect(device).code == 0
    assert len(server.openings()) == 1


def test_a_file_that_vanishes_between_looking_and_reading_costs_itself_only(
    bad: BadDevice, station: Station, server: FakeServer, tmp_path: Path
) -> None:
    device = device_with(tmp_path / "device", {"20261123_080000.mp4": b"one", "20261123_090000.mp4": b"two"})

    bad.at_reading(b"20261123_080000.mp4", (device / "20261123_090000.mp4").unlink)
    done = station.collect(device, "--parallel", "1")

    assert done.code == 3
    assert done.skipped() == {"20261123_090000.mp4": "unreadable"}
    assert len(server.sealed()) == 1


@pytest.mark.parametrize("to_disk", [False, True], ids=["sending", "spooling"])
def test_a_file_replaced_between_looking_and_reading_is_changed(
    bad: BadDevice, station: Station, tmp_path: Path, *, to_disk: bool
) -> None:
    device = device_with(tmp_path / "device", {"20261123_080000.mp4": b"one", "20261123_090000.mp4": b"two"})
    other = device / "20261123_090000.mp4"
    bad.at_reading(b"20261123_080000.mp4", lambda: other.write_bytes(b"longer than before"))
    words = ["--to-disk", tmp_path / "disk"] if to_disk else ["--parallel", "1"]
    done = station.collect(device, *words)

    assert done.skipped() == {other.name: "changed"}
    assert (len(done.ended["taken"]), done.ended["spooled"]) == ((0, 1) if to_disk else (1, 0))


def test_a_known_file_that_cannot_be_read_again_is_said_by_the_spool(
    bad: BadDevice, station: Station, device: Path, tmp_path: Path
) -> None:
    station.collect(device)
    bad.unreadable[b"7654321_650012_20261123094210_0007.mp4"] = 0
    done = station.collect(device, "--to-disk", tmp_path / "disk")

    assert done.skipped()["DCIM/100/7654321_650012_20261123094210_0007.mp4"] == "unreadable"


def test_a_damaged_spool_beside_others_hides_no_file_from_them(
    far_station: Station, network: FaultyNetwork, device: Path, tmp_path: Path
) -> None:
    network.down = True
    spool = tmp_path / "spool"
    far_station.collect(device, "--spool", spool, patience=0.2)
    (folder,) = find_spools(spool)
    (folder / "manifest.json").write_bytes(b"{}")
    done = far_station.collect(device, "--spool", spool, patience=0.2)

    assert done.of("collection-ended")[-1]["spooled"] == 3
    assert len(find_spools(spool)) == 2


def test_a_spool_that_cannot_be_removed_is_said(
    station: Station, server: FakeServer, device: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = tmp_path / "disk"
    station.collect(device, "--to-disk", disk)

    def fail(_: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(spooling, "remove_spool", fail)
    done = station.collect(disk, "--clear-device")

    assert done.code == 3
    assert done.troubles == ["spool-kept"]
    assert len(find_spools(disk)) == 1
    assert len(server.sealed()) == 3


def test_a_spool_whose_bytes_turned_after_its_receipts_is_not_removed(
    bad: BadDevice, station: Station, server: FakeServer, device: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    station.collect(device, "--to-disk", disk)
    (spool,) = find_spools(disk)
    largest = max((spool / "files").iterdir(), key=lambda path: path.stat().st_size)
    bad.at_reading(largest.name.encode(), lambda: largest.write_bytes(bytes(largest.stat().st_size)), nth=2)
    done = station.collect(disk, "--clear-device")

    assert done.code == 3
    assert done.ended["kept"] == [str(spool)]
    assert spool.is_dir()
    assert len(server.sealed()) == 3


def test_a_spool_that_grows_while_it_is_compared_is_not_removed(
    bad: BadDevice, station: Station, device: Path, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    station.collect(device, "--to-disk", disk)
    (spool,) = find_spools(disk)
    largest = max((spool / "files").iterdir(), key=lambda path: path.stat().st_size)
    bad.at_reading(largest.name.encode(), lambda: largest.write_bytes(largest.read_bytes() + b"more"), nth=2)
    done = station.collect(disk, "--clear-device")

    assert done.troubles == ["file-changed", "spool-kept"]
    assert spool.is_dir()


def test_a_spool_is_never_walked_nor_cleared_file_by_file(station: Station, device: Path, tmp_path: Path) -> None:
    station.collect(device, "--to-disk", tmp_path / "disk")
    (folder,) = find_spools(tmp_path / "disk")
    spool = read_spool(folder)

    with SpoolSource(folder, spool) as source:
        path = spool.files[0].declaration.path
        assert list(source.walk()) == []
        assert source.is_there()
        with source.open(path) as file, pytest.raises(PermissionError):
            source.remove(path, file.stat())


def test_a_bad_file_among_the_missing_does_not_keep_the_collection_open(
    far_station: Station, server: FakeServer, network: FaultyNetwork, tmp_path: Path
) -> None:
    device = device_with(tmp_path / "device", {"AMBA0001.MP4": b"one", "AMBA0002.MP4": b"two"})
    with network.refusing("POST", ".*/seal"):
        assert far_station.collect(device, patience=0.2).code == 5
    (device / "AMBA0002.MP4").unlink()
    network.add(Fault("POST", ".*/seal", skip=1, times=1, answer=(404, refusal("upload-unknown"))))

    done = far_station.collect(device, "--parallel", "1")
    assert done.code == 3
    assert done.skipped() == {"AMBA0002.MP4": "gone"}
    assert far_station.unfinished() == []
    assert [one.name for one in server.sealed()] == [b"AMBA0001.MP4"]


def test_patience_ends_and_a_halt_ends_it_sooner() -> None:
    def fail() -> None:
        raise ServerUnreachableError(url="u", reason="r")

    with pytest.raises(ServerUnreachableError):
        Patience(0.01, Halt()).until_done(fail)

    halt = Halt()
    inner = halt.under()
    halt.call()
    with pytest.raises(StoppedError):
        Patience(100, inner).until_done(fail)
    with pytest.raises(StoppedError):
        Patience(100, inner).bear(ServerUnreachableError(url="u", reason="r"))
    assert halt.under().called


def test_patience_begins_with_the_first_failure_and_anew_with_progress() -> None:
    moments = iter([1000.0, 1000.9, 1001.0, 2000.0, 2001.0])
    patience = Patience(1, Halt(), lambda: next(moments))
    error = ServerUnreachableError(url="u", reason="r")

    patience.bear(error)
    patience.bear(error)
    with pytest.raises(ServerUnreachableError):
        patience.bear(error)
    patience.renew()
    patience.bear(error)
    with pytest.raises(ServerUnreachableError):
        patience.bear(error)


def test_a_unit_without_receipts_is_never_cleared(device: Path) -> None:
    from liuhen.collector.state import Item, ItemState
    from liuhen.collector.wire import FileDeclaration, FileRole
    from liuhen.collector.work.clearing import clear_unit

    declaration = FileDeclaration("u", "c", b"DCIM/100/7654321_650012_20261123094210_0007.mp4", FileRole.ORIGINAL)
    item = Item(declaration, 150_000, 0, ItemState.SENT, Digests("0" * 64, "0" * 64, 150_000))
    with FolderSource(device) as source, pytest.raises(NotClearedError, match="no receipt"):
        clear_unit([item], source=source, collection=None, means=None)  # type: ignore[arg-type] # never reached
    assert replace(item, state=ItemState.CLEARED).state.has_receipt
