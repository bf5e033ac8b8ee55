"""Watching a folder: decisions over given looks, then the real thing."""

from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tests.collector.failing import bad_device
from tests.collector.faults import Fault, FaultyNetwork, Hold
from tests.collector.kit import device_with

from liuhen.collector.errors import SourceMissingError, StoppedError
from liuhen.collector.report import Trouble, Watching
from liuhen.collector.report.outcome import Outcome
from liuhen.collector.source import Skip, SkipReason
from liuhen.collector.transport import Halt
from liuhen.collector.watch.due import Watcher
from liuhen.collector.watch.loop import Watch
from liuhen.core.errors import Language
from liuhen.core.naming import builtin_grammars

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    import pytest
    from tests.collector.kit import IntakeServer, Station

    from liuhen.collector.report import Event

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


def test_nothing_is_decided_of_a_folder_that_is_being_handled() -> None:
    watcher = Watcher()
    watcher.due({"a": _ONE, "b": _ONE}, 0)
    assert watcher.due({"a": _ONE, "b": _ONE}, 1) == ["a", "b"]

    assert watcher.due({"b": _ONE}, 2, busy={"a"}) == ["b"]
    watcher.done("a", _ONE, 3, well=True)
    assert watcher.due({"a": _ONE, "b": _ONE}, 4) == ["b"]


def test_a_device_undocked_while_it_is_handled_is_forgotten_afterwards() -> None:
    watcher = Watcher()
    watcher.due({"a": _ONE}, 0)
    watcher.due({}, 1, busy={"a"})
    watcher.done("a", frozenset(), 2, well=False)
    watcher.due({}, 3)
    watcher.due({"a": _ONE}, 4)

    assert watcher.due({"a": _ONE}, 5) == ["a"], "docked again, it does not wait for the next try"


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
            # A device that is back before the watch has looked is tried again after 30 s.
            assert self._more.wait_for(lambda: len(found()) >= times, timeout=90), self._events
            return found()[times - 1]

    def all(self) -> list[dict[str, object]]:
        """Return what has come so far."""
        with self._more:
            return list(self._events)

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


def _one_device_is_held_up_and_another_done(
    station: Station, network: FaultyNetwork, docks: Path, *words: str
) -> tuple[int, dict[str, object]]:
    """Watch two devices; the first stands in mid-upload until the second is done, whose ending is returned."""
    device_with(docks / "first", {"AMBA0001.MP4": b"one" * 100_000})
    hold = Hold()
    network.add(Fault("PATCH", hold_after=1, hold=hold))
    ended: list[dict[str, object]] = []

    def then(watching: _Watching) -> None:
        assert hold.reached.wait(30)
        device_with(docks.parent / "second", {"AMBA0002.MP4": b"two"}).rename(docks / "second")
        ended.append(watching.until("collection-ended"))
        hold.release.set()
        assert watching.until("collection-ended", 2)["dock"] == "first"

    code = _watched(station, docks, *words, then=then)
    return code, ended[0]


def test_a_large_device_does_not_hold_up_a_small_one(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, tmp_path: Path
) -> None:
    docks = tmp_path / "docks"
    code, ended = _one_device_is_held_up_and_another_done(far_station, network, docks)

    assert code == 0
    assert ended["dock"] == "second"
    assert len(server.sealed()) == 2
    assert len(server.openings()) == 2


def test_every_event_of_a_watched_device_names_it(station: Station, server: IntakeServer, tmp_path: Path) -> None:
    docks = tmp_path / "docks"
    for name in ("first", "second"):
        device_with(docks / name, {"AMBA0001.MP4": name.encode()})
    seen: list[dict[str, object]] = []

    def then(watching: _Watching) -> None:
        watching.until("collection-ended", 2)
        seen.extend(watching.all())

    assert _watched(station, docks, then=then) == 0
    of_files = [one for one in seen if str(one["event"]).startswith("file-")]
    assert {one["dock"] for one in of_files} == {"first", "second"}
    assert {(one["dock"], one["name"]) for one in of_files if one["event"] == "file-received"} == {
        ("first", "AMBA0001.MP4"),
        ("second", "AMBA0001.MP4"),
    }
    assert len(server.sealed()) == 2


def test_as_many_devices_as_were_asked_for_are_attended_to_at_once(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, tmp_path: Path
) -> None:
    docks = tmp_path / "docks"
    for number in range(5):
        device_with(docks / f"cam{number}", {"AMBA0001.MP4": bytes([number]) * 1000})
    holds = [Hold(), Hold()]
    for hold in holds:
        network.add(Fault("PATCH", hold_after=1, hold=hold))

    def then(watching: _Watching) -> None:
        for hold in holds:
            assert hold.reached.wait(30)
        started = {one["dock"] for one in watching.all() if one["event"] == "collection-started"}
        assert started == {"cam0", "cam1"}
        for hold in holds:
            hold.release.set()
        watching.until("collection-ended", 5)

    assert _watched(far_station, docks, "--devices", "2", then=then) == 0
    assert len(server.sealed()) == 5


def test_a_device_that_is_pulled_out_and_docked_again_goes_on_and_stops_no_other(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, tmp_path: Path
) -> None:
    docks = tmp_path / "docks"
    device = device_with(docks / "first", {"AMBA0001.MP4": bytes(range(256)) * 20_000})
    hold = Hold()
    network.add(Fault("PATCH", hold_after=1 << 20, hold=hold))

    def then(watching: _Watching) -> None:
        assert hold.reached.wait(30)
        away = device.rename(tmp_path / "away")
        hold.release.set()
        device_with(tmp_path / "second", {"AMBA0002.MP4": b"two"}).rename(docks / "second")
        watching.until("collection-ended", 2)
        away.rename(docks / "first")
        watching.until("collection-ended", 3)

    assert _watched(far_station, docks, then=then) == 0
    assert {one.name for one in server.sealed()} == {b"AMBA0001.MP4", b"AMBA0002.MP4"}


def test_a_refused_file_is_tried_again_though_nothing_changes_on_the_device() -> None:
    def outcome(*reasons: SkipReason) -> Outcome:
        return Outcome("a", skipped=tuple(Skip("x", reason) for reason in reasons))

    assert outcome(SkipReason.NOT_MEDIA, SkipReason.REFUSED).is_worth_another_try
    assert Outcome("a", error=StoppedError()).is_worth_another_try
    assert not outcome(SkipReason.UNREADABLE, SkipReason.ALREADY_RECEIVED).is_worth_another_try


class _Ways:
    """A watch whose runners do what is told of each dock, over folders that exist."""

    def __init__(self, folder: Path, ways: dict[str, Callable[[], list[Outcome]]]) -> None:
        self.events: list[tuple[str, Event]] = []
        self.halt = Halt()
        self._ways = ways
        self._waiting = set(ways)
        self.watch = Watch(
            folder,
            order=SimpleNamespace(spool=None, grammars=builtin_grammars()),  # type: ignore[arg-type] # all it looks at
            runner=lambda _report: self,  # type: ignore[arg-type,return-value] # a runner of ours
            report=self,
            halt=self.halt,
            every_s=0.01,
            at_once=4,
        )

    def tell(self, event: Event, dock: str = "") -> None:
        self.events.append((dock, event))

    def close(self) -> None: ...

    def collect_here(self, path: Path) -> list[Outcome]:
        self._waiting.discard(path.name)
        if not self._waiting:
            self.halt.call()
        return self._ways[path.name]()

    def troubles(self) -> dict[str, str]:
        return {dock: event.error.text(Language.EN) for dock, event in self.events if isinstance(event, Trouble)}


def test_a_fault_of_the_program_on_one_device_is_told_and_stops_no_other(tmp_path: Path) -> None:
    def fail() -> list[Outcome]:
        raise KeyError("a bug")

    docks = tmp_path / "docks"
    for name in ("bad", "good"):
        device_with(docks / name, {"AMBA0001.MP4": b"x"})
    ways = _Ways(docks, {"bad": fail, "good": list})
    ways.watch.run()

    (trouble,) = ways.troubles().items()
    assert trouble[0] == "bad"
    assert "KeyError, fail:" in trouble[1]


def test_a_device_that_cannot_be_looked_at_is_attended_to_like_any_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docks = tmp_path / "docks"
    for name in ("dead", "good"):
        device_with(docks / name, {"AMBA0001.MP4": b"x"})
    real_stat = Path.stat

    def dead_stat(self: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        if "dead" in self.parts:
            raise OSError(errno.ENOTCONN, os.strerror(errno.ENOTCONN))
        return real_stat(self, follow_symlinks=follow_symlinks)

    def look() -> list[Outcome]:
        raise SourceMissingError(path="dead", reason=os.strerror(errno.ENOTCONN))

    monkeypatch.setattr(Path, "stat", dead_stat)
    ways = _Ways(docks, {"dead": look, "good": list})
    ways.watch.run()

    assert list(ways.troubles()) == ["dead"]


def test_a_folder_that_cannot_be_walked_is_attended_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docks = tmp_path / "docks"
    device_with(docks / "bad", {"AMBA0001.MP4": b"x"})

    def fail() -> list[Outcome]:
        raise SourceMissingError(path="bad", reason="e")

    with bad_device(monkeypatch) as bad:
        bad.gone = True
        ways = _Ways(docks, {"bad": fail})
        ways.watch.run()

    assert list(ways.troubles()) == ["bad"]


def test_a_watched_folder_that_is_not_there_is_said_once_and_waited_for(tmp_path: Path) -> None:
    docks = tmp_path / "docks"
    ways = _Ways(docks, {"first": list})
    looks: list[float] = []

    def wait(seconds: float) -> bool:
        looks.append(seconds)
        if len(looks) == 3:
            device_with(docks / "first", {"AMBA0001.MP4": b"x"})
        return False

    ways.halt.wait = wait  # type: ignore[method-assign] # as time that passes
    ways.watch.run()

    assert len(looks) >= 3
    (trouble,) = ways.troubles().values()
    assert str(docks) in trouble


def test_a_dangling_link_is_no_device(tmp_path: Path) -> None:
    docks = tmp_path / "docks"
    device_with(docks / "first", {"AMBA0001.MP4": b"x"})
    (docks / "gone").symlink_to(tmp_path / "nowhere")
    ways = _Ways(docks, {"first": list})
    ways.watch.run()

    assert ways.troubles() == {}


def test_a_halted_watch_ends_at_once(tmp_path: Path) -> None:
    ways = _Ways(tmp_path, {})
    ways.halt.call()
    ways.watch.run()

    assert ways.events == [("", Watching(str(tmp_path)))]


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
