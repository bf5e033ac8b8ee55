"""Times, sizes, durations and digests in the forms that officials write.

Times are shown in the agency's time zone as 2026-11-23 16:05:09, durations as 1:23:45, sizes in GB (10^9 bytes) with
one decimal and smaller ones in MB, digests in groups of eight.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from django.utils import timezone
from django.utils.translation import gettext

from liuhen.core.forms import cut_to_ms, format_time
from liuhen.core.sizes import size_text
from liuhen.server.intake.interfaces import FileProgress

if TYPE_CHECKING:
    from liuhen.server.intake.interfaces import CollectionSummary

__all__ = [
    "clock_error",
    "day_of",
    "device_time",
    "digest",
    "duration",
    "exact_moment",
    "grouped",
    "moment",
    "short_digest",
    "size",
    "speed",
    "time_left",
    "time_of",
    "utc_text",
    "weekday",
]

_NARROW: Final = "\u202f"
_NOTHING: Final = "–"


def moment(value: datetime | None) -> str:
    """Return a time as `2026-11-23 16:05:09`."""
    return _NOTHING if value is None else f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"


def exact_moment(value: datetime | None) -> str:
    """Return a time as `2026-11-23 16:05:08.6`, with tenths of a second where there are any."""
    if value is None:
        return _NOTHING
    tenths = value.microsecond // 100_000
    return moment(value) + (f".{tenths}" if tenths else "")


def day_of(value: datetime | None) -> str:
    """Return a time's day as `2026-11-23`."""
    return _NOTHING if value is None else f"{timezone.localtime(value):%Y-%m-%d}"


def time_of(value: datetime | None) -> str:
    """Return a time's time of day as `16:05:09`."""
    return _NOTHING if value is None else f"{timezone.localtime(value):%H:%M:%S}"


def weekday(value: date) -> str:
    """Return the day of the week in words."""
    names = (
        gettext("Monday"),
        gettext("Tuesday"),
        gettext("Wednesday"),
        gettext("Thursday"),
        gettext("Friday"),
        gettext("Saturday"),
        gettext("Sunday"),
    )
    return names[value.weekday()]


def utc_text(value: datetime) -> str:
    """Return a time as the ledger writes it, in UTC."""
    return format_time(cut_to_ms(value.astimezone(UTC)))


def device_time(value: str) -> str:
    """Return a device's wall-clock text as it is written, with a space in place of the T."""
    return value.replace("T", " ") if value else _NOTHING


def duration(milliseconds: int | None) -> str:
    """Return a duration as `1:23:45`, below an hour as `19:23`."""
    if milliseconds is None:
        return _NOTHING
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def size(count: float | None) -> str:
    """Return a size with its unit; a dash where there is none."""
    return _NOTHING if count is None else size_text(count)


def speed(rate: float) -> str:
    """Return a speed in bytes per second with its unit; a dash when nothing moves."""
    return f"{size(rate)}/s" if rate else _NOTHING


def time_left(moving: CollectionSummary | FileProgress) -> str:
    """Return how long a file or a collection still takes at its present speed; a dash when nothing moves."""
    if moving.rate <= 0:
        return _NOTHING
    total = moving.length if isinstance(moving, FileProgress) else moving.bytes
    return duration(round((total - moving.received) / moving.rate * 1000))


def grouped(number: int | None) -> str:
    """Return a whole number in groups of three digits."""
    return _NOTHING if number is None else f"{number:,}".replace(",", _NARROW)


def digest(text: str | None) -> str:
    """Return a digest in groups of eight digits."""
    return " ".join(text[i : i + 8] for i in range(0, len(text), 8)) if text else _NOTHING


def short_digest(text: str) -> str:
    """Return the first eight digits of a digest in two groups."""
    return f"{text[:4]} {text[4:8]}…"


def clock_error(milliseconds: int | None) -> str:
    """Return how far a device's clock is fast or slow, in seconds below a minute."""
    if milliseconds is None:
        return gettext("not known")
    seconds = abs(milliseconds) / 1000
    if seconds < 0.05:  # noqa: PLR2004 - one decimal would show it as nothing
        return gettext("right to 0.1 s")
    if seconds < 60:  # noqa: PLR2004 - a minute
        amount = gettext("%(seconds)s s") % {"seconds": f"{seconds:.1f}".removesuffix(".0")}
    else:
        amount = duration(abs(milliseconds))
    text = gettext("%(amount)s fast") if milliseconds > 0 else gettext("%(amount)s slow")
    return text % {"amount": amount}
