"""The text index on the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.management import call_command
from django.db import connection

from liuhen.server.recordings import index
from liuhen.server.recordings.models import Recording
from tests.support.cast import make_cast
from tests.support.recordings import enter, known_device

if TYPE_CHECKING:
    from tests.support.cast import Cast


def found(text: str) -> list[str]:
    condition = index.matching(text)
    assert condition is not None
    sql, parameters = condition
    rows = Recording.objects.extra(where=[sql], params=parameters)  # noqa: S610 - the SQL is a constant of `index`
    return sorted(rows.values_list("name", flat=True))


def indexed() -> int:
    with connection.cursor() as cursor:
        count: int = cursor.execute("SELECT count(*) FROM recordings_text").fetchone()[0]
        return count


@pytest.fixture
def recording(cast: Cast) -> Recording:
    return enter(
        cast.brigade,
        name="拆除现场_0007.mp4",
        device=known_device("DSJ-7654321", unit=cast.brigade),
        officer=cast.officer,
        officer_code="650012",
    )


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize(
    "text",
    ["拆除", "0007", "MP4", "李建国", "650012", "执法大队", "dsj-7654321", "2026-11-23", "李建国 拆除现场"],
)
def test_a_recording_is_found_by_name_officer_certificate_unit_device_and_day(text: str) -> None:
    assert found(text) == ["拆除现场_0007.mp4"]


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize("text", ["王海燕", "拆除 王海燕", "现场拆除", "765432"])
def test_a_recording_is_not_found_by_what_it_does_not_hold(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("text", ["", "   ", "，。", '"*', "-"])
def test_a_query_without_a_word_has_no_condition(text: str) -> None:
    assert index.matching(text) is None


@pytest.mark.usefixtures("recording")
@pytest.mark.parametrize(
    "text",
    [
        '拆除"',
        '" OR "a',
        "拆除 NOT 现场x",
        "tokens : 拆除",
        "NEAR(拆除 现场)",
        "拆除*",
        "^拆除",
        "{recording}: a",
        "拆" * 5_000,
    ],
)
def test_the_engines_own_syntax_in_a_query_is_only_text(text: str) -> None:
    assert found(text) in ([], ["拆除现场_0007.mp4"])


def test_a_name_with_a_rare_character_is_found(cast: Cast) -> None:
    enter(cast.brigade, name="𬸣与〇.mp4")
    assert found("𬸣") == ["𬸣与〇.mp4"]
    assert found("𬸣与〇") == ["𬸣与〇.mp4"]


def test_a_recording_of_nobody_and_no_device_is_found_by_its_name(cast: Cast) -> None:
    enter(cast.brigade, name="IMG_0412.JPG", device_started="", officer=cast.nobody)
    enter(cast.brigade, name="IMG_0413.JPG", device_started="")
    assert found("img 0412") == ["IMG_0412.JPG"]
    assert found("img") == ["IMG_0412.JPG", "IMG_0413.JPG"]


def test_putting_a_recording_again_replaces_what_was_there(recording: Recording) -> None:
    recording.name = "复查现场.mp4"
    recording.save(update_fields=["name"])
    index.put(recording)
    assert found("复查") == ["复查现场.mp4"]
    assert found("拆除") == []
    assert indexed() == 1


def test_an_entry_that_is_rolled_back_leaves_nothing_in_the_index(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    ordinary = index.put

    def fail_afterwards(recording: Any) -> None:
        ordinary(recording)
        raise OSError("no space left on the device")

    monkeypatch.setattr(index, "put", fail_afterwards)
    with pytest.raises(OSError, match="no space"):
        enter(cast.brigade)
    assert indexed() == 0


def test_a_row_removed_from_the_words_is_gone_from_the_index(recording: Recording) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM recordings_words WHERE recording = %s", [recording.id.hex])
        cursor.execute("INSERT INTO recordings_text (recordings_text, rank) VALUES ('integrity-check', 1)")
    assert found("拆除") == []


@pytest.mark.django_db(transaction=True)
def test_the_migration_of_the_index_can_be_taken_back_and_made_again() -> None:
    call_command("migrate", "recordings", "0001", verbosity=0)
    with connection.cursor() as cursor:
        assert not [name for name in connection.introspection.table_names(cursor) if "recordings_text" in name]
    call_command("migrate", "recordings", verbosity=0)
    assert indexed() == 0


@pytest.mark.django_db(transaction=True)
def test_a_test_with_real_transactions_leaves_nothing_in_the_index() -> None:
    """The flush that ends such a test is ours to complete (tests/conftest.py)."""
    enter(make_cast().brigade)
    assert indexed() == 1
    call_command("flush", verbosity=0, interactive=False)
    assert indexed() == 0
