"""`liuhen worker` on a real instance."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LIUHEN = [sys.executable, "-m", "liuhen.cli", "--language", "en"]
_DEADLINE_S = 60.0


def test_the_worker_runs_what_is_due_and_ends_in_order(tmp_path: Path) -> None:
    environment = os.environ | {"LIUHEN_HOME": str(tmp_path / "home")}
    trace = tmp_path / "trace"
    subprocess.run([*_LIUHEN, "init"], env=environment, check=True)
    enqueue = (
        f"from tests.server.kernel.jobs.sample_tasks import write_line; write_line.enqueue({str(trace)!r}, 'done')"
    )
    subprocess.run([*_LIUHEN, "manage", "shell", "--no-imports", "-c", enqueue], env=environment, check=True)
    worker = subprocess.Popen([*_LIUHEN, "worker", "--grace", "5"], env=environment, stderr=subprocess.PIPE)

    end = time.monotonic() + _DEADLINE_S
    while not trace.exists():
        assert worker.poll() is None, "the worker ended"
        assert time.monotonic() < end, "the job was not run"
        time.sleep(0.02)
    worker.send_signal(signal.SIGTERM)
    _, said = worker.communicate(timeout=_DEADLINE_S)

    assert worker.returncode == 0
    assert "worker started" in said.decode()
    assert trace.read_text(encoding="utf-8") == "done\n"


def test_without_an_instance_the_worker_says_what_to_do(tmp_path: Path) -> None:
    environment = os.environ | {"LIUHEN_HOME": str(tmp_path / "nothing")}

    done = subprocess.run([*_LIUHEN, "worker"], env=environment, capture_output=True, text=True, check=False)

    assert done.returncode != 0
    assert "liuhen init" in done.stderr


def test_failed_jobs_are_made_due_again(tmp_path: Path) -> None:
    environment = os.environ | {"LIUHEN_HOME": str(tmp_path / "home")}
    subprocess.run([*_LIUHEN, "init"], env=environment, check=True)
    fail = (
        "from liuhen.server.kernel.jobs.models import Job;"
        "from tests.server.kernel.jobs.sample_tasks import write_line;"
        f"write_line.enqueue({str(tmp_path / 'trace')!r}, 'done'); Job.objects.update(state='failed', attempts=5)"
    )
    subprocess.run([*_LIUHEN, "manage", "shell", "--no-imports", "-c", fail], env=environment, check=True)

    done = subprocess.run(
        [*_LIUHEN, "worker", "--retry-failed"], env=environment, capture_output=True, text=True, check=True
    )

    assert "1 jobs are due again" in done.stderr
    tell = "from liuhen.server.kernel.jobs.models import Job; print(*Job.objects.values_list('state', 'attempts'))"
    told = subprocess.run(
        [*_LIUHEN, "manage", "shell", "--no-imports", "-c", tell],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == "('ready', 0)"
