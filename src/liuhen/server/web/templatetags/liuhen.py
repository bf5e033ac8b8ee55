"""How pages write times, durations, sizes, digests and codes (ui.md, "Taste")."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _

from liuhen.server.web import words

if TYPE_CHECKING:
    from collections.abc import Iterable

register = template.Library()

_KB: Final = 1000
_MINUTE_MS: Final = 60_000


@register.filter
def moment(value: datetime | None) -> str:
    """Write a time as 2026-11-23 16:05:09 in the agency's time zone; a dash for none."""
    return "–" if value is None else timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S")


@register.filter
def clock_time(value: datetime | None) -> str:
    """Write only the time of day, as 16:05:09."""
    return "–" if value is None else timezone.localtime(value).strftime("%H:%M:%S")


@register.filter
def device_time(value: str) -> str:
    """Write a device's wall-clock text as it stands, with a blank for the T."""
    return value.replace("T", " ") or "–"


@register.filter
def duration(milliseconds: int | None) -> str:
    """Write a duration as 1:23:45 or 19:23; a dash for none."""
    if milliseconds is None:
        return "–"
    seconds = round(milliseconds / 1000)
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


@register.filter
def size(count: int | None) -> str:
    """Write a size with one decimal: 1.4 GB, 38.2 MB, 12.0 kB."""
    if count is None:
        return "–"
    if count < _KB:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB"):
        value /= _KB
        if value < _KB or unit == "GB":
            return f"{value:.1f} {unit}"
    raise AssertionError("unreachable")


@register.filter
def grouped(digest: str) -> str:
    """Write a digest in groups of eight."""
    return " ".join(digest[at : at + 8] for at in range(0, len(digest), 8))


@register.filter
def clock_error(milliseconds: int | None) -> str:
    """Write a clock error: 1.4 s fast, 41.0 s slow."""
    if milliseconds is None:
        return _("not measured")
    text = f"{abs(milliseconds) / 1000:.1f}"
    if abs(milliseconds) >= _MINUTE_MS * 10:
        text = duration(abs(milliseconds))
    if milliseconds > 0:
        return _("%(seconds)s s fast") % {"seconds": text}
    return _("%(seconds)s s slow") % {"seconds": text} if milliseconds < 0 else _("exact")


@register.filter
def word(code: str, group: str) -> str:
    """Return the word for a code of a group."""
    return words.word(group, code)


@register.filter
def state_mark(state: str) -> str:
    """Return the mark that goes with a recording's state."""
    return words.mark_of_state(state)


@register.simple_tag
def article(*numbers: int) -> str:
    """Cite articles of the rule."""
    return words.articles(tuple(numbers))


@register.filter
def cited(numbers: Iterable[int]) -> str:
    """Cite articles of the rule."""
    return words.articles(tuple(numbers))
