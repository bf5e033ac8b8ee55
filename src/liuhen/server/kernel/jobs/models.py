"""The job table."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models

from liuhen.server.kernel.models import BaseModel

__all__ = ["Job", "JobState"]


class JobState(StrEnum):
    """How a job stands. `failed` is final until a person puts the job back with `queue.retry`."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(BaseModel):
    """One call of a task.

    `task` is the dotted path of a module-level task. While `running`, the job belongs to `worker` until `lease_until`;
    a lease that has run out means that the worker is gone. `attempts` counts the claims that were not handed back.
    `key` makes a job unique for ever, null where repeating is meant. `last_error` is a traceback for administrators.
    """

    state = models.CharField(max_length=8, default=JobState.READY, choices=[(s.value, s.value) for s in JobState])
    task = models.CharField(max_length=200)
    args = models.JSONField(default=list)
    kwargs = models.JSONField(default=dict)
    key = models.CharField(max_length=200, unique=True, null=True, blank=True)
    priority = models.SmallIntegerField(default=0)
    run_after = models.DateTimeField()
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    max_attempts = models.PositiveSmallIntegerField()
    last_error = models.TextField(blank=True)
    result = models.JSONField(null=True, blank=True)
    enqueued_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True)
    last_attempted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in JobState]), name="job_state_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(state=JobState.RUNNING, lease_until__isnull=False)
                | (~models.Q(state=JobState.RUNNING) & models.Q(lease_until__isnull=True)),
                name="job_has_a_lease_exactly_while_running",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-priority", "run_after", "id"], name="job_next"),
            models.Index(fields=["state", "lease_until"], name="job_lapsed"),
        ]
