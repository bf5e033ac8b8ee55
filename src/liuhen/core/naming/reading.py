"""Reading a name: from raw bytes and a table of grammars to what the name says."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from liuhen.core.naming.text import Decoding, decode_name, visible
from liuhen.core.naming.types import MediaKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liuhen.core.naming.types import Grammar, Grammars

__all__ = ["NameReading", "read_name"]

# Device clocks start at 1970, 1980 or 2000 when their battery was empty; a year outside is not a year.
_YEARS: Final = range(1970, 2100)


@dataclass(frozen=True, slots=True)
class NameReading:
    """What a name says; a value that it does not tell is None.

    Attributes:
        raw: the bytes as the device wrote them.
        decoding: the encoding that reads them.
        shown: the name as one safe line of text (`visible`).
        kind: what the extension claims.
        grammar: id of the grammar that matched.
        device_serial: the device's number.
        officer_code: the officer's or certificate number.
        started: device time without a zone, `2026-11-23T09:42:10`.
        sequence: the device's counter.
        important: whether the device marked the recording; None where the family has no such mark.
    """

    raw: bytes
    decoding: Decoding
    shown: str
    kind: MediaKind
    grammar: str | None = None
    device_serial: str | None = None
    officer_code: str | None = None
    started: str | None = None
    sequence: int | None = None
    important: bool | None = None

    def values(self) -> dict[str, str | int | bool]:
        """Return the values that the name tells, by the names of the intake protocol's facts."""
        told: dict[str, str | int | bool | None] = {
            "grammar": self.grammar,
            "device_serial": self.device_serial,
            "officer_code": self.officer_code,
            "started": self.started,
            "sequence": self.sequence,
            "important": self.important,
        }
        return {name: value for name, value in told.items() if value is not None}


def read_name(raw: bytes, grammars: Grammars) -> NameReading:
    """Read the raw bytes of one file name (no folder) by the first of `grammars` that matches.

    Never fails: a name that no grammar or no encoding reads has a reading that says so.
    Time is linear in the name's length for each grammar.
    """
    text, decoding = decode_name(raw)
    kind = grammars.kind_of(raw)
    reading = NameReading(raw=raw, decoding=decoding, shown=visible(text), kind=kind)
    if decoding is Decoding.UNDECODABLE:
        return reading
    stem = text.rpartition(".")[0] if "." in text else text
    for grammar in grammars.entries:
        if kind is MediaKind.UNKNOWN or kind in grammar.kinds:
            found = _read_by(grammar, stem)
            if found is not None:
                return _told(reading, grammar, found)
    return reading


def _told(reading: NameReading, grammar: Grammar, found: Mapping[str, str]) -> NameReading:
    sequence = found.get("sequence")
    return replace(
        reading,
        grammar=grammar.id,
        device_serial=found.get("device_serial"),
        officer_code=found.get("officer_code"),
        started=found.get("started"),
        sequence=None if sequence is None else int(sequence),
        important=("important" in found) if grammar.flags else None,
    )


def _read_by(grammar: Grammar, stem: str) -> dict[str, str] | None:
    for pattern in grammar.patterns:
        found = pattern.match(stem)
        if found is None or not _is_code(found.get("device_serial")) or not _is_code(found.get("officer_code")):
            continue
        if not pattern.tells_moment:
            return found
        started = _moment(found)
        if started is not None:
            return {**found, "started": started}
    return None


def _is_code(text: str | None) -> bool:
    """Say whether `text` may be a device's or person's number: words such as EVENT or VIDEO hold no digit."""
    return text is None or any(map(str.isdigit, text))


def _moment(found: Mapping[str, str]) -> str | None:
    """Return the moment told by the date and time fields, or None when the calendar has no such moment."""
    date = found.get("date") or f"{found.get('year') or '20' + found['yy']}{found['month']}{found['day']}"
    time = found.get("time") or f"{found['hour']}{found['minute']}{found['second']}"
    try:
        moment = dt.datetime.strptime(date + time, "%Y%m%d%H%M%S")  # noqa: DTZ007 - a device's clock has no zone
    except ValueError:
        return None
    return moment.isoformat() if moment.year in _YEARS else None
