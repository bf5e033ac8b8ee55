"""The moves of a job between its states. Each is one short transaction; leases are compared with the time given.

    ready -> running -> done
      ^         |-> ready      failed, tries are left: after a pause; or handed back
      |         |-> running    the lease ran out: another worker takes over
      |         '-> failed     failed, no tries are left
      '------------'           a person retries

A worker that has lost its lease changes nothing any more: every move out of `running` asks for the worker's own name.
Where workers run on several hosts, the hosts' clocks must agree to within a few seconds, well inside a lease.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db import connection, transaction
from django.db.models import F, Q

from liuhen.server.kernel.jobs.models import Job, JobState

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from django.db.models import QuerySet

__all__ = ["add", "backoff", "claim", "extend", "failed", "finish", "hand_back", "note_failure", "retry"]

_FIRST_PAUSE: Final = timedelta(seconds=10)
_LONGEST_PAUSE: Final = timedelta(hours=1)
_ERROR_LIMIT: Final = 8_000
_LOST: Final = "The worker was lost while it ran this job: killed, or cut off from the database."


def backoff(attempt: int) -> timedelta:
    """Return the pause after failed attempt number `attempt` (from 1): 10 s, 40 s, 160 s ... at most an hour."""
    return min(_FIRST_PAUSE * (1 << 2 * (min(attempt, 10) - 1)), _LONGEST_PAUSE)


@transaction.atomic
def add(
    *,
    task: str,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    key: str | None,
    priority: int,
    run_after: datetime | None,
    max_attempts: int,
    at: datetime,
) -> Job:
    """Enter a job in the caller's transaction; where `key` is known already, return its job unchanged.

    `args` and `kwargs` are plain JSON.
    """
    columns = {
        "task": task,
        "args": list(args),
        "kwargs": dict(kwargs),
        "priority": priority,
        "run_after": run_after or at,
        "max_attempts": max_attempts,
        "enqueued_at": at,
    }
    if key is None:
        return Job.objects.create(**columns)
    job, _ = Job.objects.get_or_create(key=key, defaults=columns)
    return job


def claim(*, worker: str, lease: timedelta, at: datetime) -> Job | None:
    """Take the next due job for `worker` until `at + lease`; None when nothing is due.

    An idle queue costs a read only. A job that has taken every worker down with it until no try is left fails here.
    """
    if not _due(at).exists():
        return None
    with transaction.atomic():
        _lapsed(at).filter(attempts__gte=F("max_attempts")).update(
            state=JobState.FAILED, lease_until=None, finished_at=at, last_error=_LOST
        )
        skip = connection.features.has_select_for_update_skip_locked
        job = _due(at).select_for_update(skip_locked=skip).order_by("-priority", "run_after", "id").first()
        if job is None:
            return None
        if job.state == JobState.RUNNING:
            job.last_error = _LOST
        job.state = JobState.RUNNING
        job.worker = worker
        job.lease_until = at + lease
        job.attempts += 1
        job.started_at = job.started_at or at
        job.last_attempted_at = at
        job.save()
    return job


@transaction.atomic
def extend(*, job_id: uuid.UUID, worker: str, until: datetime) -> bool:
    """Extend the lease to `until`; False when it is `worker`'s no longer."""
    return _held(job_id, worker).update(lease_until=until) == 1


@transaction.atomic
def finish(*, job_id: uuid.UUID, worker: str, result: Any, at: datetime) -> bool:
    """Mark the job done, with its plain JSON `result`; False, and no change, when the lease is `worker`'s no longer."""
    changed = _held(job_id, worker).update(state=JobState.DONE, lease_until=None, finished_at=at, result=result)
    return changed == 1


@transaction.atomic
def note_failure(*, job_id: uuid.UUID, worker: str, error: str, at: datetime) -> JobState | None:
    """Keep the end of the traceback `error`; put the job back for later, or fail it when no try is left.

    Return the new state, None (and no change) when the lease is `worker`'s no longer.
    """
    job = _held(job_id, worker).select_for_update().first()
    if job is None:
        return None
    job.lease_until = None
    job.last_error = error[-_ERROR_LIMIT:]
    if job.attempts >= job.max_attempts:
        job.state = JobState.FAILED
        job.finished_at = at
    else:
        job.state = JobState.READY
        job.run_after = at + backoff(job.attempts)
    job.save()
    return JobState(job.state)


@transaction.atomic
def hand_back(*, worker: str) -> tuple[uuid.UUID, ...]:
    """Put back whatever `worker` holds, as if it had never claimed it; return the jobs' ids."""
    jobs = Job.objects.filter(worker=worker, state=JobState.RUNNING)
    ids = tuple(jobs.values_list("id", flat=True))
    jobs.update(state=JobState.READY, lease_until=None, attempts=F("attempts") - 1)
    return ids


@transaction.atomic
def retry(*, job_id: uuid.UUID, at: datetime) -> bool:
    """Make a failed job ready once more, with all its tries; False when it has not failed."""
    changed = Job.objects.filter(id=job_id, state=JobState.FAILED).update(
        state=JobState.READY, attempts=0, run_after=at, finished_at=None
    )
    return changed == 1


def failed() -> QuerySet[Job]:
    """Return the jobs that need a person, newest first."""
    return Job.objects.filter(state=JobState.FAILED).order_by("-finished_at", "-id")


def _held(job_id: uuid.UUID, worker: str) -> QuerySet[Job]:
    return Job.objects.filter(id=job_id, worker=worker, state=JobState.RUNNING)


def _lapsed(at: datetime) -> QuerySet[Job]:
    return Job.objects.filter(state=JobState.RUNNING, lease_until__lte=at)


def _due(at: datetime) -> QuerySet[Job]:
    return Job.objects.filter(
        Q(state=JobState.READY, run_after__lte=at) | Q(state=JobState.RUNNING, lease_until__lte=at)
    )
