"""Byte ranges of HTTP (RFC 9110 section 14): one range a request, explicit or suffix."""

from __future__ import annotations

import re
from dataclasses import dataclass

from liuhen.server.access.errors import RangeRefusedError

__all__ = ["Span", "span_of"]

_bytes_unit = re.compile(r"\s*bytes\s*=(.*)", re.IGNORECASE | re.DOTALL).fullmatch
_one_range = re.compile(r"[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*").fullmatch


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end` (exclusive) of an object of `size` bytes; `partial` where a range was asked for."""

    start: int
    end: int
    size: int
    partial: bool

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start

    @property
    def content_range(self) -> str:
        """The value of the `Content-Range` field."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


def span_of(*, size: int, asked: str | None, if_range: str | None, etag: str) -> Span:
    """Return what a GET with these `Range` and `If-Range` fields is to be given of `size` bytes tagged `etag`.

    A unit other than bytes is ignored, as section 14.2 demands; so is the range when `If-Range` names other content.
    Several ranges and malformed ones are refused, as that section allows, so that no request is given more than it
    asked for.

    Raises:
        RangeRefusedError: the range cannot be satisfied.
    """
    whole = Span(start=0, end=size, size=size, partial=False)
    unit = _bytes_unit(asked) if asked is not None else None
    if unit is None or (if_range is not None and if_range.strip() != etag):
        return whole
    match = _one_range(unit[1])
    if match is None or match[1] == match[2] == "":
        raise RangeRefusedError(range=unit[1].strip()[:60], size=size)
    first, last = match[1], match[2]
    if first == "":
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), size if last == "" else min(int(last) + 1, size)
    if start >= end or (first and last and int(last) < int(first)):
        raise RangeRefusedError(range=unit[1].strip()[:60], size=size)
    return Span(start=start, end=end, size=size, partial=True)
