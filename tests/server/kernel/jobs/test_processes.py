"""Workers as processes: shared work, kill -9, SIGTERM."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.server.kernel.jobs.sample_tasks import DEADLINE_S
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROCESS = [sys.executable, "-m", "tests.server.kernel.jobs.process"]
LONG = "60"


class Program:
    """The jobs program on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        self._environment = os.environ | {"JOBS_DATABASE": str(folder / "jobs.sqlite3")}
        self.ask("migrate")

    def ask(self, *words: str) -> Any:
        done = subprocess.run([*PROCESS, *words], env=self._environment, capture_output=True, text=True, check=True)
        return json.loads(done.stdout) if done.stdout else None

    def enqueue(self, name: str, *arguments: str) -> str:
        identity: str = self.ask("enqueue", name, *arguments)[0]
        return identity

    def work(self, *, lease: str = LONG, grace: str = LONG) -> subprocess.Popen[bytes]:
        """Start a worker."""
        worker = subprocess.Popen([*PROCESS, "work", lease, grace], env=self._environment)
        self.workers.append(worker)
        return worker

    def lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def end(self) -> None:
        for worker in self.workers:
            worker.terminate()
            worker.wait(DEADLINE_S)


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    program = Program(tmp_path)
    yield program
    program.end()


def states(program: Program) -> list[str]:
    return [job["state"] for job in program.ask("show")]


def test_two_workers_run_every_job_once(program: Program) -> None:
    program.work()
    program.work()
    program.ask("enqueue_lines", str(program.folder / "lines"), "50")

    wait_for(lambda: states(program) == ["done"] * 50)

    assert sorted(program.lines("lines"), key=int) == [str(n) for n in range(50)]


def test_a_job_killed_with_its_worker_runs_again(program: Program) -> None:
    program.enqueue("wait_for", str(program.folder))
    victim = program.work(lease="1")
    wait_for(lambda: program.lines("begun"))
    victim.kill()
    victim.wait()
    (program.folder / "go").touch()

    heir = program.work(lease="1")
    wait_for(lambda: states(program) == ["done"])

    assert program.lines("begun") == [str(victim.pid), str(heir.pid)]
    assert program.lines("ended") == [str(heir.pid)]
    assert program.ask("show")[0]["attempts"] == 2


def test_a_job_that_outlasts_its_lease_stays_with_its_worker(program: Program) -> None:
    program.enqueue("wait_for", str(program.folder))
    owner = program.work(lease="1")
    wait_for(lambda: program.lines("begun"))
    program.work(lease="1")
    leases = {program.ask("show")[0]["lease_until"]}

    def renewed_four_times() -> bool:
        leases.add(program.ask("show")[0]["lease_until"])
        return len(leases) > 4

    wait_for(renewed_four_times)
    (program.folder / "go").touch()
    wait_for(lambda: states(program) == ["done"])

    assert program.lines("begun") == program.lines("ended") == [str(owner.pid)]


def test_a_worker_told_to_stop_ends_its_job_and_takes_no_other(program: Program) -> None:
    program.enqueue("wait_for", str(program.folder))
    worker = program.work()
    wait_for(lambda: program.lines("begun"))
    program.enqueue("write_line", str(program.folder / "lines"), "never")

    worker.send_signal(signal.SIGTERM)
    worker.send_signal(signal.SIGTERM)
    (program.folder / "go").touch()

    assert worker.wait(DEADLINE_S) == 0
    assert states(program) == ["done", "ready"]
    assert not program.lines("lines")


@pytest.mark.parametrize("task", ["wait_for", "swallow_errors"])
def test_a_job_too_long_for_the_grace_is_handed_back(program: Program, task: str) -> None:
    program.enqueue(task, str(program.folder))
    worker = program.work(grace="0.2")
    wait_for(lambda: program.lines("begun"))

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(DEADLINE_S) == 0
    job = program.ask("show")[0]
    assert (job["state"], job["attempts"], job["last_error"]) == ("ready", 0, "")
    assert not program.lines("ended")
    assert not program.lines("swallowed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_worker_stops_at_once(program: Program, number: signal.Signals) -> None:
    program.enqueue("write_line", str(program.folder / "lines"), "at work")
    worker = program.work(grace="0.05")
    wait_for(lambda: states(program) == ["done"])

    worker.send_signal(number)

    assert worker.wait(DEADLINE_S) == 0
