"""The worker: what becomes of a task's outcome."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest
from django.db import DatabaseError

from liuhen.server.kernel import clock
from liuhen.server.kernel.errors import ClockSetBackError
from liuhen.server.kernel.jobs import queue
from liuhen.server.kernel.jobs.models import Job, JobState
from liuhen.server.kernel.jobs.worker import Worker, _Heartbeat
from tests.server.kernel.jobs import sample_tasks
from tests.support.jobs import run_due

if TYPE_CHECKING:
    from datetime import timedelta

pytestmark = pytest.mark.django_db


def only_job() -> Job:
    return Job.objects.get()


def test_an_empty_queue_is_nothing_to_do() -> None:
    assert Worker().run_next() is False


def test_a_failing_task_is_put_off_with_its_traceback() -> None:
    sample_tasks.fail.enqueue("no space")

    assert run_due() == 1

    job = only_job()
    assert (job.state, job.attempts, job.lease_until) == (JobState.READY, 1, None)
    assert job.run_after > job.enqueued_at
    assert "ValueError: no space" in job.last_error


def test_a_result_without_json_is_a_failure() -> None:
    sample_tasks.return_an_object.enqueue()

    run_due()

    assert "TypeError" in only_job().last_error


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("tests.server.kernel.jobs.sample_tasks.not_a_task", "is not a task"),
        ("tests.server.kernel.jobs.sample_tasks.gone", "ImportError"),
        ("no.such.module.task", "ModuleNotFoundError"),
    ],
)
def test_a_path_that_leads_to_no_task_is_a_failure(path: str, reason: str) -> None:
    queue.add(task=path, args=[], kwargs={}, key=None, priority=0, run_after=None, max_attempts=1, at=clock.now())

    run_due()

    assert only_job().state == JobState.FAILED
    assert reason in only_job().last_error


def test_a_task_that_ends_after_its_lease_was_lost_marks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker()
    sample_tasks.lose_the_lease.enqueue(worker.name)

    assert worker.run_next()

    assert only_job().state == JobState.READY
    assert "after its lease was lost" in caplog.text


def test_a_task_that_fails_after_its_lease_was_lost_marks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker()
    sample_tasks.lose_the_lease_and_fail.enqueue(worker.name)

    assert worker.run_next()

    assert (only_job().state, only_job().last_error) == (JobState.READY, "")
    assert "lease lost" in caplog.text


def test_each_worker_has_a_name_of_its_own() -> None:
    assert Worker().name != Worker().name


class _Faults:
    """A queue whose database answers with an error before it answers at all."""

    def __init__(self, answers: list[bool | Exception]) -> None:
        self.answers = answers

    def __call__(self, **_: object) -> bool:
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_beat_that_the_database_refuses_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sample_tasks.add_up.enqueue(1, 2)
    worker = Worker()
    lease = worker._lease
    faults = _Faults([DatabaseError("locked"), ClockSetBackError(now="", last="", seconds=61), True, False])
    monkeypatch.setattr(queue, "extend", faults)
    job = queue.claim(worker=worker.name, lease=lease, at=clock.now())
    assert job is not None

    with caplog.at_level(logging.WARNING):
        beats = _beats(job, worker.name, lease)

    assert beats == [True, True, True, False]
    assert caplog.text.count("could not be extended") == 2
    assert caplog.text.count("runs on without its lease") == 1


def _beats(job: Job, worker: str, lease: timedelta) -> list[bool]:
    heartbeat = _Heartbeat(job, worker=worker, lease=lease)
    return [heartbeat._beat() for _ in range(4)]
