"""Tasks that leave a trace."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.tasks import task

from liuhen.server.kernel.jobs import queue

DEADLINE_S = 60.0


@task
def add_up(left: int, right: int) -> int:
    """Return a plain result."""
    return left + right


@task
def write_line(path: str, line: str) -> None:
    """Append a line to a file, in one write."""
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


@task
def wait_for(folder: str) -> None:
    """Say that it has begun, wait until the file `go` is there, and say that it has ended."""
    begun, go = Path(folder) / "begun", Path(folder) / "go"
    _append(begun, str(os.getpid()))
    end = time.monotonic() + DEADLINE_S
    while not go.exists():
        if time.monotonic() > end:
            raise TimeoutError("nobody said go")
        time.sleep(0.01)
    _append(Path(folder) / "ended", str(os.getpid()))


@task
def swallow_errors(folder: str) -> None:
    """Wait as `wait_for` does, inside a handler of every ordinary error."""
    try:
        wait_for.call(folder)
    except Exception as error:  # noqa: BLE001 - the test is about what such a handler must not catch
        _append(Path(folder) / "swallowed", repr(error))


@task
def fail(reason: str) -> None:
    """Fail."""
    raise ValueError(reason)


@task
def return_an_object() -> object:
    """Return what has no JSON."""
    return object()


@task
def lose_the_lease(worker: str) -> None:
    """Take the running job away from its worker, as another worker does after the lease."""
    assert queue.hand_back(worker=worker)


@task
def lose_the_lease_and_fail(worker: str) -> None:
    """As `lose_the_lease`, and fail."""
    lose_the_lease.call(worker)
    raise ValueError("after the lease")


def not_a_task() -> None:
    """Be an ordinary function."""


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="ascii") as file:
        file.write(f"{line}\n")
