"""Times, UUIDs, digests and Base64: one spelling each, and no other is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.forms import cut_to_ms, decode_base64, format_time, is_digest, is_uuid, parse_time

if TYPE_CHECKING:
    import uuid

_times = st.datetimes(timezones=st.just(UTC)).map(cut_to_ms)


@given(_times)
def test_a_time_is_read_back(moment: datetime) -> None:
    assert parse_time(format_time(moment)) == moment
    assert parse_time(format_time(moment)).tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23 08:00:00.000Z",
        "2026-11-23T08:00:00.000z",
        "2026-11-23T08:00:00.0000Z",
        "2026-11-23T08:00:60.000Z",
        "2026-11-23T24:00:00.000Z",
        "2026-02-29T08:00:00.000Z",
        "0000-01-01T00:00:00.000Z",
        "2026-11-23T08:00:00.000Z\n",
        "٢٠٢٦-11-23T08:00:00.000Z",
    ],
)
def test_a_time_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        parse_time(text)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 23),  # noqa: DTZ001 - the missing zone is the point
        datetime(2026, 11, 23, tzinfo=timezone(timedelta(hours=8))),
        datetime(2026, 11, 23, microsecond=1, tzinfo=UTC),
    ],
    ids=["naive", "beijing", "microsecond"],
)
def test_only_whole_milliseconds_in_utc_are_formatted(moment: datetime) -> None:
    with pytest.raises(ValueError, match="a time is written"):
        format_time(moment)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_cut_to_milliseconds_can_be_written(moment: datetime) -> None:
    assert timedelta(0) <= moment - cut_to_ms(moment) < timedelta(milliseconds=1)
    assert parse_time(format_time(cut_to_ms(moment))) == cut_to_ms(moment)


@given(st.uuids())
def test_a_uuid_has_one_form(value: uuid.UUID) -> None:
    text = str(value)
    assert is_uuid(text)
    others = (text.replace("-", ""), f"{{{text}}}", f"{text}\n", "", value, None)
    assert not any(map(is_uuid, others))
    assert is_uuid(text.upper()) is (text.upper() == text)


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_has_one_form(value: bytes) -> None:
    text = value.hex()
    assert is_digest(text)
    assert not any(map(is_digest, (text[:-1], f"{text}0", f"{text}\n", value, None, "g" * 64)))


@pytest.mark.parametrize("text", ["YQ", "YR==", "YQ==\n", " YQ==", "YQ=", "YQ===", "Y Q==", "_-A=", "中文"], ids=ascii)
def test_only_one_spelling_of_base64_is_read(text: str) -> None:
    assert decode_base64(text) is None
    assert decode_base64("YQ==") == b"a"
    assert decode_base64("") == b""
