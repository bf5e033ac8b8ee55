"""When the next sweep of uploads is due: one job for each hour in which an upload may expire."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.tasks import task

from liuhen.server.intake.sweep import sweep
from liuhen.server.kernel import clock
from liuhen.server.kernel.jobs.backend import enqueue_once
from liuhen.server.vault.stores import originals

__all__ = ["schedule_sweep", "sweep_uploads"]


@task
def sweep_uploads() -> dict[str, int]:
    """Expire what is overdue and clear the staging areas of what has ended."""
    report = sweep(originals(), at=clock.now())
    return {"expired": len(report.expired), "cleared": len(report.cleared), "busy": len(report.busy)}


def schedule_sweep(expires_at: datetime) -> None:
    """See to it that a worker sweeps at the full hour after `expires_at`; in the caller's transaction."""
    due = expires_at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    enqueue_once(sweep_uploads.using(run_after=due), f"intake-sweep {due:%Y-%m-%dT%H}Z")
