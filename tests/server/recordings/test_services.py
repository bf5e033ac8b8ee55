from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.entry import ObjectRef
from liuhen.core.events import EventType
from liuhen.server.ledger import services as ledger
from liuhen.server.ledger.models import Event
from liuhen.server.recordings import services
from liuhen.server.recordings.interfaces import Analysis
from liuhen.server.recordings.models import Attachment, Recording, RecordingKind
from liuhen.server.recordings.services import true_start
from tests.support.cast import AT
from tests.support.events import told
from tests.support.recordings import (
    NAME,
    STATION,
    UPLOAD,
    enter,
    known_device,
    new_recording,
    sealed_file,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support.cast import Cast

LATER = AT + timedelta(minutes=5)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def analysis(**values: Any) -> Analysis:
    found: dict[str, Any] = {
        "kind": RecordingKind.VIDEO,
        "readable": True,
        "duration_ms": 8_000,
        "container_started": "",
        "media": {"streams": 2},
        "tool": "pyav/19.0",
    }
    return Analysis(**{**found, **values})


def reread(recording: Recording) -> Recording:
    return Recording.objects.get(id=recording.id)


def test_invariant_9_device_time_is_the_agencys_wall_clock_set_right_by_the_clock_error() -> None:
    assert true_start("2026-11-23T15:42:10", 1_400, SHANGHAI) == datetime(2026, 11, 23, 7, 42, 8, 600_000, tzinfo=UTC)
    assert true_start("2026-11-23T15:42:10.250", -41_000, SHANGHAI) == datetime(
        2026, 11, 23, 7, 42, 51, 250_000, tzinfo=UTC
    )


def test_an_error_that_was_not_measured_counts_as_none() -> None:
    assert true_start("2026-11-23T15:42:10", None, SHANGHAI) == datetime(2026, 11, 23, 7, 42, 10, tzinfo=UTC)


def test_the_true_start_is_in_utc_and_reckoned_there_also_across_a_change_of_clocks() -> None:
    """In Berlin 02:30 summer time on 25 October 2026 is half an hour before the clocks go back an hour."""
    berlin = ZoneInfo("Europe/Berlin")
    found = true_start("2026-10-25T03:30:00", 3_600_000, berlin)
    assert found == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["", "2026-02-30T00:00:00", "yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59"],
    ids=["none", "no-such-day", "no-time", "first-of-all-days", "last-of-all-days"],
)
def test_a_text_that_names_no_time_to_reckon_with_has_no_true_start(text: str) -> None:
    assert true_start(text, -86_400_000, SHANGHAI) is None


@given(moment=st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)), error=st.integers(-(10**9), 10**9))  # noqa: DTZ001 - device time has no zone
def test_the_true_start_and_the_error_give_back_the_device_time(moment: datetime, error: int) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    zone = ZoneInfo("Etc/GMT-8")
    found = true_start(moment.isoformat(), error, zone)
    assert found is not None
    assert (found + timedelta(milliseconds=error)).astimezone(zone).replace(tzinfo=None) == moment


@pytest.mark.article(4)
def test_a_recording_is_entered_with_its_facts_and_its_event(cast: Cast) -> None:
    device = known_device(unit=cast.brigade)
    recording = enter(
        cast.brigade, device=device, officer=cast.officer, officer_code="650012", clock_error_ms=1_400, important=True
    )
    row = reread(recording)
    assert (row.state, row.kind, row.name) == ("sealed", "video", NAME)
    assert (row.device, row.officer, row.unit) == (device, cast.officer, cast.brigade)
    assert row.device_started == "2026-11-23T15:42:10", "kept as the device wrote it"
    assert row.started_at == datetime(2026, 11, 23, 7, 42, 8, 600_000, tzinfo=UTC)
    assert row.facts == {"sequence": {"value": 7, "source": "name"}}
    (event,) = told("recording", row.id)
    assert event.entry.type is EventType.RECORDING_SEALED
    assert event.entry.actor == STATION.ref
    assert event.entry.time == row.sealed_at == AT
    file = sealed_file(NAME.encode())
    assert event.entry.objects == (ObjectRef(role="original", sha256=file.sha256, sm3=file.sm3, size=file.size),)
    assert event.entry.facts["device"] == str(device.id)
    assert event.entry.facts["retain_until"] == "2027-11-23"
    assert event.entry.facts["clock_error_ms"] == 1_400
    assert event.entry.facts["upload"] == str(UPLOAD)


def test_invariant_11_the_entry_tells_neither_name_nor_officer_but_commits_to_them(cast: Cast) -> None:
    recording = enter(cast.brigade, officer=cast.officer, officer_code="650012")
    (event,) = told("recording", recording.id)
    public = event.entry.to_bytes()
    for personal in (NAME, "650012", cast.officer.name, str(cast.officer.id), "DCIM"):
        assert personal.encode() not in public
    assert event.private is not None
    assert base64.b64decode(event.private["name"]) == NAME.encode()
    assert base64.b64decode(event.private["path"]) == b"DCIM/20261123/" + NAME.encode()
    assert event.entry.private is not None


def test_the_raw_name_is_kept_whatever_bytes_it_has(cast: Cast) -> None:
    raw = "执法记录".encode("gb18030") + b"\n\xff/../a"
    recording = enter(cast.brigade, file=sealed_file(b"x", name="执法记录\\n", name_raw=raw))
    row = reread(recording)
    assert bytes(row.name_raw) == raw
    assert bytes(row.path_raw) == b"DCIM/20261123/" + raw


def test_a_recording_of_an_unknown_device_officer_and_time_is_entered_all_the_same(cast: Cast) -> None:
    recording = enter(cast.brigade, device_started="", device_started_source="", clock_error_ms=None)
    row = reread(recording)
    assert (row.device, row.officer, row.started_at) == (None, None, None)
    (event,) = told("recording", row.id)
    assert event.entry.facts["device"] is None
    assert event.entry.facts["clock_error_ms"] is None


def test_one_original_is_one_recording(cast: Cast) -> None:
    enter(cast.brigade)
    with pytest.raises(IntegrityError), transaction.atomic():
        enter(cast.brigade, at=LATER)
    assert Recording.objects.count() == 1


def test_an_attachment_is_entered_under_its_recording(cast: Cast) -> None:
    recording = enter(cast.brigade)
    track = sealed_file(b"$GPRMC", name="track.gps")
    attachment, event = services.attach(recording=recording, file=track, upload=UPLOAD, actor=STATION, at=LATER)
    row = Attachment.objects.get(id=attachment.id)
    assert (row.recording, row.name, row.size, row.sealed_at) == (recording, "track.gps", 6, LATER)
    entry = told("recording", recording.id)[-1].entry
    assert entry.id == event.id
    assert entry.type is EventType.RECORDING_ATTACHED
    assert entry.objects[0].role == "attachment"
    assert entry.facts == {"upload": str(UPLOAD), "attachment": str(attachment.id)}


def test_bytes_handed_in_again_are_an_event_and_no_second_row(cast: Cast) -> None:
    recording = enter(cast.brigade)
    services.note_received_again(
        recording=recording, name_raw=b"copy.mp4", path_raw=b"x/copy.mp4", upload=UPLOAD, actor=STATION, at=LATER
    )
    event = told("recording", recording.id)[-1]
    assert event.entry.type is EventType.RECORDING_RECEIVED_AGAIN
    assert event.private is not None
    assert base64.b64decode(event.private["name"]) == b"copy.mp4"
    assert Recording.objects.count() == 1


@pytest.mark.parametrize("same", [True, False], ids=["same", "other"])
def test_the_digests_that_the_server_computes_are_written_down_whether_they_agree_or_not(
    cast: Cast, *, same: bool
) -> None:
    recording = enter(cast.brigade)
    found = sealed_file(NAME.encode() if same else b"altered")
    agree = services.note_digests(recording=recording, sha256=found.sha256, sm3=found.sm3, actor=STATION, at=LATER)
    assert agree is same
    entry = told("recording", recording.id)[-1].entry
    assert entry.type is EventType.RECORDING_DIGESTED
    assert entry.facts == {"agree": same}
    assert entry.objects[0].sha256 == found.sha256
    assert reread(recording).sha256 == recording.sha256, "what was sealed stands"


def test_one_digest_that_differs_is_no_agreement(cast: Cast) -> None:
    recording = enter(cast.brigade)
    assert not services.note_digests(
        recording=recording, sha256=recording.sha256, sm3="0" * 64, actor=STATION, at=LATER
    )


def test_what_the_probe_found_is_kept_and_told(cast: Cast) -> None:
    recording = enter(cast.brigade, kind=RecordingKind.UNKNOWN)
    services.note_analysis(recording=recording, analysis=analysis(), actor=STATION, at=LATER)
    row = reread(recording)
    assert (row.state, row.kind, row.duration_ms, row.media) == ("analysed", "video", 8_000, {"streams": 2})
    entry = told("recording", recording.id)[-1].entry
    assert entry.type is EventType.RECORDING_ANALYSED
    assert entry.facts == {"kind": "video", "duration_ms": 8_000, "tool": "pyav/19.0"}


def test_a_file_that_is_no_media_is_marked_and_kept(cast: Cast) -> None:
    recording = enter(cast.brigade)
    found = analysis(kind=RecordingKind.UNKNOWN, readable=False, duration_ms=None, media={})
    services.note_analysis(recording=recording, analysis=found, actor=STATION, at=LATER)
    assert reread(recording).state == "unreadable"
    assert told("recording", recording.id)[-1].entry.type is EventType.RECORDING_UNREADABLE


@pytest.mark.parametrize(
    ("source", "replaced"), [("", True), ("mtime", True), ("name", False), ("declared", False), ("device", False)]
)
def test_the_containers_time_replaces_only_what_is_less_sure(cast: Cast, source: str, *, replaced: bool) -> None:
    recording = enter(cast.brigade, device_started_source=source, clock_error_ms=1_000)
    found = analysis(container_started="2026-11-23T16:00:01")
    services.note_analysis(recording=recording, analysis=found, actor=STATION, at=LATER)
    row = reread(recording)
    if replaced:
        assert (row.device_started, row.device_started_source) == ("2026-11-23T16:00:01", "container")
        assert row.started_at == datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
    else:
        assert (row.device_started, row.device_started_source) == ("2026-11-23T15:42:10", source)


def test_what_somebody_else_changed_meanwhile_is_not_undone_by_the_probe(cast: Cast) -> None:
    recording = enter(cast.brigade)
    longer = AT + timedelta(days=3_650)
    Recording.objects.filter(id=recording.id).update(retain_until=longer)
    services.note_analysis(recording=recording, analysis=analysis(), actor=STATION, at=LATER)
    assert reread(recording).retain_until == longer


ACTS: dict[str, Callable[[Cast, Recording], object]] = {
    "enter_recording": lambda cast, _recording: services.enter_recording(
        new=new_recording(cast.brigade, content=b"another"), actor=STATION, at=LATER
    ),
    "attach": lambda _cast, recording: services.attach(
        recording=recording, file=sealed_file(b"$GPRMC"), upload=UPLOAD, actor=STATION, at=LATER
    ),
    "note_analysis": lambda _cast, recording: services.note_analysis(
        recording=recording, analysis=analysis(), actor=STATION, at=LATER
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_invariant_4_an_act_whose_event_cannot_be_written_did_not_happen(
    cast: Cast, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = enter(cast.brigade)

    def refuse(**_event: Any) -> None:
        raise OSError("no space left on the device")

    tables = (Recording, Attachment)
    before = [list(table.objects.order_by("id").values()) for table in tables], Event.objects.count()
    monkeypatch.setattr(ledger, "record", refuse)
    with pytest.raises(OSError, match="no space"):
        ACTS[act](cast, recording)
    assert ([list(table.objects.order_by("id").values()) for table in tables], Event.objects.count()) == before
