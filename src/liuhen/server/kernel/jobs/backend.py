"""The backend that `settings.TASKS` names: Django's Tasks API on the job table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.tasks import TaskResult, TaskResultStatus
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.exceptions import InvalidTask, TaskResultDoesNotExist
from django.utils.json import normalize_json
from django.utils.module_loading import import_string

from liuhen.server.kernel import clock
from liuhen.server.kernel.jobs import queue
from liuhen.server.kernel.jobs.models import Job, JobState

if TYPE_CHECKING:
    from django.tasks import Task

__all__ = ["LeaseBackend", "enqueue_once"]

_STATUS = {
    JobState.READY: TaskResultStatus.READY,
    JobState.RUNNING: TaskResultStatus.RUNNING,
    JobState.DONE: TaskResultStatus.SUCCESSFUL,
    JobState.FAILED: TaskResultStatus.FAILED,
}


class LeaseBackend(BaseTaskBackend):
    """Keeps jobs in the database: what is enqueued commits or rolls back with the caller's transaction.

    Tasks run at least once and must be repeatable. Option `MAX_ATTEMPTS` (5). Coroutines and `takes_context` are not
    offered. A result names the last worker only and no errors: `queue.failed()` has the jobs with their tracebacks.
    """

    supports_defer = True
    supports_async_task = False
    supports_get_result = True
    supports_priority = True

    def validate_task(self, task: Task[..., Any]) -> None:
        """Refuse what cannot be run from its path alone."""
        super().validate_task(task)
        if task.takes_context:
            raise InvalidTask("The lease backend hands no context to tasks.")

    def enqueue[**P, R](self, task: Task[P, R], args: Any, kwargs: Any, *, key: str | None = None) -> TaskResult[P, R]:
        """Enter a job; where `key` is known already, return its present state instead."""
        self.validate_task(task)
        arguments: Any = normalize_json({"args": list(args), "kwargs": dict(kwargs)})
        job = queue.add(
            task=task.module_path,
            **arguments,
            key=key,
            priority=task.priority,
            run_after=task.run_after,
            max_attempts=int(self.options.get("MAX_ATTEMPTS", 5)),
            at=clock.now(),
        )
        return self._result(task, job)

    def get_result(self, result_id: str) -> TaskResult[..., Any]:
        """Return how the job stands.

        Raises:
            TaskResultDoesNotExist: there is no such job.
        """
        try:
            job = Job.objects.get(id=UUID(result_id))
        except (ValueError, Job.DoesNotExist) as error:
            raise TaskResultDoesNotExist(result_id) from error
        return self._result(import_string(job.task), job)

    def _result[**P, R](self, task: Task[P, R], job: Job) -> TaskResult[P, R]:
        result = TaskResult(
            task=task,
            id=str(job.id),
            status=_STATUS[JobState(job.state)],
            enqueued_at=job.enqueued_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            last_attempted_at=job.last_attempted_at,
            args=job.args,
            kwargs=job.kwargs,
            backend=self.alias,
            errors=[],
            worker_ids=[job.worker] if job.worker else [],
        )
        object.__setattr__(result, "_return_value", job.result)
        return result


def enqueue_once[**P, R](task: Task[P, R], key: str, /, *args: P.args, **kwargs: P.kwargs) -> TaskResult[P, R]:
    """Enqueue `task` in the caller's transaction unless a job with `key` was ever entered.

    Raises:
        TypeError: the task's backend is not a `LeaseBackend`.
    """
    backend = task.get_backend()
    if not isinstance(backend, LeaseBackend):
        raise TypeError(f"{type(backend).__name__} knows no keys")
    return backend.enqueue(task, list(args), dict(kwargs), key=key)
