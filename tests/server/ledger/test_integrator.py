from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import OperationalError

from liuhen.core.entry import Entry
from liuhen.core.tlog.note import VerifierKey
from liuhen.core.verify import FolderFiles, verify_export
from liuhen.server.kernel.errors import ClockSetBackError
from liuhen.server.ledger import heads, selectors, services, wake
from liuhen.server.ledger.errors import KeyFileError
from liuhen.server.ledger.files import LedgerFolder
from liuhen.server.ledger.fsck import check_ledger
from liuhen.server.ledger.health import IntegratorState, Lock, read_health
from liuhen.server.ledger.integrator import Integrator, start_integrator
from liuhen.server.ledger.models import CheckpointRow, Event
from tests.server.ledger.kit import AT, FullDisk, behind_the_guards, run_sql, sequence, signer, write
from tests.support.threads import in_threads
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from liuhen.server.ledger.disk import Disk

WAIT_S = 20.0


class Moment:
    """A clock that stands where the test puts it, or refuses."""

    def __init__(self) -> None:
        self.at = AT
        self.is_set_back = False

    def __call__(self) -> datetime:
        if self.is_set_back:
            raise ClockSetBackError(now="then", last="now", seconds=3600)
        return self.at


@pytest.fixture
def clock() -> Moment:
    return Moment()


@pytest.fixture
def make(ledger: LedgerFolder, clock: Moment) -> Iterator[Callable[..., Integrator]]:
    """Make started integrators of one ledger, and stop them at the end."""
    made: list[Integrator] = []

    def start(disk: Disk | None = None, **values: Any) -> Integrator:
        folder = LedgerFolder(ledger.root, disk)
        made.append(Integrator(folder, signer(disk), now=clock, **{"retry_s": 0.01, **values}))
        made[-1].start()
        return made[-1]

    yield start
    for integrator in made:
        integrator.stop()


def state_of(integrator: Integrator) -> IntegratorState | None:
    return integrator.health.state if integrator.health else None


def is_idle() -> bool:
    return not Event.objects.filter(index__isnull=True).exists()


def test_an_event_is_sequenced_as_soon_as_it_is_committed(make: Callable[..., Integrator]) -> None:
    make()
    (event,) = write(1)
    got = services.wait_sequenced(event.id, timeout_s=WAIT_S)
    assert Event.objects.get(id=event.id).index == got.index == selectors.proof_of(got).index


def test_eight_writers_lose_nothing_and_need_few_checkpoints(make: Callable[..., Integrator]) -> None:
    make()
    assert in_threads(8, lambda: [write(1) for _ in range(50)]) == []
    wait_for(is_idle)
    assert Event.objects.count() == 402  # with the ledger's own two
    assert CheckpointRow.objects.count() < 200
    report = check_ledger()
    assert (report.discrepancies, report.size) == ((), 402)


def test_a_new_day_gets_its_heads(make: Callable[..., Integrator], clock: Moment) -> None:
    make()
    wait_for(lambda: Event.objects.filter(type="ledger:heads").count() == 1)
    clock.at += timedelta(days=1)
    wait_for(lambda: Event.objects.filter(type="ledger:heads").count() == 2)
    wait_for(is_idle)
    assert check_ledger().heads == 2


def test_of_two_integrators_one_works_and_the_other_takes_over(make: Callable[..., Integrator]) -> None:
    first = make()
    wait_for(lambda: state_of(first) is IntegratorState.AT_WORK)
    second = make()
    for _ in range(5):
        (event,) = write(1)
        services.wait_sequenced(event.id, timeout_s=WAIT_S)
    assert second.health is None
    first.stop()
    (event,) = write(1)
    services.wait_sequenced(event.id, timeout_s=WAIT_S)
    wait_for(lambda: state_of(second) is IntegratorState.AT_WORK)
    assert check_ledger().discrepancies == ()


def test_stopping_sequences_what_is_there(make: Callable[..., Integrator]) -> None:
    integrator = make()
    wait_for(lambda: state_of(integrator) is IntegratorState.AT_WORK)
    write(20)
    integrator.stop()
    assert is_idle()
    assert state_of(integrator) is IntegratorState.STOPPED


def test_one_that_never_led_stops_in_silence(make: Callable[..., Integrator], ledger: LedgerFolder) -> None:
    lock = Lock(ledger)
    assert lock.take()
    integrator = make()
    write(1)
    integrator.stop()
    assert integrator.health is None
    assert not is_idle()
    lock.release()


def test_a_full_disk_is_reported_and_outlived(
    make: Callable[..., Integrator], ledger: LedgerFolder, caplog: pytest.LogCaptureFixture
) -> None:
    disk = FullDisk()
    integrator = make(disk)
    with caplog.at_level(logging.CRITICAL):
        wait_for(lambda: state_of(integrator) is IntegratorState.RETRYING)
        assert integrator.health is not None
        assert integrator.health.problem is not None
        assert "磁盘已满" in integrator.health.problem["zh"]
        (event,) = write(1)
        assert Event.objects.get(id=event.id).index is None
        disk.is_full = False
        services.wait_sequenced(event.id, timeout_s=WAIT_S)
    wait_for(lambda: state_of(integrator) is IntegratorState.AT_WORK)
    wait_for(lambda: (kept := read_health(ledger)) and (kept.state, kept.problem) == (IntegratorState.AT_WORK, None))


def test_a_busy_database_is_tried_again_and_logged_once(
    make: Callable[..., Integrator], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failing = threading.Event()
    failing.set()
    refused: list[None] = []
    enter = heads.write_heads

    def busy(**values: Any) -> Any:
        if failing.is_set():
            refused.append(None)
            raise OperationalError("database is locked")
        return enter(**values)

    monkeypatch.setattr(heads, "write_heads", busy)
    integrator = make()
    wait_for(lambda: state_of(integrator) is IntegratorState.RETRYING)
    wait_for(lambda: len(refused) > 2)
    failing.clear()
    wait_for(lambda: state_of(integrator) is IntegratorState.AT_WORK)
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1


def test_a_refusal_of_the_signer_stops_it_loudly(
    make: Callable[..., Integrator], ledger: LedgerFolder, caplog: pytest.LogCaptureFixture
) -> None:
    sequence()
    signer().begin()
    integrator = make()
    wait_for(lambda: state_of(integrator) is IntegratorState.REFUSED)
    wait_for(lambda: read_health(ledger) is not None)
    kept = read_health(ledger)
    assert kept is not None
    assert kept.problem is not None
    assert (kept.state, kept.problem["code"]) == (IntegratorState.REFUSED, "ledger-files")
    assert any(record.levelno >= logging.ERROR for record in caplog.records)
    write(1)
    integrator.stop()
    assert not is_idle()
    assert integrator.health is not None
    assert integrator.health.problem == kept.problem


def test_a_clock_set_back_does_not_hold_the_ledger_up(make: Callable[..., Integrator], clock: Moment) -> None:
    integrator = make()
    wait_for(lambda: state_of(integrator) is IntegratorState.AT_WORK)
    clock.is_set_back = True
    (event,) = write(1, at=AT + timedelta(seconds=5))
    services.wait_sequenced(event.id, timeout_s=WAIT_S)
    wait_for(lambda: integrator.health is not None and integrator.health.problem is not None)
    assert integrator.health is not None
    assert integrator.health.problem is not None
    assert integrator.health.problem["code"] == "clock-set-back"
    clock.is_set_back = False
    clock.at = AT + timedelta(seconds=9)
    wait_for(lambda: integrator.health is not None and integrator.health.problem is None)
    assert CheckpointRow.objects.latest("size").at == AT


def test_a_start_with_the_clock_set_back_goes_by_the_newest_event(
    make: Callable[..., Integrator], clock: Moment
) -> None:
    write(2)
    clock.is_set_back = True
    make()
    wait_for(is_idle)
    assert CheckpointRow.objects.latest("size").at == AT + timedelta(milliseconds=1)
    assert not Event.objects.filter(type="ledger:heads").exists()


def test_an_idle_ledger_is_affirmed(make: Callable[..., Integrator], clock: Moment, ledger: LedgerFolder) -> None:
    integrator = make(affirm_s=0.01)
    wait_for(lambda: integrator.health is not None and integrator.health.affirmed == AT)
    wait_for(lambda: selectors.latest_checkpoint().size == 2)
    before = ledger.read("checkpoint")
    clock.at += timedelta(minutes=5)
    wait_for(lambda: integrator.health is not None and integrator.health.affirmed == clock.at)
    assert ledger.read("checkpoint") == before
    (ledger.root / "tile" / "entries").rename(ledger.root / "gone")
    (ledger.root / "tile" / "0").rename(ledger.root / "gone too")
    wait_for(lambda: state_of(integrator) is IntegratorState.REFUSED)


def test_a_place_taken_away_from_under_it_is_noticed(make: Callable[..., Integrator]) -> None:
    integrator = make()
    wait_for(lambda: state_of(integrator) is IntegratorState.AT_WORK)
    wait_for(is_idle)
    with behind_the_guards():
        run_sql('UPDATE ledger_event SET "index" = NULL WHERE "index" = 0')
    wait_for(lambda: state_of(integrator) is IntegratorState.REFUSED)
    assert selectors.latest_checkpoint().size == 2


def test_health_is_none_before_the_first_and_stopped_after_a_death(
    make: Callable[..., Integrator], ledger: LedgerFolder
) -> None:
    assert read_health(selectors.ledger_folder()) is None
    integrator = make()
    wait_for(lambda: read_health(ledger) is not None)
    kept = read_health(selectors.ledger_folder())
    assert kept is not None
    assert (kept.state, kept.since) == (IntegratorState.AT_WORK, AT)
    integrator.stop()
    written = json.loads(ledger.read("health.json"))
    (ledger.root / "health.json").write_text(json.dumps({**written, "state": "at-work"}), encoding="utf-8")
    kept = read_health(selectors.ledger_folder())
    assert kept is not None
    assert kept.state is IntegratorState.STOPPED


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"state": "?"}', '{"state": "stopped", "since": "?"}'])
def test_a_health_file_that_cannot_be_read_says_nothing(ledger: LedgerFolder, content: str) -> None:
    (ledger.root / "health.json").write_text(content, encoding="utf-8")
    assert read_health(ledger) is None


def test_the_lock_is_one_for_all(ledger: LedgerFolder) -> None:
    one, other = Lock(ledger), Lock(ledger)
    assert one.take()
    assert one.take()
    assert one.is_held
    assert not other.take()
    one.release()
    one.release()
    assert other.take()
    other.release()


def test_a_lock_that_cannot_be_taken_leaves_no_file_open(ledger: LedgerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(37, "No locks available")

    lock = Lock(ledger)
    with monkeypatch.context() as patch:
        patch.setattr("liuhen.server.ledger.health.fcntl.flock", fail)
        with pytest.raises(OSError, match="No locks"):
            lock.take()
    assert not lock.is_held


def test_a_wait_ends_with_the_bell_or_the_time() -> None:
    wake.ring()
    wake.wait_bell(WAIT_S)
    wake.wait_bell(0.001)
    seen = wake.progress()
    wake.wait_progress(seen, 0.001)
    wake.advance()
    wake.wait_progress(seen, WAIT_S)
    assert wake.progress() == seen + 1


def test_the_integrator_of_an_instance_starts_with_its_key(ledger: LedgerFolder, home: Any) -> None:
    integrator = start_integrator()
    try:
        wait_for(is_idle)
        assert verify_export(FolderFiles(ledger.root), key=selectors.verifier_key()).checkpoint.size >= 1
    finally:
        integrator.stop()
    settings.INSTANCE = replace(settings.INSTANCE, home=home / "elsewhere")
    with pytest.raises(KeyFileError):
        start_integrator()


PROGRAM = """
import sys, threading
from liuhen.server.config.setup import open_instance
open_instance()
from django.db import transaction
from liuhen.core.events import EventType
from liuhen.server.kernel import clock
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.ledger import services
from liuhen.server.ledger.integrator import start_integrator
start_integrator()
lock = threading.Lock()
def run(number):
    while True:
        with transaction.atomic():
            event = services.record(type=EventType.RECORDING_DIGESTED, actor=SYSTEM, at=clock.now(),
                subject=f"recording/01890000-0000-7000-8000-{number:012d}")
        place = services.wait_sequenced(event.id, timeout_s=30)
        with lock:
            sys.stdout.write(f"{event.id} {place.index}\\n"); sys.stdout.flush()
for number in range(4):
    threading.Thread(target=run, args=(number,)).start()
"""


def test_what_a_killed_server_had_confirmed_is_in_the_ledger(tmp_path: Any) -> None:
    home = tmp_path / "home"
    environment = {"LIUHEN_HOME": str(home), "PATH": "", "PYTHONPATH": "src"}

    def liuhen(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "liuhen.cli", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    made = liuhen("init")
    assert made.returncode == 0, made.stderr
    confirmed: dict[str, int] = {}
    for _ in range(3):
        command = [sys.executable, "-c", PROGRAM]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as one:
            assert one.stdout is not None
            for line in one.stdout:
                event, _, index = line.partition(" ")
                confirmed[event] = int(index)
                if len(confirmed) % 40 == 0:
                    break
            one.kill()
    done = liuhen("ledger", "fsck")
    assert done.returncode == 0, done.stdout
    export = tmp_path / "export"
    assert liuhen("ledger", "export", str(export)).returncode == 0
    key = VerifierKey.from_text((export / "key").read_text(encoding="ascii").strip())
    size = verify_export(FolderFiles(export), key=key).checkpoint.size
    ids = [str(Entry.from_bytes(leaf).id) for _, leaf in LedgerFolder(export).entries(0, size)]
    assert {event: ids[index] for event, index in confirmed.items()} == {event: event for event in confirmed}
    assert len(confirmed) >= 120


def test_a_lock_that_fails_is_tried_again(make: Callable[..., Integrator], monkeypatch: pytest.MonkeyPatch) -> None:
    failing = threading.Event()
    failing.set()
    take = Lock.take

    def fail(lock: Lock) -> bool:
        if failing.is_set():
            raise OSError(37, "No locks available")
        return take(lock)

    monkeypatch.setattr(Lock, "take", fail)
    integrator = make()
    wait_for(lambda: state_of(integrator) is IntegratorState.RETRYING)
    failing.clear()
    wait_for(lambda: state_of(integrator) is IntegratorState.AT_WORK)


def test_without_any_time_at_all_it_stops(make: Callable[..., Integrator], clock: Moment) -> None:
    with behind_the_guards():
        run_sql("DELETE FROM ledger_event")
    clock.is_set_back = True
    integrator = make()
    wait_for(lambda: state_of(integrator) is IntegratorState.REFUSED)
    assert integrator.health is not None
    assert integrator.health.since is None
    kept = read_health(selectors.ledger_folder())
    assert kept is None or kept.since is None
