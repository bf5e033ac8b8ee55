"""How writers wake the integrator, and how it tells those who wait that it has come further; within one process.

Events of other processes are found by polling; nothing depends on this module but the wait being short.
"""

from __future__ import annotations

import threading

__all__ = ["advance", "progress", "ring", "wait_bell", "wait_progress"]

_bell = threading.Event()
_further = threading.Condition()
_steps = 0


def ring() -> None:
    """Wake the integrator; called after a commit."""
    _bell.set()


def wait_bell(seconds: float) -> None:
    """Wait until `ring` was called since the last wait, or `seconds` have passed."""
    _bell.wait(seconds)
    _bell.clear()


def progress() -> int:
    """Return how many batches this process's integrator has ended."""
    return _steps


def advance() -> None:
    """Tell those who wait that one more batch has ended."""
    global _steps  # noqa: PLW0603 - one integrator a process
    with _further:
        _steps += 1
        _further.notify_all()


def wait_progress(seen: int, seconds: float) -> None:
    """Wait until more than `seen` batches have ended, or `seconds` have passed."""
    with _further:
        _further.wait_for(lambda: _steps > seen, seconds)
