"""The one clock. Everything else is given the time as `at`."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Protocol

from liuhen.core.forms import cut_to_ms
from liuhen.server.kernel.errors import ClockSetBackError

__all__ = ["Clock", "MonotonicClock", "SystemClock", "now", "observe"]


class Clock(Protocol):
    """A source of trusted time."""

    def now(self) -> datetime:
        """Return the present time in UTC, cut to whole milliseconds."""
        ...


class SystemClock:
    """The operating system's clock."""

    def now(self) -> datetime:
        """Return the present time in UTC, cut to whole milliseconds."""
        return cut_to_ms(datetime.now(UTC))  # noqa: TID251 - this file is the one place that reads the wall clock


class MonotonicClock:
    """A clock that never runs backwards within this process.

    Where the clock beneath steps back, the last time stands still until it is caught up with. A step of more than
    `tolerance_s` seconds raises `ClockSetBackError`: times written from then on would not be in order with what is
    already sealed.
    """

    def __init__(self, source: Clock, *, tolerance_s: float = 60.0) -> None:
        self._source = source
        self._tolerance_s = tolerance_s
        self._lock = threading.Lock()
        self._last: datetime | None = None

    def now(self) -> datetime:
        """Return the present time, never before a time returned or observed earlier."""
        moment = self._source.now()
        with self._lock:
            if self._last is not None and moment < self._last:
                behind = (self._last - moment).total_seconds()
                if behind > self._tolerance_s:
                    raise ClockSetBackError(now=moment.isoformat(), last=self._last.isoformat(), seconds=int(behind))
                return self._last
            self._last = moment
            return moment

    def observe(self, moment: datetime) -> None:
        """Take note that `moment` has been; used at start with the newest ledger entry's time."""
        with self._lock:
            if self._last is None or moment > self._last:
                self._last = moment


_clock = MonotonicClock(SystemClock())
now = _clock.now
observe = _clock.observe
