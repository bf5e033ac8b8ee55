"""The time that a file says it was made, as the device's own wall-clock text."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["container_moment", "wall_clock"]

# MP4 defines its creation time as UTC, but recorders write their own wall clock into it. So no zone is believed.
_FORM: Final = re.compile(r"(\d{4})[-:/](\d\d)[-:/](\d\d)[T ](\d\d):(\d\d):(\d\d)")
_YEARS: Final = range(2000, 2100)  # the zero times of MP4 (1904) and Unix (1970) mean that no clock was set
_KEYS: Final = ("creation_time", "com.apple.quicktime.creationdate", "date", "timecode_date")


def wall_clock(text: str) -> str:
    """Return the time that `text` begins with as `YYYY-MM-DDTHH:MM:SS`; "" where it names none that can be meant."""
    match = _FORM.match(text.strip())
    if match is None or int(match[1]) not in _YEARS:
        return ""
    try:
        return datetime(*(int(part) for part in match.groups())).isoformat()  # type: ignore[arg-type]  # noqa: DTZ001 - six numbers; the device's own clock, whose zone nobody knows
    except ValueError:
        return ""


def container_moment(metadata: Mapping[str, str]) -> str:
    """Return the time of a container's metadata in the form of `wall_clock`; "" where it has none."""
    lower = {key.lower(): value for key, value in metadata.items()}
    parts = f"{lower.get('origination_date', '')} {lower.get('origination_time', '')}"
    candidates = [lower.get(key, "") for key in _KEYS] + [parts]
    return next((moment for moment in map(wall_clock, candidates) if moment), "")
