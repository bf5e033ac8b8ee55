"""How the integrator fares, in a file that every process can read.

Whether one is at work at all is told by its lock, which the kernel frees when a process dies.
"""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from liuhen.core.errors import LiuhenError
from liuhen.core.forms import format_time, parse_time
from liuhen.server.ledger.files import HEALTH_PATH, LOCK_PATH

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from liuhen.server.ledger.files import LedgerFolder

__all__ = ["Health", "IntegratorState", "Lock", "read_health", "write_health"]


class IntegratorState(StrEnum):
    """What the integrator is doing."""

    AT_WORK = "at-work"
    RETRYING = "retrying"
    REFUSED = "refused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The integrator's state since `since`, None where no trusted time was to be had.

    `problem` is an error's `{"code", "zh", "en"}`, None while all is well. `affirmed` is when signer state, checkpoint
    and tiles were last seen to agree; the checkpoint itself carries no time.
    """

    state: IntegratorState
    since: datetime | None
    problem: Mapping[str, str] | None
    affirmed: datetime | None


class Lock:
    """The right to be the integrator of one ledger, held through an open file."""

    def __init__(self, folder: LedgerFolder) -> None:
        self._path = folder.root / LOCK_PATH
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Whether this object holds it."""
        return self._descriptor is not None

    def take(self) -> bool:
        """Take the lock if nobody has it, and return whether this object has it now."""
        if self._descriptor is not None:
            return True
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        """Let it go; harmless when it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def write_health(folder: LedgerFolder, health: Health) -> None:
    """Keep `health` for other processes."""
    value = {
        "state": health.state.value,
        "since": _written(health.since),
        "problem": None if health.problem is None else dict(health.problem),
        "affirmed": _written(health.affirmed),
    }
    folder.put(HEALTH_PATH, json.dumps(value, ensure_ascii=False).encode())


def read_health(folder: LedgerFolder) -> Health | None:
    """Return how the integrator fares; None where none has ever run or the file cannot be read.

    An integrator that holds no lock has stopped, whatever it wrote last.
    """
    try:
        health = _parse(json.loads(folder.read(HEALTH_PATH)))
    except (OSError, ValueError, KeyError, TypeError, LiuhenError):
        return None
    probe = Lock(folder)
    if probe.take():
        probe.release()
        return replace(health, state=IntegratorState.STOPPED)
    return health


def _parse(value: Any) -> Health:
    return Health(
        state=IntegratorState(value["state"]),
        since=_read(value["since"]),
        problem=value["problem"],
        affirmed=_read(value["affirmed"]),
    )


def _written(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)


def _read(text: str | None) -> datetime | None:
    return None if text is None else parse_time(text)
