"""The collector is killed, stopped, or cannot write its own state; the next run finishes the work."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.collector.faults import Fault, FaultyNetwork, Hold, refusal
from tests.collector.kit import ROOT, device_with, left_on

from liuhen.collector.errors import StateUnwritableError
from liuhen.collector.state import Collection
from liuhen.collector.work import settling
from liuhen.core.digests import sha256

if TYPE_CHECKING:
    from pathlib import Path

    from tests.collector.kit import IntakeServer, Station

    from liuhen.collector.state import Item

_BIG = bytes(range(256)) * 4096 * 4
_FILES = {"AMBA0001.MP4": _BIG, "AMBA0001.GPS": b"track", "AMBA0002.MP4": b"two" * 1000}


@pytest.fixture
def big_device(tmp_path: Path) -> Path:
    return device_with(tmp_path / "device", _FILES)


def _everything_is_in_once(station: Station, server: IntakeServer, device: Path) -> None:
    done = station.collect(device, "--clear-device")
    assert done.code == 0, done.words
    assert sorted(one.sha256 for one in server.sealed()) == sorted(sha256(data).hex() for data in _FILES.values())
    assert left_on(device) == set()
    assert station.unfinished() == []
    assert all(server.closings(collection) for collection in server.openings())


_MOMENTS = {
    "before-the-time": Fault("GET", hold_after=0),
    "at-opening": Fault("PUT", hold_after=0),
    "at-creation": Fault("POST", "/intake/uploads", hold_after=0),
    "mid-upload": Fault("PATCH", hold_after=2 << 20),
    "at-the-seal": Fault("POST", ".*/seal", hold_after=0),
    "at-the-second-seal": Fault("POST", ".*/seal", skip=1, hold_after=0),
    "at-the-close": Fault("POST", ".*/close", hold_after=0),
}


@pytest.mark.parametrize("moment", _MOMENTS)
@pytest.mark.parametrize("answered", [False, True], ids=["request-lost", "answer-lost"])
def test_killed_at_any_moment_the_next_run_finishes(
    moment: str,
    *,
    answered: bool,
    far_station: Station,
    server: IntakeServer,
    network: FaultyNetwork,
    big_device: Path,
) -> None:
    model = _MOMENTS[moment]
    hold = Hold(before_answer=answered)
    network.add(Fault(model.method, model.path, skip=model.skip, hold_after=model.hold_after, hold=hold))
    with far_station.running(big_device, "--clear-device", "--parallel", "1", patience=30) as process:
        assert hold.reached.wait(30)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    hold.release.set()

    assert process.returncode == -signal.SIGKILL
    _everything_is_in_once(far_station, server, big_device)
    assert len(server.openings()) <= 2


def test_killed_between_removing_a_file_and_noting_it_the_file_counts_as_cleared(
    station: Station, server: IntakeServer, big_device: Path
) -> None:
    program = """
import os, signal, sys
from liuhen.collector.source import FolderSource
real = FolderSource.remove
def remove(self, path, expected):
    removed = real(self, path, expected)
    if path == b"AMBA0001.MP4":
        os.kill(os.getpid(), signal.SIGKILL)
    return removed
FolderSource.remove = remove
from liuhen.cli import main
main(sys.argv[1:])
"""
    words = station.words(big_device, "--clear-device", "--parallel", "1")
    done = subprocess.run(
        [sys.executable, "-c", program, *words], cwd=ROOT, env={**os.environ, "PYTHONPATH": "src"}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert not (big_device / "AMBA0001.MP4").exists()

    _everything_is_in_once(station, server, big_device)
    (collection,) = server.openings()
    assert len(server.closings(collection)[-1]["cleared"]) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_between_two_reads_and_the_next_run_goes_on(
    number: signal.Signals, far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    hold = Hold()
    network.add(Fault("PATCH", hold_after=2 << 20, hold=hold))
    with far_station.running(big_device, "--parallel", "1") as process:
        assert hold.reached.wait(30)
        process.send_signal(number)
        hold.release.set()
        out, words = process.communicate(timeout=30)

    assert process.returncode == 130
    assert '"stopped"' in out
    assert "Traceback" not in words
    assert "Stopped as asked" in words
    _everything_is_in_once(far_station, server, big_device)
    assert len(server.openings()) == 1


@pytest.mark.parametrize("most", [0, 100, 700])
def test_a_full_disk_under_the_state_folder_is_said_and_harms_nothing(
    most: int, station: Station, server: IntakeServer, big_device: Path
) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    with station.running(big_device, "--clear-device", limit=limit) as process:
        out, err = process.communicate(timeout=30)

    assert process.returncode == 9, (out, err)
    assert "state-unwritable" in out
    assert len(list(big_device.iterdir())) == 3
    assert list(station.state.rglob("*.part")) == []
    _everything_is_in_once(station, server, big_device)


def test_a_state_folder_that_cannot_be_made_is_said(station: Station, server: IntakeServer, big_device: Path) -> None:
    station.state.write_bytes(b"a file in its place")

    done = station.collect(big_device)
    assert done.code == 9
    assert done.troubles == ["state-unwritable"]
    assert server.openings() == {}


def test_a_damaged_journal_is_left_aside_and_the_work_begins_anew(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    with network.refusing("POST", ".*/seal"):
        assert far_station.collect(big_device, patience=0.3).code == 5
    (folder,) = far_station.unfinished()
    (folder / "collection.json").write_bytes(b"\0\0\0")

    assert far_station.collect(big_device).code == 0
    assert len(server.sealed()) == 3


def test_an_interrupted_collection_whose_device_is_away_is_closed_when_nothing_is_left_to_send(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path, tmp_path: Path
) -> None:
    with network.refusing("POST", ".*/close"):
        assert far_station.collect(big_device, patience=0.3).code == 5
    empty = device_with(tmp_path / "empty", {})

    assert far_station.collect(empty).code == 0
    assert far_station.unfinished() == []
    ((collection, _),) = server.openings().items()
    assert len(server.closings(collection)[-1]["taken"]) == 2


def test_a_collection_that_the_server_will_not_close_keeps_no_other_device_out(
    far_station: Station, network: FaultyNetwork, big_device: Path, tmp_path: Path
) -> None:
    network.add(Fault("POST", ".*/close", times=1, answer=(400, refusal("request-invalid"))))
    assert far_station.collect(big_device).code == 7
    (left,) = far_station.unfinished()
    network.add(Fault("POST", f".*{left.name}/close", times=99, answer=(400, refusal("request-invalid"))))
    other = device_with(tmp_path / "other", {"AMBA0009.MP4": b"nine"})

    done = far_station.collect(other, "--clear-device")
    assert done.code == 0
    assert done.troubles == ["refused"]
    assert list(other.iterdir()) == []
    assert far_station.unfinished() == [left]

    network.mend()
    assert far_station.collect(big_device).code == 0
    assert far_station.unfinished() == []


@pytest.mark.parametrize("status", [401, 503])
def test_a_collection_that_cannot_be_closed_yet_is_let_go_again(
    status: int,
    *,
    far_station: Station,
    server: IntakeServer,
    network: FaultyNetwork,
    big_device: Path,
    tmp_path: Path,
) -> None:
    other = device_with(tmp_path / "other", {"AMBA0009.MP4": b"nine"})
    with network.refusing("POST", ".*/seal"):
        assert far_station.collect(other, patience=0.3).code == 5
    body = refusal("station-key-revoked") if status == 401 else b""
    network.add(Fault("POST", ".*/close", times=999, answer=(status, body)))
    code = 6 if status == 401 else 5
    assert far_station.collect(big_device, patience=0.3).code == code
    assert far_station.collect(other, patience=0.3).code == code
    assert len(far_station.unfinished()) == 2

    network.mend()
    assert far_station.collect(other).code == 0
    assert far_station.unfinished() == []
    assert len(server.openings()) == 2
    assert len(server.sealed()) == 4


def test_a_collection_cut_off_before_its_first_file_is_forgotten(
    station: Station, server: IntakeServer, big_device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(_: Collection, item: Item) -> Item:
        raise StateUnwritableError(path=item.shown, reason="cut off")

    with monkeypatch.context() as patch:
        patch.setattr(Collection, "put", cut_off)
        assert station.collect(big_device).code == 9
    assert len(station.unfinished()) == 1

    assert station.collect(big_device).code == 0
    assert station.unfinished() == []
    assert len(server.openings()) == 1


def test_a_fault_of_the_program_leaves_the_journal_to_the_next_run(
    station: Station, server: IntakeServer, big_device: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(settling, "closing", fail)
        with pytest.raises(KeyError):
            station.collect(big_device)

    assert station.collect(big_device).code == 0
    assert station.unfinished() == []
    assert len(server.openings()) == 1


def test_a_second_signal_does_not_wait_for_the_server(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    hold = Hold(before_answer=True)
    network.add(Fault("POST", ".*/seal", hold=hold))
    with far_station.running(big_device, "--parallel", "1") as process:
        assert hold.reached.wait(30)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.5)
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
        hold.release.set()

    _everything_is_in_once(far_station, server, big_device)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_whoever_stops_reading_the_reports_does_not_stop_the_work(
    stream: str, far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    hold = Hold()
    network.add(Fault("PUT", hold_after=0, hold=hold))
    with far_station.running(big_device, "--clear-device") as process:
        assert hold.reached.wait(30)
        getattr(process, stream).close()
        setattr(process, stream, None)
        hold.release.set()
        rest = process.communicate(timeout=30)

    assert process.returncode == 0, rest
    assert "Traceback" not in "".join(text for text in rest if text)
    assert len(server.sealed()) == 3
    assert list(big_device.iterdir()) == []
