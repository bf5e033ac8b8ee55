"""Waiting for what another thread or process is to bring about."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["wait_for"]


def wait_for[T](question: Callable[[], T], *, until: Callable[[T], bool] = bool, seconds: float = 60.0) -> T:
    """Ask until the answer fits, and return it; fail once the time is over."""
    end = time.monotonic() + seconds
    while not until(answer := question()):
        assert time.monotonic() < end, f"still {answer!r} after {seconds} s"
        time.sleep(0.01)
    return answer
