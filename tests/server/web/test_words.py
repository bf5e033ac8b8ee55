"""The words of the pages: complete for every code, translated, and in the forms that officials write."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from tools import i18n

if TYPE_CHECKING:
    from enum import StrEnum

from liuhen.collector.report.words import REASONS
from liuhen.collector.source.search import SkipReason
from liuhen.core.events import EventType
from liuhen.core.sizes import size_text
from liuhen.server.accounts.roles import Role
from liuhen.server.devices.models import DeviceKind
from liuhen.server.intake.models import UploadState
from liuhen.server.media.defects import Defect
from liuhen.server.media.models import DerivativeKind
from liuhen.server.recordings.models import ClockMethod, FactSource, RecordingKind, RecordingState
from liuhen.server.web import articles, words
from liuhen.server.web import formats as shown
from liuhen.server.web.events import words_of


@pytest.mark.parametrize(
    ("codes", "table"),
    [
        (Role, words.ROLES),
        (RecordingKind, words.KINDS),
        (RecordingState, words.STATES),
        (RecordingState, words.STATE_MARKS),
        (FactSource, words.SOURCES),
        (ClockMethod, words.CLOCK_METHODS),
        (DeviceKind, words.DEVICE_KINDS),
        (UploadState, words.UPLOAD_STATES),
        (UploadState, words.UPLOAD_MARKS),
        (DerivativeKind, words.DERIVATIVES),
        (Defect, words.DEFECTS),
        (SkipReason, words.SKIP_REASONS),
    ],
)
def test_every_code_has_a_word(codes: type[StrEnum], table: dict[str, object]) -> None:
    assert {code.value for code in codes} == {str(code) for code in table}


def test_the_station_and_the_pages_say_why_a_file_was_left_in_the_same_words() -> None:
    said = {}
    for reason, text in words.SKIP_REASONS.items():
        with translation.override("zh-hans"):
            zh = str(text)
        with translation.override("en"):
            said[reason] = (zh, str(text))
    assert said == {reason.value: both for reason, both in REASONS.items()}


@pytest.mark.parametrize("count", [0, 999, 1_000, 999_999, 38_200_000, 999_960_000, 1_420_000_000, 10**15])
def test_the_station_and_the_pages_say_sizes_alike(count: int) -> None:
    assert size_text(count) == shown.size(count)


def test_every_event_of_a_recording_has_its_own_words() -> None:
    subjects = ("recording:", "derivative:", "ticket:")
    events = [event for event in EventType if event.value.startswith(subjects)]
    assert len({str(words_of(event).title) for event in events}) == len(events)
    assert str(words_of(EventType.UNIT_CREATED).title) not in {str(words_of(event).title) for event in events}


def test_every_message_is_translated_and_none_is_stale() -> None:
    assert i18n.check() == 0


@pytest.mark.parametrize(
    ("numbers", "zh", "en"),
    [((5,), "第五条", "Article 5"), ((10,), "第十条", "Article 10"), ((16, 17), "第十六、十七条", "Articles 16, 17"),
     ((20,), "第二十条", "Article 20"), ((22,), "第二十二条", "Article 22")],
)  # fmt: skip
def test_articles_are_cited_as_each_language_writes_them(numbers: tuple[int, ...], zh: str, en: str) -> None:
    with translation.override("zh-hans"):
        assert articles.cite(*numbers) == zh
    with translation.override("en"):
        assert articles.cite(*numbers) == en


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(None, "–"), (0, "0:00"), (31_000, "0:31"), (1_163_000, "19:23"), (5_025_000, "1:23:45"), (59_600, "1:00")],
)
def test_durations(milliseconds: int | None, text: str) -> None:
    assert shown.duration(milliseconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, "–"), (0, "0 B"), (999, "999 B"), (1_000, "1.0 KB"), (38_200_000, "38.2 MB"), (1_420_000_000, "1.4 GB")],
)
def test_sizes(count: int | None, text: str) -> None:
    assert shown.size(count) == text


@pytest.mark.parametrize(
    ("milliseconds", "zh", "en"),
    [
        (None, "未知", "not known"),
        (20, "误差小于 0.1 秒", "right to 0.1 s"),
        (1_400, "快 1.4 秒", "1.4 s fast"),
        (-41_000, "慢 41 秒", "41 s slow"),
        (-125_000, "慢 2:05", "2:05 slow"),
    ],
)
def test_clock_errors(milliseconds: int | None, zh: str, en: str) -> None:
    with translation.override("zh-hans"):
        assert shown.clock_error(milliseconds) == zh
    with translation.override("en"):
        assert shown.clock_error(milliseconds) == en


def test_times_are_those_of_the_agencys_zone() -> None:
    at = datetime(2026, 11, 23, 8, 5, 9, 640_000, tzinfo=UTC)
    assert shown.moment(at) == "2026-11-23 16:05:09"
    assert shown.exact_moment(at) == "2026-11-23 16:05:09.6"
    assert (shown.day_of(at), shown.time_of(at)) == ("2026-11-23", "16:05:09")
    assert (shown.moment(None), shown.exact_moment(None), shown.day_of(None), shown.time_of(None)) == ("–",) * 4
    assert shown.device_time("2026-11-23T09:42:10") == "2026-11-23 09:42:10"
    assert shown.device_time("") == "–"


def test_digests_and_numbers_are_grouped() -> None:
    assert shown.digest("0123456789abcdef") == "01234567 89abcdef"
    assert (shown.digest(""), shown.digest(None)) == ("–", "–")
    assert shown.short_digest("0123456789") == "0123 4567…"
    assert (shown.grouped(48_213), shown.grouped(None)) == ("48\u202f213", "–")
    assert (shown.speed(0), shown.speed(2_000_000)) == ("–", "2.0 MB/s")
