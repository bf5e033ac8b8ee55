"""`liuhen worker` on a real instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.commands import LIUHEN, beside, environment, liuhen
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path


def in_shell(home: Path, statements: str) -> str:
    """Run Python on the instance and return what it prints."""
    done = liuhen(home, "manage", "shell", "--no-imports", "-c", statements)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def enqueued(trace: Path) -> str:
    return f"from tests.server.kernel.jobs.sample_tasks import write_line; write_line.enqueue({str(trace)!r}, 'done')"


def test_the_worker_runs_what_is_due_and_ends_in_order(home: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    in_shell(home, enqueued(trace))
    with beside([*LIUHEN, "worker", "--grace", "5"], environment(home)) as worker:
        wait_for(trace.exists)
        worker.terminate()
        _, said = worker.communicate(timeout=60)
    assert worker.returncode == 0
    assert "worker started" in said
    assert trace.read_text(encoding="utf-8") == "done\n"


def test_failed_jobs_are_made_due_again(home: Path, tmp_path: Path) -> None:
    jobs = "from liuhen.server.kernel.jobs.models import Job;"
    in_shell(home, f"{jobs}{enqueued(tmp_path / 'trace')}; Job.objects.update(state='failed', attempts=5)")
    done = liuhen(home, "worker", "--retry-failed")
    assert done.returncode == 0
    assert "1 jobs are due again" in done.stderr
    assert in_shell(home, f"{jobs}print(*Job.objects.values_list('state', 'attempts'))") == "('ready', 0)"
