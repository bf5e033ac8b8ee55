"""The written forms that all our formats share: times, UUIDs, digests, Base64. Each value has one spelling.

A reader that took other spellings too would let an altered text pass for the original.
"""

from __future__ import annotations

import base64
import binascii
import re
from datetime import UTC, datetime
from typing import Final, TypeGuard

__all__ = ["UUID_FORM", "cut_to_ms", "decode_base64", "format_time", "is_digest", "is_uuid", "parse_time"]

UUID_FORM: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
"""A regular expression of a UUID in lower case with hyphens; such a text is safe as a file name."""

_uuid = re.compile(UUID_FORM).fullmatch
_digest = re.compile(r"[0-9a-f]{64}").fullmatch
_time = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}\.[0-9]{3}Z").fullmatch


def is_uuid(value: object) -> TypeGuard[str]:
    """Say whether `value` is a text of the form `UUID_FORM`."""
    return isinstance(value, str) and _uuid(value) is not None


def is_digest(value: object) -> TypeGuard[str]:
    """Say whether `value` is a text of 64 lower-case hex digits, the form of SHA-256 and SM3."""
    return isinstance(value, str) and _digest(value) is not None


def decode_base64(text: str) -> bytes | None:
    """Return the bytes that RFC 4648 section 4 encodes as exactly `text`, None if there are none.

    Unlike most decoders it refuses other spellings of the same bytes.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if base64.b64encode(data).decode() == text else None


def cut_to_ms(moment: datetime) -> datetime:
    """Return `moment` cut to whole milliseconds."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def format_time(moment: datetime) -> str:
    """Return `moment` as `YYYY-MM-DDTHH:MM:SS.mmmZ`.

    Raises:
        ValueError: `moment` is not in UTC or not in whole milliseconds.
    """
    if moment.tzinfo is not UTC:
        raise ValueError("a time is written in datetime.UTC")
    if moment.microsecond % 1000:
        raise ValueError("a time is written in whole milliseconds")
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def parse_time(text: str) -> datetime:
    """Return the time that `format_time` writes as `text`.

    Raises:
        ValueError: `text` has another form or names no time that exists.
    """
    if _time(text) is None:
        raise ValueError(f"{text!r} is no time of the form 2026-11-23T08:00:00.000Z")
    return datetime.fromisoformat(text)
