"""The worker: takes jobs one at a time and keeps their leases alive while they run.

Cut the power anywhere here: the lease runs out, and the job runs again, with whatever it had committed in place.
"""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final, Self

from django.db import DatabaseError, connection
from django.tasks import Task
from django.utils.json import normalize_json
from django.utils.module_loading import import_string

from liuhen.server.kernel import clock
from liuhen.server.kernel.errors import ClockSetBackError
from liuhen.server.kernel.jobs import queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType, TracebackType
    from typing import Any

    from liuhen.server.kernel.jobs.models import Job

__all__ = ["Rhythm", "Worker"]

_log: Final = logging.getLogger(__name__)
_BEATS_PER_LEASE: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """A worker's times, in seconds: of a lease, between looks at an idle queue, and to end a job after SIGTERM.

    A job whose worker dies runs again within `lease_s + poll_s`, plus the job that its next worker is at.
    """

    lease_s: float = 30.0
    poll_s: float = 0.5
    grace_s: float = 8.0


class _HandBack(BaseException):
    """Raised inside a task when the grace after SIGTERM has passed; a task's own `except Exception` lets it through."""


class Worker:
    """Runs due jobs in the thread that calls it."""

    def __init__(self, *, rhythm: Rhythm | None = None) -> None:
        self._rhythm = rhythm or Rhythm()
        self._name = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self._stopping = False
        self._busy = False

    @property
    def name(self) -> str:
        """The name under which it holds leases, unique to this object."""
        return self._name

    def run(self) -> None:
        """Run jobs until SIGTERM or SIGINT; only in the main thread. The handlers are put back at the end."""
        with self._signals():
            while not self._stopping:
                if not self.run_next():
                    # A signal handler may not touch the locks of `threading.Event`, so the wait is a short sleep.
                    time.sleep(self._rhythm.poll_s)

    def run_next(self) -> bool:
        """Run the next due job; False when there is none."""
        self._busy = True
        try:
            job = queue.claim(worker=self._name, lease=self._lease, at=clock.now())
            if job is None:
                return False
            with _Heartbeat(job, worker=self._name, lease=self._lease):
                self._execute(job)
        except _HandBack:
            self._hand_back()
        finally:
            self._busy = False
        return True

    @property
    def _lease(self) -> timedelta:
        return timedelta(seconds=self._rhythm.lease_s)

    def _execute(self, job: Job) -> None:
        try:
            result = normalize_json(_call(job))
        except Exception:  # noqa: BLE001 - the process's edge: whatever a task raises is kept on its job
            state = queue.note_failure(job_id=job.id, worker=self._name, error=traceback.format_exc(), at=clock.now())
            _log.exception("job %s (%s), attempt %d: %s", job.id, job.task, job.attempts, state or "lease lost")
        else:
            if not queue.finish(job_id=job.id, worker=self._name, result=result, at=clock.now()):
                _log.warning("job %s (%s) was ended after its lease was lost", job.id, job.task)
        finally:
            if not connection.in_atomic_block:
                connection.close_if_unusable_or_obsolete()

    def _hand_back(self) -> None:
        # Whatever statement or transaction the signal cut off is rolled back with its connection.
        connection.close()
        for job_id in queue.hand_back(worker=self._name):
            _log.warning("job %s was handed back", job_id)

    @contextmanager
    def _signals(self) -> Iterator[None]:
        mine = {signal.SIGTERM: self._on_stop, signal.SIGINT: self._on_stop, signal.SIGALRM: self._on_alarm}
        kept = {number: signal.signal(number, handler) for number, handler in mine.items()}
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            for number, handler in kept.items():
                signal.signal(number, handler)

    def _on_stop(self, _number: int, _frame: FrameType | None) -> None:
        if not self._stopping:
            self._stopping = True
            signal.setitimer(signal.ITIMER_REAL, self._rhythm.grace_s)

    def _on_alarm(self, _number: int, _frame: FrameType | None) -> None:
        if self._busy:
            raise _HandBack


def _call(job: Job) -> Any:
    task = import_string(job.task)
    if not isinstance(task, Task):
        raise TypeError(f"{job.task} is not a task")
    return task.call(*job.args, **job.kwargs)


class _Heartbeat:
    """Extends one job's lease from a thread with its own connection for as long as the block lasts."""

    def __init__(self, job: Job, *, worker: str, lease: timedelta) -> None:
        self._job = job
        self._worker = worker
        self._lease = lease
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease {job.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._ended.wait(self._lease.total_seconds() / _BEATS_PER_LEASE):
                if not self._beat():
                    return
        finally:
            connection.close()

    def _beat(self) -> bool:
        try:
            kept = queue.extend(job_id=self._job.id, worker=self._worker, until=clock.now() + self._lease)
        except (DatabaseError, ClockSetBackError):
            _log.exception("the lease of job %s could not be extended; trying again", self._job.id)
            return True
        if not kept:
            _log.warning("job %s runs on without its lease: another worker has it now", self._job.id)
        return kept
