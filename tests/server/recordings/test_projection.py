"""What the ledger says of recordings, against their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from django.db import connection

from liuhen.core.entry import Entry
from liuhen.server.ledger.models import Event
from liuhen.server.recordings import services
from liuhen.server.recordings.models import Attachment, Recording
from liuhen.server.recordings.projection import RecordingsProjection
from tests.server.ledger.kit import run_sql
from tests.support.cast import AT
from tests.support.recordings import STATION, UPLOAD, enter, sealed_file

if TYPE_CHECKING:
    from tests.support.cast import Cast

GHOST = "00000000000070008000000000000001"


@pytest.fixture
def recordings(cast: Cast) -> list[Recording]:
    """Three recordings, the first with an attachment."""
    made = [
        enter(cast.brigade, name=f"{number}.mp4", device_started="", device_started_source="") for number in range(3)
    ]
    services.attach(recording=made[0], file=sealed_file(b"$GPRMC", name="0.gps"), upload=UPLOAD, actor=STATION, at=AT)
    return made


def found() -> list[tuple[str, str, str]]:
    """Return kind, place and English words of what the projection finds, entries given in two runs."""
    projection = RecordingsProjection()
    entries = [Entry.from_bytes(bytes(leaf)) for leaf in Event.objects.order_by("seq").values_list("leaf", flat=True)]
    half = len(entries) // 2
    discrepancies = [*projection.check(entries[:half]), *projection.check(entries[half:]), *projection.finish()]
    assert all(one.zh for one in discrepancies)
    return [(one.kind.value, one.where, one.en) for one in discrepancies]


@pytest.mark.usefixtures("recordings")
def test_rows_that_agree_are_not_named() -> None:
    assert found() == []


@pytest.mark.parametrize(
    ("column", "value"), [("sha256", "f" * 64), ("sm3", "f" * 64), ("size", 1), ("sealed_at", "2026-01-01 00:00:00")]
)
def test_an_edited_row_is_altered(recordings: list[Recording], column: str, value: object) -> None:
    attachment = Attachment.objects.get()
    for kind, row_id in (("recording", recordings[1].id), ("attachment", attachment.id)):
        run_sql(f"UPDATE recordings_{kind} SET {column} = %s WHERE id = %s", value, row_id.hex)  # noqa: S608 - constants
    assert sorted(found()) == [
        ("altered", f"attachment {attachment.id}", f"its {column} differs from what the ledger says"),
        ("altered", f"recording {recordings[1].id}", f"its {column} differs from what the ledger says"),
    ]


def test_a_deleted_row_is_missing(recordings: list[Recording]) -> None:
    attachment = Attachment.objects.get().id
    run_sql("DELETE FROM recordings_attachment")
    run_sql("DELETE FROM recordings_recording WHERE id = %s", recordings[2].id.hex)
    assert {place[:2] for place in found()} == {
        ("missing", f"recording {recordings[2].id}"),
        ("missing", f"attachment {attachment}"),
    }


def test_an_inserted_row_is_extra(recordings: list[Recording]) -> None:
    for kind, source in (("recording", recordings[0].id), ("attachment", Attachment.objects.get().id)):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM recordings_{kind} WHERE id = %s", [source.hex])  # noqa: S608 - constants
            names = [column[0] for column in cursor.description]
            row = dict(zip(names, cursor.fetchone(), strict=True)) | {"id": GHOST, "sha256": "0" * 64}
        columns, places = ", ".join(row), ", ".join(["%s"] * len(row))
        run_sql(f"INSERT INTO recordings_{kind} ({columns}) VALUES ({places})", *row.values())  # noqa: S608 - constants
    assert [place[:2] for place in found()] == [
        ("extra", f"recording {UUID(GHOST)}"),
        ("extra", f"attachment {UUID(GHOST)}"),
    ]


def test_an_attachment_moved_to_another_recording_is_altered(recordings: list[Recording]) -> None:
    attachment = Attachment.objects.get()
    run_sql("UPDATE recordings_attachment SET recording_id = %s", recordings[2].id.hex)
    assert found() == [("altered", f"attachment {attachment.id}", "its recording differs from what the ledger says")]
