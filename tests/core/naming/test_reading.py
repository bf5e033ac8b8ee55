from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.naming import Decoding, Grammars, MediaKind, builtin_grammars, load_grammars, read_name


@pytest.fixture(scope="module")
def grammars() -> Grammars:
    return builtin_grammars()


def test_a_chinese_body_camera_tells_device_officer_moment_and_importance(grammars: Grammars) -> None:
    reading = read_name(b"7654321_650012_20261123094210_0007_IMP.mp4", grammars)

    assert reading.values() == {
        "grammar": "device-officer-moment",
        "device_serial": "7654321",
        "officer_code": "650012",
        "started": "2026-11-23T09:42:10",
        "sequence": 7,
        "important": True,
    }
    assert reading.kind is MediaKind.VIDEO
    assert reading.decoding is Decoding.UTF8


def test_a_family_without_a_mark_says_nothing_of_importance(grammars: Grammars) -> None:
    assert read_name(b"2026_1123_094210_007.MP4", grammars).important is None


@pytest.mark.parametrize(
    "name",
    [
        "20261323_094210.mp4",
        "20260230_094210.mp4",
        "20261123_246000.mp4",
        "00001123_094210.mp4",
        "21001123_094210.mp4",
    ],
)
def test_a_moment_that_no_calendar_has_is_no_moment(name: str, grammars: Grammars) -> None:
    assert read_name(name.encode(), grammars).started is None


@pytest.mark.parametrize("name", ["19700101_000000.mp4", "20000101_000003.mp4", "20991231_235959.mp4"])
def test_a_clock_that_was_never_set_is_kept_as_written(name: str, grammars: Grammars) -> None:
    assert read_name(name.encode(), grammars).started is not None


def test_a_gb18030_name_is_read_by_the_same_grammars(grammars: Grammars) -> None:
    reading = read_name("日常检查_20261123094210_0007_重要.mp4".encode("gb18030"), grammars)

    assert reading.decoding is Decoding.GB18030
    assert reading.started == "2026-11-23T09:42:10"
    assert reading.important is True


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"\xff\xfe_20261123_094210.mp4", MediaKind.VIDEO),
        (b"noise.bin", MediaKind.UNKNOWN),
        (b"", MediaKind.UNKNOWN),
        (b".mp4", MediaKind.VIDEO),
        (b"mp4", MediaKind.UNKNOWN),
        (b"a.mp4\n", MediaKind.VIDEO),
        (b"a.\xe4\xb8\xad", MediaKind.UNKNOWN),
        (b"../../etc/passwd.mp4", MediaKind.VIDEO),
        (b"x" * 251 + b".mp4", MediaKind.VIDEO),
    ],
    ids=["undecodable", "no-media", "empty", "only-ext", "no-dot", "newline", "han-ext", "dots", "255-bytes"],
)
def test_a_name_that_no_grammar_reads_still_has_a_reading(raw: bytes, kind: MediaKind, grammars: Grammars) -> None:
    reading = read_name(raw, grammars)

    assert (reading.raw, reading.kind, reading.grammar, reading.values()) == (raw, kind, None, {})


def test_a_word_in_the_place_of_a_number_is_no_device(grammars: Grammars) -> None:
    assert read_name(b"TRAFFIC_20261123_094210.mp4", grammars).device_serial is None


def test_a_grammar_reads_only_the_kinds_that_it_names() -> None:
    table = b"""
version = 1
kinds = { video = ["mp4"], audio = ["wav"] }
[[grammar]]
id = "voice"
description = "voice"
kinds = ["audio"]
patterns = ["R{sequence:digits:3}"]
example = [{ name = "R007.wav", sequence = 7 }]
"""
    grammars = load_grammars(table, file="voice.toml")

    assert read_name(b"R007.wav", grammars).sequence == 7
    assert read_name(b"R007.mp4", grammars).sequence is None
    assert read_name(b"R007", grammars).sequence == 7


@given(st.binary(max_size=300))
def test_reading_never_fails_and_keeps_the_bytes(raw: bytes) -> None:
    assert read_name(raw, builtin_grammars()).raw == raw


@given(
    serial=st.from_regex(r"[0-9]{7}", fullmatch=True),
    officer=st.from_regex(r"[0-9]{6}", fullmatch=True),
    moment=st.datetimes(min_value=dt.datetime(1970, 1, 1)),  # noqa: DTZ001 - a device clock has no zone
    sequence=st.integers(0, 9999),
    important=st.booleans(),
)
def test_every_value_written_into_a_name_is_read_back(
    serial: str, officer: str, moment: dt.datetime, sequence: int, *, important: bool
) -> None:
    moment = moment.replace(microsecond=0, year=min(moment.year, 2099), day=min(moment.day, 28))
    mark = "_IMP" if important else ""
    name = f"{serial}_{officer}_{moment:%Y%m%d%H%M%S}_{sequence:04d}{mark}.mp4"

    reading = read_name(name.encode(), builtin_grammars())

    assert reading.device_serial == serial
    assert reading.officer_code == officer
    assert reading.started == moment.isoformat()
    assert reading.sequence == sequence
    assert reading.important is important
