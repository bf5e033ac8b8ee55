"""Time at the station: what time it is, and how wrong the device's clock is.

The server's time is the trusted one. Between two answers of the server the station counts with its monotonic clock,
so a wall clock that somebody sets back or forward during a collection changes nothing.
"""

from __future__ import annotations

import datetime as dt
import re
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from liuhen.collector.errors import DeviceTimeInvalidError
from liuhen.core.forms import cut_to_ms, format_time

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ClockError",
    "ClockMethod",
    "ServerTime",
    "StationClock",
    "device_time_of",
    "estimated_by",
    "estimated_error",
    "measured_error",
    "parse_device_time",
    "unknown_error",
]

_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_DEVICE_TIME: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(\.\d{1,3})?)?", re.ASCII)
# A device whose newest recording is older than the hand-in term (article 13) has simply been idle.
_TELLING_AGE: Final = dt.timedelta(hours=24)


class ClockMethod(StrEnum):
    """How the error of a device's clock was found."""

    DECLARED = "declared"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ClockError:
    """How wrong a device's clock is.

    Attributes:
        method: declared (read off the device and compared with trusted time), estimated, or unknown.
        error_ms: device time minus true time in milliseconds.
        measured: when, in true time.
        uncertainty_ms: half width of the interval that holds the error; None where nothing bounds it.
    """

    method: ClockMethod
    error_ms: int | None
    measured: dt.datetime | None
    uncertainty_ms: int | None

    def as_json(self) -> dict[str, Any]:
        """Return the object of the intake protocol."""
        return {
            "method": self.method.value,
            "error_ms": self.error_ms,
            "measured": None if self.measured is None else format_time(self.measured),
            "uncertainty_ms": self.uncertainty_ms,
        }


@dataclass(frozen=True, slots=True)
class ServerTime:
    """The server's time, and when the question left and the answer came, in nanoseconds of the monotonic clock."""

    time: dt.datetime
    asked_ns: int
    answered_ns: int

    @property
    def middle_ns(self) -> int:
        """The monotonic moment that `time` is taken to be of."""
        return (self.asked_ns + self.answered_ns) // 2

    def time_at(self, monotonic_ns: int) -> dt.datetime:
        """Return the true time of a monotonic moment, cut to whole milliseconds."""
        return cut_to_ms(self.time + dt.timedelta(microseconds=(monotonic_ns - self.middle_ns) // 1000))

    @property
    def uncertainty_ms(self) -> int:
        """Half the round trip, rounded up to whole milliseconds."""
        return -(-(self.answered_ns - self.asked_ns) // (2 * _NS_PER_MS))


class StationClock:
    """The one clock of the collector: the server's time once it is known, the computer's until then."""

    def __init__(
        self, wall_ns: Callable[[], int] = time.time_ns, monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._wall_ns = wall_ns
        self._monotonic_ns = monotonic_ns
        self._anchor: ServerTime | None = None

    def trust(self, answer: ServerTime) -> None:
        """Count from the server's answer on."""
        self._anchor = answer

    @property
    def trusted(self) -> ServerTime | None:
        """The server's answer that `now` counts from, or None while it is the computer's own clock."""
        return self._anchor

    def monotonic_ns(self) -> int:
        """Return the monotonic clock in nanoseconds."""
        return self._monotonic_ns()

    def now(self) -> dt.datetime:
        """Return the time in UTC, cut to whole milliseconds."""
        if self._anchor is None:
            return cut_to_ms(dt.datetime.fromtimestamp(self._wall_ns() / 1e9, dt.UTC))
        return self._anchor.time_at(self._monotonic_ns())


def device_time_of(mtime_ns: int) -> str | None:
    """Return a file's time as the wall-clock text the device wrote, whole seconds; None where no calendar has it.

    FAT stores local time; the system turned it into UTC by this station's zone, and this turns it back.
    """
    try:
        local = dt.datetime.fromtimestamp(mtime_ns // _NS_PER_S)  # noqa: DTZ006 - back to local on purpose
    except (ValueError, OverflowError, OSError):
        return None
    return local.isoformat()


def parse_device_time(text: str) -> tuple[dt.datetime, int]:
    """Return the moment that a device shows as `text`, in this station's zone, and its resolution in ms.

    Raises:
        DeviceTimeInvalidError: the text is not `2026-11-23T09:42:10`, or no calendar has it.
    """
    found = _DEVICE_TIME.fullmatch(text.strip())
    if found is None:
        raise DeviceTimeInvalidError(text=text)
    try:
        shown = dt.datetime.fromisoformat(found[0]).astimezone()
    except (ValueError, OverflowError) as error:
        raise DeviceTimeInvalidError(text=text) from error
    if found[6] is None:
        return shown, 60_000
    return shown, 1000 if found[7] is None else 10 ** (4 - len(found[7]))


def measured_error(shown: tuple[dt.datetime, int], at_ns: int, server: ServerTime) -> ClockError:
    """Return the error of a clock that showed `shown` at the monotonic moment `at_ns`, by the server's time.

    The uncertainty is half the server's round trip, and what the display leaves open: a clock that shows whole
    seconds may be up to one further on.
    """
    moment, resolution_ms = shown
    true = server.time_at(at_ns)
    return ClockError(
        method=ClockMethod.DECLARED,
        error_ms=round((moment - true) / dt.timedelta(milliseconds=1)),
        measured=true,
        uncertainty_ms=server.uncertainty_ms + resolution_ms,
    )


def estimated_error(newest_mtime_ns: int, now: dt.datetime) -> ClockError:
    """Estimate the error from the newest file: it can hardly be younger than now, nor much older at docking.

    Nothing bounds such an estimate, so it has no uncertainty; a device idle for over a day tells nothing.
    """
    error = dt.timedelta(microseconds=newest_mtime_ns // 1000) - (now - _EPOCH)
    if error < -_TELLING_AGE:
        return unknown_error()
    return ClockError(ClockMethod.ESTIMATED, round(error / dt.timedelta(milliseconds=1)), now, None)


def estimated_by(shown: dt.datetime, now: dt.datetime) -> ClockError:
    """Return the error of a clock that showed `shown` when the station's own, which nobody vouches for, said `now`."""
    return ClockError(ClockMethod.ESTIMATED, round((shown - now) / dt.timedelta(milliseconds=1)), now, None)


def unknown_error() -> ClockError:
    """Return the error of a clock that nothing is known about."""
    return ClockError(ClockMethod.UNKNOWN, None, None, None)
