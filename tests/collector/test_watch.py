"""Watching a folder: decisions over given looks, then the real thing."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

from tests.collector.faults import Fault, FaultyNetwork
from tests.collector.kit import device_with

from liuhen.collector.watching import Watcher

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.collector.kit import IntakeServer, Station

_ONE = frozenset({(b"a.mp4", 1, 1)})
_TWO = frozenset({(b"a.mp4", 1, 1), (b"b.mp4", 2, 2)})


def test_a_folder_is_due_when_it_looks_the_same_twice() -> None:
    watcher = Watcher()

    assert watcher.due({"a": _ONE}, 0) == []
    assert watcher.due({"a": _TWO}, 1) == []
    assert watcher.due({"a": _TWO}, 2) == ["a"]


def test_an_empty_folder_is_never_due() -> None:
    watcher = Watcher()
    watcher.due({"a": frozenset()}, 0)

    assert watcher.due({"a": frozenset()}, 1) == []


def test_what_came_while_a_folder_was_handled_is_due() -> None:
    watcher = Watcher()
    watcher.due({"a": _ONE}, 0)
    watcher.done("a", _TWO, 1, well=True)

    assert watcher.due({"a": _TWO}, 2) == ["a"]


def test_what_came_while_a_folder_failed_does_not_wait_for_the_next_try() -> None:
    watcher = Watcher()
    watcher.due({"a": _ONE}, 0)
    watcher.done("a", _TWO, 1, well=False)

    assert watcher.due({"a": _TWO}, 2) == ["a"]


def test_what_was_cleared_is_no_change() -> None:
    watcher = Watcher()
    watcher.due({"a": _TWO}, 0)
    watcher.done("a", _ONE, 1, well=True)

    assert watcher.due({"a": _ONE}, 2) == []


def test_a_handled_folder_is_due_again_only_when_it_changes() -> None:
    watcher = Watcher()
    watcher.due({"a": _ONE}, 0)
    watcher.done("a", _ONE, 1, well=True)

    assert watcher.due({"a": _ONE}, 2) == []
    assert watcher.due({"a": _TWO}, 3) == []
    assert watcher.due({"a": _TWO}, 4) == ["a"]


def test_a_change_that_is_taken_back_is_no_change() -> None:
    watcher = Watcher()
    watcher.due({"a": _ONE}, 0)
    watcher.done("a", _ONE, 1, well=True)
    watcher.due({"a": _TWO}, 2)
    watcher.due({"a": _ONE}, 3)

    assert watcher.due({"a": _ONE}, 4) == []


def test_a_folder_that_failed_is_due_again_ever_later() -> None:
    watcher = Watcher()
    watcher.due({"a": _ONE}, 0)
    watcher.done("a", _ONE, 0, well=False)

    assert watcher.due({"a": _ONE}, 29) == []
    assert watcher.due({"a": _ONE}, 30) == ["a"]
    watcher.done("a", _ONE, 30, well=False)
    assert watcher.due({"a": _ONE}, 89) == []
    assert watcher.due({"a": _ONE}, 90) == ["a"]
    for _ in range(10):
        watcher.done("a", frozenset(), 100, well=False)
    assert watcher.due({"a": _ONE}, 700) == ["a"]


def test_an_undocked_device_is_forgotten() -> None:
    watcher = Watcher()
    watcher.due({"a": _ONE}, 0)
    watcher.done("a", _ONE, 1, well=True)
    watcher.due({}, 2)
    watcher.due({"a": _ONE}, 3)

    assert watcher.due({"a": _ONE}, 4) == ["a"]


class _Watching:
    """The events of a watching collector, as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._events: list[dict[str, object]] = []
        self._more = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(process,), daemon=True)
        self._thread.start()

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._more:
                self._events.append(json.loads(line))
                self._more.notify_all()

    def until(self, event: str, times: int = 1) -> dict[str, object]:
        """Wait until an event has come so often; return the last."""

        def found() -> list[dict[str, object]]:
            return [one for one in self._events if one["event"] == event]

        with self._more:
            assert self._more.wait_for(lambda: len(found()) >= times, timeout=30), self._events
            return found()[times - 1]

    def join(self) -> None:
        self._thread.join(10)


def _watched(station: Station, folder: Path, *words: str, then: Callable[[_Watching], object]) -> int:
    with station.running("--watch", folder, "--poll", "0.05", *words) as process:
        watching = _Watching(process)
        watching.until("watching")
        then(watching)
        process.terminate()
        code = process.wait(20)
        watching.join()
    return code


def test_each_docked_device_is_collected_and_sigterm_ends_cleanly(
    station: Station, server: IntakeServer, tmp_path: Path
) -> None:
    docks = tmp_path / "docks"
    device_with(docks / "first", {"DCIM/AMBA0001.MP4": b"one"})
    (docks / "readme.txt").write_text("no device")

    def then(watching: _Watching) -> None:
        assert "first" in str(watching.until("collection-ended")["source"])
        device_with(tmp_path / "second", {"AMBA0002.MP4": b"two"}).rename(docks / "second")
        assert "second" in str(watching.until("collection-ended", 2)["source"])
        (docks / "first" / "DCIM" / "AMBA0003.MP4").write_bytes(b"three")
        ended = watching.until("collection-ended", 3)
        assert "first" in str(ended["source"])

    code = _watched(station, docks, "--clear-device", then=then)

    assert code == 0
    assert [one.name for one in server.sealed()] == [b"AMBA0001.MP4", b"AMBA0002.MP4", b"AMBA0003.MP4"]
    assert len(server.openings()) == 3


def test_a_failure_does_not_end_the_watch(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, tmp_path: Path
) -> None:
    docks = tmp_path / "docks"
    device_with(docks / "first", {"AMBA0001.MP4": b"one"})
    network.add(Fault("POST", "/intake/uploads", answer=(507, b'{"code": "vault-full", "zh": "", "en": "full"}')))

    def then(watching: _Watching) -> None:
        watching.until("collection-ended")
        (docks / "first" / "AMBA0002.MP4").write_bytes(b"two")
        watching.until("collection-ended", 2)

    assert _watched(far_station, docks, then=then) == 0
    assert len(server.sealed()) == 2


def test_what_waits_in_the_spool_is_sent_by_a_watching_collector(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path, tmp_path: Path
) -> None:
    spool = tmp_path / "spool"
    docks = tmp_path / "docks"
    docks.mkdir()
    network.down = True
    far_station.collect(device, "--spool", spool, patience=0.3)
    network.down = False

    assert _watched(far_station, docks, "--spool", str(spool), then=lambda one: one.until("collection-ended")) == 0
    assert len(server.sealed()) == 3
    assert list(spool.iterdir()) == []


def test_a_disk_of_spools_that_is_docked_is_handed_in(
    station: Station, server: IntakeServer, device: Path, tmp_path: Path
) -> None:
    docks = tmp_path / "docks"
    docks.mkdir()
    station.collect(device, "--to-disk", docks / "disk")

    assert _watched(station, docks, "--clear-device", then=lambda one: one.until("collection-ended")) == 0
    assert len(server.sealed()) == 3
    assert list((docks / "disk").iterdir()) == []
