"""The queue: how jobs move between their states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from liuhen.server.kernel.jobs import queue
from liuhen.server.kernel.jobs.models import Job, JobState

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)


def second(count: float) -> datetime:
    return AT + timedelta(seconds=count)


def add(*, at: datetime = AT, **columns: Any) -> Job:
    values: dict[str, Any] = {
        "task": "some.task",
        "args": [],
        "kwargs": {},
        "key": None,
        "priority": 0,
        "run_after": None,
        "max_attempts": 3,
    }
    return queue.add(**(values | columns), at=at)


def claim(worker: str = "one", at: datetime = AT) -> Job | None:
    return queue.claim(worker=worker, lease=LEASE, at=at)


def claimed(worker: str = "one", at: datetime = AT) -> Job:
    job = claim(worker, at)
    assert job is not None
    return job


def stored(job: Job) -> Job:
    return Job.objects.get(id=job.id)


def test_a_job_is_ready_as_soon_as_it_is_added() -> None:
    job = add(args=[1, "二"], kwargs={"three": [4]})

    taken = claimed()

    assert taken.id == job.id
    assert (taken.args, taken.kwargs) == ([1, "二"], {"three": [4]})
    assert (taken.state, taken.worker, taken.lease_until, taken.attempts) == (JobState.RUNNING, "one", second(30), 1)


def test_the_same_key_twice_is_one_job() -> None:
    first = add(key="analyse/1", args=[1])
    again = add(key="analyse/1", args=[2], at=second(5))

    assert again.id == first.id
    assert stored(first).args == [1]
    assert Job.objects.count() == 1


def test_a_key_stays_taken_after_its_job_is_done() -> None:
    add(key="analyse/1")
    job = claimed()
    queue.finish(job_id=job.id, worker="one", result=None, at=second(1))

    assert add(key="analyse/1").state == JobState.DONE
    assert claim(at=second(2)) is None


def test_jobs_without_a_key_are_never_the_same() -> None:
    assert add().id != add().id


def test_higher_priority_runs_first_and_equals_in_order_of_entry() -> None:
    low, high, second_low = add(priority=-5), add(priority=5), add(priority=-5, at=second(1))

    assert [claimed(f"{n}", second(2)).id for n in range(3)] == [high.id, low.id, second_low.id]


def test_a_job_waits_for_its_time() -> None:
    job = add(run_after=second(60))

    assert claim(at=second(59)) is None
    assert claimed(at=second(60)).id == job.id


def test_a_running_job_is_nobody_elses_until_its_lease_ends() -> None:
    job = add()
    claimed("one")

    assert claim("two", second(29)) is None
    taken = claimed("two", second(30))
    assert (taken.id, taken.worker, taken.attempts) == (job.id, "two", 2)
    assert "lost" in taken.last_error


def test_a_lease_can_be_extended_while_it_is_held() -> None:
    job = add()
    claimed("one")

    assert queue.extend(job_id=job.id, worker="one", until=second(60))
    assert claim("two", second(59)) is None


def test_a_worker_without_the_lease_changes_nothing() -> None:
    job = add()
    claimed("one")
    claimed("two", second(31))
    before = stored(job)

    assert not queue.extend(job_id=job.id, worker="one", until=second(99))
    assert not queue.finish(job_id=job.id, worker="one", result=1, at=second(32))
    assert queue.note_failure(job_id=job.id, worker="one", error="late", at=second(32)) is None
    assert queue.hand_back(worker="one") == ()

    after = stored(job)
    assert (after.state, after.worker, after.lease_until) == (JobState.RUNNING, "two", before.lease_until)
    assert (after.result, after.last_error) == (None, before.last_error)


def test_a_job_that_is_done_keeps_its_result() -> None:
    job = add()
    claimed()

    assert queue.finish(job_id=job.id, worker="one", result={"sum": 3}, at=second(4))

    done = stored(job)
    assert (done.state, done.result, done.finished_at, done.lease_until) == (
        JobState.DONE,
        {"sum": 3},
        second(4),
        None,
    )


def test_a_failed_try_waits_longer_each_time_and_the_last_one_is_final() -> None:
    job = add()
    claimed(at=AT)

    assert queue.note_failure(job_id=job.id, worker="one", error="first", at=AT) is JobState.READY
    assert claim(at=second(9)) is None
    claimed(at=second(10))
    assert queue.note_failure(job_id=job.id, worker="one", error="second", at=second(10)) is JobState.READY
    assert claim(at=second(49)) is None
    claimed(at=second(50))
    assert queue.note_failure(job_id=job.id, worker="one", error="third", at=second(50)) is JobState.FAILED

    assert claim(at=second(10_000)) is None
    assert [(failed.id, failed.last_error) for failed in queue.failed()] == [(job.id, "third")]


def test_the_pause_between_tries_never_exceeds_an_hour() -> None:
    assert queue.backoff(5) == timedelta(seconds=2560)
    assert queue.backoff(6) == queue.backoff(1000) == timedelta(hours=1)


def test_of_a_long_error_the_end_is_kept() -> None:
    job = add()
    claimed()
    queue.note_failure(job_id=job.id, worker="one", error="x" * 20_000 + "the cause", at=AT)

    kept = stored(job).last_error
    assert len(kept) == 8_000
    assert kept.endswith("the cause")


def test_a_job_that_takes_every_worker_down_fails_in_the_end() -> None:
    job = add()
    for n in range(3):
        claimed(f"victim {n}", second(31 * n))

    assert claim("survivor", second(31 * 3)) is None

    buried = stored(job)
    assert (buried.state, buried.attempts, buried.lease_until) == (JobState.FAILED, 3, None)
    assert "lost" in buried.last_error


def test_a_job_handed_back_has_not_used_a_try() -> None:
    job = add()
    claimed()

    assert queue.hand_back(worker="one") == (job.id,)

    assert (stored(job).state, stored(job).attempts) == (JobState.READY, 0)
    assert claimed("two").id == job.id


def test_a_person_can_put_a_failed_job_back_with_all_its_tries() -> None:
    job = add(max_attempts=1)
    claimed()
    queue.note_failure(job_id=job.id, worker="one", error="disk full", at=AT)

    assert queue.retry(job_id=job.id, at=second(100))

    taken = claimed(at=second(100))
    assert (taken.id, taken.attempts, taken.finished_at) == (job.id, 1, None)


def test_only_a_failed_job_can_be_put_back() -> None:
    job = add()

    assert not queue.retry(job_id=job.id, at=AT)
    claimed()
    assert not queue.retry(job_id=job.id, at=AT)


@pytest.mark.parametrize("state", [JobState.RUNNING, "asleep"])
def test_the_table_refuses_a_running_job_without_a_lease_and_an_unknown_state(state: str) -> None:
    job = add()

    with pytest.raises(IntegrityError), transaction.atomic():
        Job.objects.filter(id=job.id).update(state=state)
