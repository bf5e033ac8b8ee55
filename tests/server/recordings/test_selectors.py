from __future__ import annotations

import base64
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from liuhen.server.accounts import services as accounts
from liuhen.server.accounts.roles import Role
from liuhen.server.accounts.selectors import actor_of
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.recordings import services
from liuhen.server.recordings.errors import CursorError, RecordingMissingError
from liuhen.server.recordings.interfaces import RecordingFilter, RecordingOrder
from liuhen.server.recordings.models import Recording, RecordingKind, RecordingState
from liuhen.server.recordings.selectors import (
    PAGE_SIZE,
    known_addresses,
    page_of,
    recording_for,
    visible_to,
)
from tests.support.cast import AT
from tests.support.recordings import STATION, UPLOAD, enter, known_device, sealed_file

if TYPE_CHECKING:
    from tests.support.cast import Cast

EVERYTHING = RecordingFilter()


def names(rows: Any) -> list[str]:
    return sorted(row.name for row in rows)


@pytest.fixture
def library(cast: Cast) -> Cast:
    """Three recordings: the officer's, one of the brigade that is nobody's, one of the other bureau."""
    enter(cast.brigade, name="officer's.mp4", officer=cast.officer)
    enter(cast.brigade, name="nobody's.mp4")
    enter(cast.other_bureau, name="elsewhere.mp4", officer=cast.outsider)
    return cast


@pytest.mark.parametrize(
    ("role", "seen"),
    [
        (Role.OFFICER, ["officer's.mp4"]),
        (Role.UNIT_HEAD, ["nobody's.mp4", "officer's.mp4"]),
        (Role.CUSTODIAN, ["nobody's.mp4", "officer's.mp4"]),
        (Role.LEGAL, ["nobody's.mp4", "officer's.mp4"]),
        (Role.LEADER, ["nobody's.mp4", "officer's.mp4"]),
        (Role.SUPERVISOR, ["nobody's.mp4", "officer's.mp4"]),
        (Role.SYSTEM_ADMIN, []),
        (Role.SECURITY_ADMIN, []),
        (Role.AUDITOR, []),
    ],
)
def test_a_role_sees_metadata_within_its_unit_or_of_its_own(library: Cast, role: Role, seen: list[str]) -> None:
    assert names(visible_to(library.actor(role))) == seen


def test_the_outsider_sees_their_own_unit_alone(library: Cast) -> None:
    assert names(visible_to(actor_of(library.outsider))) == ["elsewhere.mp4"]


def test_somebody_without_a_role_and_a_station_see_nothing(library: Cast) -> None:
    assert names(visible_to(actor_of(library.nobody))) == []
    assert names(visible_to(STATION)) == []


@pytest.mark.usefixtures("library")
def test_the_system_sees_everything() -> None:
    assert names(visible_to(SYSTEM)) == ["elsewhere.mp4", "nobody's.mp4", "officer's.mp4"]


def test_whoever_holds_two_roles_sees_their_unit_and_their_own_in_former_units(library: Cast) -> None:
    accounts.grant_role(person=library.outsider, role=Role.OFFICER, actor=SYSTEM, at=AT)
    enter(library.office, name="before the move.mp4", officer=library.outsider)
    assert names(visible_to(actor_of(library.outsider))) == ["before the move.mp4", "elsewhere.mp4"]


def test_one_recording_is_given_to_who_may_know_of_it(library: Cast) -> None:
    recording = Recording.objects.get(name="officer's.mp4")
    assert recording_for(actor=library.actor(Role.OFFICER), recording_id=recording.id) == recording


def test_a_recording_that_one_may_not_know_of_looks_like_one_that_does_not_exist(library: Cast) -> None:
    hidden = Recording.objects.get(name="elsewhere.mp4").id
    missing = uuid.uuid4()
    for recording_id in (hidden, missing):
        with pytest.raises(RecordingMissingError) as caught:
            recording_for(actor=library.actor(Role.LEADER), recording_id=recording_id)
        assert caught.value.where == {"id": recording_id}


def shown(cast: Cast, **where: Any) -> list[str]:
    return names(page_of(actor=cast.actor(Role.CUSTODIAN), where=RecordingFilter(**where)).rows)


def test_a_list_is_narrowed_by_each_field_and_by_several_at_once(cast: Cast) -> None:
    device = known_device("DR2041", unit=cast.brigade)
    enter(cast.brigade, name="a.mp4", officer=cast.officer, important=True)
    enter(cast.brigade, name="b.wav", kind=RecordingKind.AUDIO, device=device, officer=cast.officer)
    enter(cast.brigade, name="c.mp4")
    Recording.objects.filter(name="c.mp4").update(state=RecordingState.UNREADABLE)
    assert shown(cast) == ["a.mp4", "b.wav", "c.mp4"]
    assert shown(cast, kind=RecordingKind.AUDIO) == ["b.wav"]
    assert shown(cast, state=RecordingState.UNREADABLE) == ["c.mp4"]
    assert shown(cast, officer=cast.officer.id) == ["a.mp4", "b.wav"]
    assert shown(cast, device=device.id) == ["b.wav"]
    assert shown(cast, unattributed=True) == ["c.mp4"]
    assert shown(cast, important=True) == ["a.mp4"]
    assert shown(cast, text="李建国") == ["a.mp4", "b.wav"]
    assert shown(cast, text="mp4", officer=cast.officer.id) == ["a.mp4"]
    assert shown(cast, text="  ") == ["a.mp4", "b.wav", "c.mp4"], "blanks do not narrow"
    assert shown(cast, text="，") == [], "a query without a word finds nothing"


@pytest.mark.usefixtures("library")
def test_no_filter_widens_what_may_be_seen(cast: Cast) -> None:
    assert shown(cast, text="elsewhere") == []
    assert shown(cast, officer=cast.outsider.id) == []


def test_days_are_days_of_the_agencys_time_zone(cast: Cast) -> None:
    """In Shanghai the 23rd begins at 16:00 UTC on the 22nd."""
    enter(cast.brigade, name="last of the 22nd", at=datetime(2026, 11, 22, 15, 59, 59, 999_000, tzinfo=UTC))
    enter(cast.brigade, name="first of the 23rd", at=datetime(2026, 11, 22, 16, 0, tzinfo=UTC))
    enter(cast.brigade, name="last of the 23rd", at=datetime(2026, 11, 23, 15, 59, 59, 999_000, tzinfo=UTC))
    enter(cast.brigade, name="first of the 24th", at=datetime(2026, 11, 23, 16, 0, tzinfo=UTC))
    day = date(2026, 11, 23)
    assert shown(cast, sealed_from=day, sealed_to=day) == ["first of the 23rd", "last of the 23rd"]
    assert shown(cast, sealed_from=day) == ["first of the 23rd", "first of the 24th", "last of the 23rd"]
    assert shown(cast, sealed_to=day) == ["first of the 23rd", "last of the 22nd", "last of the 23rd"]


def test_the_ends_of_the_calendar_are_days_like_others(cast: Cast) -> None:
    enter(cast.brigade, name="a.mp4")
    assert shown(cast, sealed_from=date.min, sealed_to=date.max) == ["a.mp4"]
    assert shown(cast, sealed_from=date.max, sealed_to=date.min) == []


def test_pages_lead_through_all_recordings_newest_first_and_none_twice(cast: Cast) -> None:
    count = 2 * PAGE_SIZE + 3
    for number in range(count):
        enter(cast.brigade, name=f"{number}", at=AT + timedelta(seconds=number // 7))
    seen: list[Recording] = []
    after: str | None = ""
    while after is not None:
        page = page_of(actor=cast.actor(Role.CUSTODIAN), where=EVERYTHING, after=after)
        assert len(page.rows) <= PAGE_SIZE
        seen.extend(page.rows)
        after = page.next
        if len(seen) == PAGE_SIZE:
            enter(cast.brigade, name="came meanwhile", at=AT + timedelta(days=1))
    assert [row.name for row in seen] == [str(number) for number in reversed(range(count))]


@pytest.mark.parametrize("order", RecordingOrder)
def test_pages_lead_through_all_recordings_in_each_order(cast: Cast, order: RecordingOrder) -> None:
    for number in range(PAGE_SIZE + 7):
        row = enter(cast.brigade, name=f"{number}", at=AT + timedelta(seconds=number // 5))
        Recording.objects.filter(id=row.id).update(size=1000 + number // 3)
    first = page_of(actor=cast.actor(Role.CUSTODIAN), where=EVERYTHING, order=order)
    assert first.next is not None
    second = page_of(actor=cast.actor(Role.CUSTODIAN), where=EVERYTHING, order=order, after=first.next)
    seen = [*first.rows, *second.rows]
    assert second.next is None
    assert len({row.id for row in seen}) == PAGE_SIZE + 7
    values = [(getattr(row, order.column), row.id) for row in seen]
    assert values == sorted(values, reverse=order.descends)


@pytest.mark.parametrize("size", ["", "1.5", "9" * 30, "-1"])
def test_a_page_address_with_a_size_that_is_none_is_refused(cast: Cast, size: str) -> None:
    cursor = base64.urlsafe_b64encode(f"size|{size}|0193d2a0000070008000000000000001".encode()).decode()
    with pytest.raises(CursorError):
        page_of(actor=cast.actor(Role.CUSTODIAN), where=EVERYTHING, order=RecordingOrder.SMALLEST, after=cursor)


def test_exactly_one_full_page_leads_nowhere(cast: Cast) -> None:
    for number in range(PAGE_SIZE):
        enter(cast.brigade, name=f"{number}")
    page = page_of(actor=cast.actor(Role.CUSTODIAN), where=EVERYTHING)
    assert (len(page.rows), page.next) == (PAGE_SIZE, None)


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "=",
        "\ud800",
        "中文",
        base64.urlsafe_b64encode(b"\xff").decode(),
        base64.urlsafe_b64encode(b"-sealed|2026-11-23T08:00:00.000Z|no-id").decode(),
        base64.urlsafe_b64encode(b"-sealed|2026-11-23T08:00:00|0193d2a0000070008000000000000001").decode(),
        base64.urlsafe_b64encode(b"-size|1|0193d2a0000070008000000000000001").decode(),
        base64.urlsafe_b64encode(b"0193d2a0000070008000000000000001").decode(),
    ],
    ids=["no-base64", "padding", "surrogate", "chinese", "no-text", "no-id", "no-time-zone", "other-order", "no-bar"],
)
def test_a_page_address_that_was_altered_is_refused(cast: Cast, cursor: str) -> None:
    with pytest.raises(CursorError):
        page_of(actor=cast.actor(Role.CUSTODIAN), where=EVERYTHING, after=cursor)


def test_an_address_is_known_if_a_recording_or_an_attachment_names_it(cast: Cast) -> None:
    recording = enter(cast.brigade)
    track = sealed_file(b"$GPRMC")
    services.attach(recording=recording, file=track, upload=UPLOAD, actor=STATION, at=AT)
    assert known_addresses(frozenset({recording.sha256, track.sha256, "0" * 64})) == {recording.sha256, track.sha256}
