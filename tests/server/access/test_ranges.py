"""Which bytes a request for a range is given (RFC 9110 section 14)."""

from __future__ import annotations

import pytest

from liuhen.server.access.errors import RangeRefusedError
from liuhen.server.access.ranges import span_of

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-99", 0, 100),
        ("bytes=10-19", 10, 20),
        ("bytes=90-", 90, 100),
        ("bytes=90-1000000", 90, 100),
        ("bytes=-1", 99, 100),
        ("bytes=-1000", 0, 100),
        ("Bytes = 5-6 ", 5, 7),
    ],
)
def test_a_range_is_given_as_asked_and_cut_at_the_end(asked: str, start: int, end: int) -> None:
    span = span_of(size=100, asked=asked, if_range=None, etag=ETAG)
    assert (span.start, span.end, span.partial) == (start, end, True)
    assert span.content_range == f"bytes {start}-{end - 1}/100"
    assert span.length == end - start


@pytest.mark.parametrize(
    "asked",
    ["bytes=", "bytes=-", "bytes=a-b", "bytes=1-2,4-5", "bytes=9-3", "bytes=100-", "bytes=-0", "bytes=1", "bytes=--1",
     "bytes=" + "9" * 19 + "-"],
)  # fmt: skip
def test_a_malformed_or_impossible_range_is_refused(asked: str) -> None:
    with pytest.raises(RangeRefusedError):
        span_of(size=100, asked=asked, if_range=None, etag=ETAG)


@pytest.mark.parametrize(("asked", "if_range"), [(None, None), ("lines=1-2", None), ("bytes=0-1", '"other"')])
def test_without_a_range_that_counts_all_is_given(asked: str | None, if_range: str | None) -> None:
    span = span_of(size=100, asked=asked, if_range=if_range, etag=ETAG)
    assert (span.start, span.end, span.partial) == (0, 100, False)


def test_a_range_counts_while_the_content_is_the_one_named() -> None:
    assert span_of(size=100, asked="bytes=0-1", if_range=f" {ETAG} ", etag=ETAG).partial


def test_nothing_of_an_empty_object_can_be_asked_for() -> None:
    assert span_of(size=0, asked=None, if_range=None, etag=ETAG).length == 0
    with pytest.raises(RangeRefusedError):
        span_of(size=0, asked="bytes=0-", if_range=None, etag=ETAG)
