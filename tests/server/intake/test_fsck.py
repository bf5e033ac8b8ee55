"""Invariant 5: whoever edits an instance's database behind its back is found out, whatever the row or the column.

All rows are written by the services. Then each column of each row is changed, each row is removed, and each is copied.
"""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from django.apps import apps
from django.db import connection, models, transaction

from liuhen.core.digests import digest_stream
from liuhen.server.access import services as access
from liuhen.server.accounts import services as accounts
from liuhen.server.accounts.roles import Role
from liuhen.server.intake import sealing, services, stations, uploads
from liuhen.server.intake.interfaces import Caller, SealRequest
from liuhen.server.intake.messages import parse_closing, parse_declaration, parse_opening
from liuhen.server.intake.models import UploadState
from liuhen.server.kernel.actor import SYSTEM, Actor, ActorKind
from liuhen.server.ledger.fsck import check_ledger
from liuhen.server.ledger.integrator import start_integrator
from liuhen.server.ledger.services import init_ledger
from liuhen.server.recordings.interfaces import Analysis
from liuhen.server.recordings.models import Recording, RecordingKind
from liuhen.server.recordings.services import note_analysis
from liuhen.server.vault.adapters.local import LocalStore
from tests.server.ledger.kit import behind_the_guards
from tests.support.live_server import encoded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings

    from tests.support.cast import Cast

AT: Final = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TIME: Final = "2026-11-23T08:00:00.000Z"
NAME: Final = "7654321_650012_20261123154210_0007.mp4"

NOT_TOLD: Final = {
    "accounts_person.password": "a person's own, and in no entry",
    "accounts_person.last_login": "a person's own, and in no entry",
    "accounts_person.language": "a person's own, and in no entry",
    "accounts_person.is_active": "nobody can close an account yet",
    "accounts_rolegrant.id": "person, role and time are what a grant is",
    "intake_stationkey.id": "the key's own id is its name",
    "devices_device.clock_error_ms": "told by the newest collection",
    "devices_device.clock_measured_at": "told by the newest collection",
    "intake_upload.metadata": "the declaration once more, as it came",
    "intake_upload.created_at": "the upload had not ended",
    "intake_upload.expires_at": "the upload has ended",
    "intake_upload.receipt": "whoever is handed it verifies it",
    "access_rangeserved": "ranges hang on a viewing, which is told",
}
PARTS_OF_KEYS: Final = {"role", "session", "sha256"}
"""Columns of constraints that span several: a copy needs another value there."""

APPS: Final = ("accounts", "devices", "recordings", "intake", "access")


class Filling:
    """Writes rows of every table by the services."""

    def __init__(self, cast: Cast, store: LocalStore) -> None:
        self.cast = cast
        self.store = store
        station = stations.register_station(name="一号采集站", unit=cast.brigade, actor=SYSTEM, at=AT)
        key = stations.issue_key(station=station, actor=SYSTEM, at=AT).key
        retired = stations.issue_key(station=station, actor=SYSTEM, at=AT).key
        stations.revoke_key(key=retired, actor=SYSTEM, at=AT + timedelta(hours=1))
        self.caller = Caller(station=station, key=key, actor=Actor(kind=ActorKind.STATION, id=station.id))
        self.collection = uuid.uuid4()

    def fill(self) -> None:
        accounts.revoke_role(person=self.cast.legal, role=Role.LEGAL, actor=SYSTEM, at=AT)
        accounts.grant_role(person=self.cast.legal, role=Role.LEGAL, actor=SYSTEM, at=AT + timedelta(hours=1))
        clock = {"method": "declared", "error_ms": 1400, "measured": TIME, "uncertainty_ms": 500}
        opening = {"v": 1, "device": "7654321", "collector": "t", "opened": TIME, "clock": clock, "carried": None}
        services.open_collection(
            collection=self.collection, opening=parse_opening(_json(opening)), caller=self.caller, at=AT
        )
        original = self._hand_in(b"film", declared=True)
        self._hand_in(b"film")
        self._hand_in(b"$GPRMC", role="attachment", attached_to=str(original))
        self._hand_in(b"sound")
        given_up = self._declare(b"never")
        uploads.give_up(given_up, caller=self.caller, store=self.store, at=AT)
        self._declare(b"on its way")
        closing = {"v": 1, "closed": TIME, "taken": [], "skipped": [], "cleared": []}
        for cleared in ([], [str(original)]):
            body = parse_closing(_json({**closing, "cleared": cleared}))
            at = AT + timedelta(minutes=len(cleared))
            services.close_collection(collection=self.collection, closing=body, caller=self.caller, at=at)
        recording = Recording.objects.get(size=4)
        analysis = Analysis(
            kind=RecordingKind.VIDEO,
            readable=True,
            duration_ms=1000,
            container_started="",
            media={"container": "mp4", "streams": [{"frame_rate": 25.0, "bit_rate": 1 << 60}]},
            tool="t",
        )
        note_analysis(recording=recording, analysis=analysis, actor=SYSTEM, at=AT)
        self._view(recording)

    def _view(self, recording: Recording) -> None:
        custodian, legal = self.cast.actor(Role.CUSTODIAN), self.cast.actor(Role.LEGAL)
        for returned in (True, False):
            ticket = access.issue_ticket(
                recording=recording, holder=self.cast.legal, reason="复核", minutes=10, actor=custodian, at=AT
            )
            access.open_ticket(ticket_id=ticket.id, session_key="s" * 32, actor=legal, at=AT)
            if returned:
                access.end_ticket(ticket_id=ticket.id, actor=legal, at=AT)

    def _declare(self, content: bytes, **changes: Any) -> uuid.UUID:
        upload = uuid.uuid4()
        body = {
            "v": 1,
            "upload": str(upload),
            "collection": str(self.collection),
            "name": encoded(NAME),
            "path": encoded("DCIM/" + NAME),
            "role": "original",
            "attached_to": None,
            "facts": {},
            **changes,
        }
        uploads.declare(
            parse_declaration(_json(body)),
            length=len(content),
            metadata="",
            caller=self.caller,
            store=self.store,
            at=AT,
        )
        return upload

    def _hand_in(self, content: bytes, *, declared: bool = False, **changes: Any) -> uuid.UUID:
        facts = {
            "officer_code": {"value": "650012", "source": "name"},
            "started": {"value": "2026-11-23T15:42:10", "source": "name"},
            "sequence": {"value": 7, "source": "name"},
            "important": {"value": True, "source": "device"},
        }
        upload = self._declare(content, facts=facts if declared else {}, **changes)
        with self.store.stage(str(upload)) as staged:
            staged.append(content)
            staged.flush()
        digests = digest_stream([content])
        request = SealRequest(size=digests.size, sha256=digests.sha256, sm3=digests.sm3)
        sealing.seal_upload(upload=upload, request=request, caller=self.caller, store=self.store, at=AT, wait_s=30)
        return upload


@pytest.fixture
def filled(transactional_db: None, cast: Cast, tmp_path: Path, settings: Settings) -> None:
    del transactional_db  # the integrator has a connection of its own
    settings.INSTANCE = replace(settings.INSTANCE, home=tmp_path)
    init_ledger(domain="liuhen.invalid", at=AT)
    integrator = start_integrator()
    try:
        Filling(cast, LocalStore(tmp_path / "vault", freeze=False)).fill()
    finally:
        integrator.stop()


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()


def tables() -> dict[str, type[models.Model]]:
    return {model._meta.db_table: model for app in APPS for model in apps.get_app_config(app).get_models()}


def other(field: models.Field[Any, Any], value: Any) -> Any:
    """Return another value for a column, of its own type where it has one."""
    if field.choices:
        return next((choice for choice, _ in field.choices if choice != value), f"{value}x")
    fixed: list[tuple[Any, Any]] = [
        (models.UUIDField | models.ForeignKey, "f" * 32),
        (models.DateTimeField, "2001-01-01 00:00:00"),
        (models.JSONField, '{"another": 1}'),
        (models.BooleanField, 0 if value == 1 else 1),
    ]
    for kind, given in fixed:
        if isinstance(field, kind):
            return given
    if isinstance(field, models.BinaryField):
        return (value or b"") + b"x"
    return f"{value}x" if isinstance(field, models.CharField | models.TextField) else (value or 0) + 1


TABLES: Final = sorted(set(tables()) - set(NOT_TOLD))


class _UndoneError(Exception):
    """Takes back what was done to the database."""


def told_after(statement: str, *parameters: Any) -> int:
    """Return how many discrepancies a check names after an edit, which is taken back again."""
    with suppress(_UndoneError), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            assert cursor.rowcount == 1, statement
        count = len(check_ledger().discrepancies)
        raise _UndoneError
    return count


@pytest.fixture
def _as_the_owner_may(filled: None) -> Iterator[None]:
    """Let edits past the constraints, as whoever has the database's file can."""
    del filled
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints=ON")
        cursor.execute("PRAGMA foreign_keys=OFF")
        yield
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA ignore_check_constraints=OFF")


def rows_of(table: str) -> tuple[list[str], list[tuple[Any, ...]]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT rowid, * FROM {table}")  # noqa: S608 - a table of ours
        rows = cursor.fetchall()
        return [column[0] for column in cursor.description], rows


@pytest.mark.usefixtures("filled")
def test_invariant_5_what_the_services_wrote_is_whole() -> None:
    assert check_ledger().discrepancies == ()
    assert {table for table in tables() if not rows_of(table)[1]} == {"access_rangeserved"}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.usefixtures("_as_the_owner_may")
def test_invariant_5_an_edited_column_is_told(table: str) -> None:
    fields = {field.column: field for field in tables()[table]._meta.concrete_fields}
    names, rows = rows_of(table)
    assert any(UploadState.RECEIVING not in row for row in rows)
    silent = set()
    for row in rows:
        if UploadState.RECEIVING in row:
            continue  # nothing has been promised of it yet
        for name, value in zip(names[1:], row[1:], strict=True):
            statement = f'UPDATE {table} SET "{name}" = %s WHERE rowid = %s'  # noqa: S608 - a table of ours
            if not told_after(statement, other(fields[name], value), row[0]):
                silent.add(f"{table}.{name}")
    assert silent - set(NOT_TOLD) == set()


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.usefixtures("_as_the_owner_may")
def test_invariant_5_a_row_that_is_removed_is_told(table: str) -> None:
    _, rows = rows_of(table)
    assert any(UploadState.RECEIVING not in row for row in rows)
    for row in rows:
        told = told_after(f"DELETE FROM {table} WHERE rowid = %s", row[0])  # noqa: S608 - a table of ours
        assert told or UploadState.RECEIVING in row, row


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.usefixtures("_as_the_owner_may")
def test_invariant_5_a_row_that_is_smuggled_in_is_told(table: str) -> None:
    fields = {field.column: field for field in tables()[table]._meta.concrete_fields}
    names, rows = rows_of(table)
    assert rows
    for row in rows:
        values = dict(zip(names[1:], row[1:], strict=True))
        copied = {
            name: other(fields[name], value) if fields[name].unique or name in PARTS_OF_KEYS else value
            for name, value in values.items()
        }
        places = ", ".join(["%s"] * len(copied))
        columns = ", ".join(copied)
        told = told_after(f"INSERT INTO {table} ({columns}) VALUES ({places})", *copied.values())  # noqa: S608 - ours
        assert told, row


@pytest.mark.parametrize(
    "place",
    [
        "accounts_person.created_at",
        "accounts_rolegrant.granted_at",
        "intake_collection.opening",
        "intake_upload.declaration",
        "recordings_recording.sealed_at",
        "access_viewing.at",
        "ledger_event.salt",
    ],
)
@pytest.mark.usefixtures("_as_the_owner_may")
def test_a_row_that_cannot_even_be_read_is_told_and_stops_nothing(place: str) -> None:
    table, column = place.split(".")
    with behind_the_guards(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {column} = '{{' WHERE {column} IS NOT NULL")  # noqa: S608 - a table of ours
        cursor.execute("DELETE FROM devices_device")
    kinds = {(one.kind.value, one.where.split()[0]) for one in check_ledger().discrepancies}
    assert ("missing", "device") in kinds
    assert len(kinds) > 1
