"""The record of an object's term and holds, and the note that a seal leaves in the staging area. Pure.

Both are canonical JSON (RFC 8785) and are read strictly: of a record that is not exactly what the store writes,
nothing is believed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from liuhen.core.canonical import CanonicalError, canonical, parse_canonical
from liuhen.core.forms import cut_to_ms, format_time, parse_time
from liuhen.server.vault.adapters._layout import check_address, check_hold

__all__ = ["DefectError", "Note", "Record", "term", "whole"]

_VERSION = 1
_RECORD_KEYS = {"v", "sha256", "size", "sealed_at", "retain_until", "holds"}
_NOTE_KEYS = {"v", "sha256", "size"}


class DefectError(Exception):
    """The bytes are not a record or note; the message says why. Never leaves the adapter."""


def whole(moment: datetime) -> datetime:
    """Return `moment` in UTC, cut to whole milliseconds.

    Raises:
        ValueError: it has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time needs its zone")
    return cut_to_ms(moment.astimezone(UTC))


def term(moment: datetime) -> datetime:
    """Return `moment` in UTC, rounded up to whole milliseconds: no term becomes shorter by being stored.

    Raises:
        ValueError: it has no zone.
    """
    cut = whole(moment)
    return cut if cut == moment else cut + timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What is kept beside an object."""

    sha256: str
    size: int
    sealed_at: datetime
    retain_until: datetime
    holds: frozenset[str] = frozenset()

    def extended(self, until: datetime) -> Record:
        """Return the record with a term that lasts at least to `until`."""
        return replace(self, retain_until=max(self.retain_until, until))

    def held(self, name: str) -> Record:
        """Return the record with the hold `name`."""
        return replace(self, holds=self.holds | {name})

    def released(self, name: str) -> Record:
        """Return the record without the hold `name`."""
        return replace(self, holds=self.holds - {name})

    def encode(self) -> bytes:
        """Return the record's bytes."""
        return canonical(
            {
                "v": _VERSION,
                "sha256": self.sha256,
                "size": self.size,
                "sealed_at": format_time(self.sealed_at),
                "retain_until": format_time(self.retain_until),
                "holds": sorted(self.holds),
            }
        )

    @classmethod
    def decode(cls, data: bytes, sha256: str) -> Self:
        """Return the record of `sha256` that `encode` wrote as `data`.

        Raises:
            DefectError: it did not.
        """
        content = _parse(data, _RECORD_KEYS)
        try:
            record = cls(
                sha256=check_address(content["sha256"]),
                size=_size(content["size"]),
                sealed_at=parse_time(content["sealed_at"]),
                retain_until=parse_time(content["retain_until"]),
                holds=frozenset(check_hold(name) for name in content["holds"]),
            )
        except (TypeError, ValueError) as error:
            raise DefectError(str(error)) from error
        if record.sha256 != sha256:
            raise DefectError(f"it speaks of {record.sha256}")
        if record.encode() != data:
            raise DefectError("not written by this store")
        return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Which object the data of a staging area became, written before it does."""

    sha256: str
    size: int

    def encode(self) -> bytes:
        """Return the note's bytes."""
        return canonical({"v": _VERSION, "sha256": self.sha256, "size": self.size})

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Return the note that `encode` wrote as `data`.

        Raises:
            DefectError: it did not.
        """
        content = _parse(data, _NOTE_KEYS)
        try:
            note = cls(sha256=check_address(content["sha256"]), size=_size(content["size"]))
        except (TypeError, ValueError) as error:
            raise DefectError(str(error)) from error
        if note.encode() != data:
            raise DefectError("not written by this store")
        return note


def _parse(data: bytes, keys: set[str]) -> dict[str, Any]:
    try:
        content = parse_canonical(data)
    except CanonicalError as error:
        raise DefectError(str(error)) from error
    if not isinstance(content, dict) or content.keys() != keys or content["v"] != _VERSION:
        raise DefectError("not of the form of version 1")
    return content


def _size(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("a size is a whole number of bytes")
    return value
