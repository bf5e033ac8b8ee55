"""The jobs program as a process: `python -m tests.server.kernel.jobs.process VERB ...`; answers are JSON on stdout."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def migrate() -> None:
    """Make the tables."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def enqueue(name: str, *arguments: str) -> list[str]:
    """Enqueue a sample task and return the job's id."""
    from tests.server.kernel.jobs import sample_tasks

    return [getattr(sample_tasks, name).enqueue(*arguments).id]


def enqueue_lines(path: str, count: str) -> None:
    """Enqueue the writing of the lines 0, 1 ... to a file, one job each."""
    from tests.server.kernel.jobs import sample_tasks

    for number in range(int(count)):
        sample_tasks.write_line.enqueue(path, str(number))


def work(lease: str, grace: str) -> None:
    """Run a worker until SIGTERM."""
    from liuhen.server.kernel.jobs.worker import Rhythm, Worker

    Worker(rhythm=Rhythm(lease_s=float(lease), poll_s=0.02, grace_s=float(grace))).run()


def show() -> list[dict[str, Any]]:
    """Return every job."""
    from liuhen.server.kernel.jobs.models import Job

    return [
        {
            "id": str(job.id),
            "state": job.state,
            "attempts": job.attempts,
            "worker": job.worker,
            "lease_until": job.lease_until.isoformat() if job.lease_until else None,
            "last_error": job.last_error,
        }
        for job in Job.objects.order_by("id")
    ]


def main() -> None:
    """Run the verb."""
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.server.kernel.jobs.settings"
    django.setup()
    verbs: dict[str, Callable[..., object]] = {
        "migrate": migrate,
        "enqueue": enqueue,
        "enqueue_lines": enqueue_lines,
        "work": work,
        "show": show,
    }
    verb, *arguments = sys.argv[1:]
    answer = verbs[verb](*arguments)
    if answer is not None:
        sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
