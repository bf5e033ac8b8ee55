"""Running what a worker would run, in the test's own thread."""

from __future__ import annotations

from liuhen.server.kernel.jobs.worker import Worker

__all__ = ["run_due"]


def run_due(worker: Worker | None = None) -> int:
    """Run what is due until nothing is; return how many jobs were run."""
    worker = worker or Worker()
    count = 0
    while worker.run_next():
        count += 1
    return count
