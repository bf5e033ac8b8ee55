from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.canonical import canonical
from liuhen.server.vault.adapters._record import DefectError, Note, Record, term, whole

ADDRESS = "a" * 64
GOOD: dict[str, Any] = {
    "v": 1,
    "sha256": ADDRESS,
    "size": 3,
    "sealed_at": "2026-11-23T08:00:00.000Z",
    "retain_until": "2027-11-23T08:00:00.000Z",
    "holds": ["case/1", "case/2"],
}
times = st.datetimes(datetime(1970, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


def test_a_record_is_read_as_it_was_written() -> None:
    record = Record.decode(canonical(GOOD), ADDRESS)
    assert record.size == 3
    assert record.sealed_at == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert record.retain_until == datetime(2027, 11, 23, 8, tzinfo=UTC)
    assert record.holds == {"case/1", "case/2"}
    assert record.encode() == canonical(GOOD)


@pytest.mark.parametrize(
    "wrong",
    [
        {"v": 2},
        {"v": True},
        {"sha256": "b" * 64},
        {"sha256": "A" * 64},
        {"sha256": 1},
        {"size": -1},
        {"size": True},
        {"size": "3"},
        {"sealed_at": "2026-11-23"},
        {"sealed_at": 0},
        {"retain_until": "2026-13-23T08:00:00.000Z"},
        {"holds": ["case/2", "case/1"]},
        {"holds": ["case/1", "case/1"]},
        {"holds": ["no name"]},
        {"holds": None},
        {"more": 1},
    ],
    ids=lambda wrong: "-".join(f"{key}={value}" for key, value in wrong.items()),
)
def test_a_record_that_is_not_exactly_right_is_not_believed(wrong: dict[str, Any]) -> None:
    with pytest.raises(DefectError):
        Record.decode(canonical(GOOD | wrong), ADDRESS)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", canonical(GOOD)[:-1], canonical(GOOD) + b"\n", b"\xff"])
def test_what_is_not_a_record_is_not_believed(data: bytes) -> None:
    with pytest.raises(DefectError):
        Record.decode(data, ADDRESS)


@pytest.mark.parametrize(
    "content",
    [
        {"v": 1, "sha256": ADDRESS},
        {"v": True, "sha256": ADDRESS, "size": 1},
        {"v": 1, "sha256": "x", "size": 1},
        {"v": 1, "sha256": ADDRESS, "size": None},
    ],
    ids=["short", "version", "address", "size"],
)
def test_a_note_that_is_not_exactly_right_is_not_believed(content: dict[str, Any]) -> None:
    note = Note(sha256=ADDRESS, size=1)
    assert Note.decode(note.encode()) == note
    with pytest.raises(DefectError):
        Note.decode(canonical(content))


@given(moment=times)
def test_a_term_is_never_shortened_by_being_stored_and_a_time_never_lengthened(moment: datetime) -> None:
    assert timedelta() <= term(moment) - moment < timedelta(milliseconds=1)
    assert timedelta() <= moment - whole(moment) < timedelta(milliseconds=1)


@given(
    size=st.integers(0, 2**53 - 1),
    sealed_at=times.map(whole),
    until=times.map(term),
    later=times.map(term),
    names=st.frozensets(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:/-]{0,20}\Z")),
)
def test_every_record_survives_writing_and_its_term_only_grows(
    size: int, sealed_at: datetime, until: datetime, later: datetime, names: frozenset[str]
) -> None:
    record = Record(sha256=ADDRESS, size=size, sealed_at=sealed_at, retain_until=until, holds=names)
    assert Record.decode(record.encode(), ADDRESS) == record
    assert record.extended(later).retain_until == max(until, later)
    assert record.held("h").released("h").holds == names - {"h"}
