"""The backend: Django's Tasks API on the job table."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.tasks import TaskResultStatus, default_task_backend, task
from django.tasks.backends.immediate import ImmediateBackend
from django.tasks.exceptions import InvalidTask, TaskResultDoesNotExist

from liuhen.server.kernel.jobs.backend import LeaseBackend, enqueue_once
from liuhen.server.kernel.jobs.models import Job, JobState
from liuhen.server.kernel.jobs.worker import Worker
from tests.server.kernel.jobs.sample_tasks import add_up, fail, write_line
from tests.support.jobs import run_due

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

pytestmark = pytest.mark.django_db


def test_what_is_enqueued_in_a_transaction_rolled_back_never_was() -> None:
    with transaction.atomic():
        add_up.enqueue(1, 2)
        transaction.set_rollback(True)

    assert not Job.objects.exists()


def test_what_is_enqueued_runs_with_its_arguments(tmp_path: Path) -> None:
    write_line.enqueue(str(tmp_path / "lines"), line="留痕")

    assert run_due() == 1
    assert (tmp_path / "lines").read_text(encoding="utf-8") == "留痕\n"


def test_a_result_follows_its_job() -> None:
    result = add_up.enqueue(1, right=2)
    assert (result.status, result.is_finished, result.attempts) == (TaskResultStatus.READY, False, 0)

    worker = Worker()
    run_due(worker)
    result.refresh()

    assert (result.status, result.return_value) == (TaskResultStatus.SUCCESSFUL, 3)
    assert result.worker_ids == [worker.name]


def test_a_result_is_found_by_its_id() -> None:
    result = add_up.enqueue(1, 2)

    assert add_up.get_result(result.id).args == [1, 2]


@pytest.mark.parametrize("unknown", [str(uuid.UUID(int=1)), "not an id"])
def test_an_unknown_id_has_no_result(unknown: str) -> None:
    with pytest.raises(TaskResultDoesNotExist):
        default_task_backend.get_result(unknown)


def test_a_job_may_be_put_off() -> None:
    later = datetime.now(UTC) + timedelta(hours=1)  # noqa: TID251 - the worker beneath runs on the real clock

    add_up.using(run_after=later, priority=7).enqueue(1, 2)

    assert run_due() == 0
    assert Job.objects.get().priority == 7


def test_the_same_key_twice_is_one_job() -> None:
    first = enqueue_once(add_up, "sum/1", 1, 2)
    second = enqueue_once(add_up, "sum/1", 3, 4)

    assert second.id == first.id
    assert second.args == [1, 2]
    assert run_due() == 1


def test_a_key_of_a_transaction_rolled_back_is_free_again() -> None:
    with transaction.atomic():
        enqueue_once(add_up, "sum/1", 1, 2)
        transaction.set_rollback(True)

    assert enqueue_once(add_up, "sum/1", 3, 4).args == [3, 4]


def test_a_task_of_another_backend_has_no_key(settings: Settings) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.immediate.ImmediateBackend"}}
    assert isinstance(add_up.get_backend(), ImmediateBackend)

    with pytest.raises(TypeError, match="knows no keys"):
        enqueue_once(add_up, "sum/1", 1, 2)


def test_arguments_without_json_are_a_wrong_call() -> None:
    with pytest.raises(TypeError):
        add_up.enqueue(object(), 2)  # type: ignore[arg-type]  # the wrong call under test


async def in_a_coroutine() -> None:
    """Be a coroutine."""


def with_context(context: object) -> None:
    """Ask for the context."""
    del context


def test_coroutines_and_contexts_are_refused_when_they_are_declared() -> None:
    with pytest.raises(InvalidTask):
        task(in_a_coroutine)
    with pytest.raises(InvalidTask, match="context"):
        task(takes_context=True)(with_context)


def test_how_often_a_task_is_tried_is_an_option() -> None:
    backend = LeaseBackend("default", {"OPTIONS": {"MAX_ATTEMPTS": 1}})
    backend.enqueue(fail, ["the reason"], {})

    run_due()

    job = Job.objects.get()
    assert job.state == JobState.FAILED
    assert "ValueError: the reason" in job.last_error
    assert fail.get_result(str(job.id)).status == TaskResultStatus.FAILED
