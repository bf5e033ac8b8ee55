"""What the intake page is given: within the actor's units, with what is happening now."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from liuhen.server.accounts.errors import NotAllowedError
from liuhen.server.accounts.roles import Role
from liuhen.server.accounts.selectors import actor_of
from liuhen.server.intake import live, selectors, services
from liuhen.server.intake.ending import expire_upload
from liuhen.server.intake.errors import CollectionMissingError
from liuhen.server.intake.interfaces import Caller
from liuhen.server.intake.messages import parse_closing, parse_declaration, parse_opening
from liuhen.server.intake.models import Upload
from liuhen.server.intake.schedule import sweep_uploads
from liuhen.server.intake.stations import issue_key, register_station
from liuhen.server.intake.sweep import sweep
from liuhen.server.kernel.actor import SYSTEM, Actor, ActorKind
from liuhen.server.kernel.jobs.models import Job
from liuhen.server.ledger.services import init_ledger
from liuhen.server.vault.adapters.local import LocalStore

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.cast import Cast

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
CLOCK = {"method": "estimated", "error_ms": 1400, "measured": None, "uncertainty_ms": None}
TIME = "2026-11-23T08:00:00.000Z"


@pytest.fixture
def caller(cast: Cast) -> Caller:
    init_ledger(domain="liuhen.invalid", at=AT)
    station = register_station(name="一号采集站", unit=cast.brigade, actor=SYSTEM, at=AT)
    key = issue_key(station=station, actor=SYSTEM, at=AT).key
    return Caller(station=station, key=key, actor=Actor(kind=ActorKind.STATION, id=station.id))


def _collection(caller: Caller, at: datetime = AT, device: str | None = "7654321") -> uuid.UUID:
    collection = uuid.uuid4()
    body = {"v": 1, "device": device, "collector": "t", "opened": TIME, "clock": CLOCK, "carried": None}
    opening = parse_opening(json.dumps(body).encode())
    services.open_collection(collection=collection, opening=opening, caller=caller, at=at)
    return collection


def _upload(caller: Caller, collection: uuid.UUID, length: int = 100, at: datetime = AT) -> uuid.UUID:
    upload = uuid.uuid4()
    body: dict[str, Any] = {
        "v": 1,
        "upload": str(upload),
        "collection": str(collection),
        "name": "Y2xpcC5tcDQ=",
        "path": "Y2xpcC5tcDQ=",
        "role": "original",
        "attached_to": None,
        "facts": {},
    }
    declaration = parse_declaration(json.dumps(body).encode())
    services.create_upload(
        declaration=declaration, length=length, metadata="m", free_bytes=1 << 50, caller=caller, at=at
    )
    return upload


def test_a_custodian_sees_the_collections_of_the_units_below_newest_first(cast: Cast, caller: Caller) -> None:
    first = _collection(caller)
    second = _collection(caller, at=AT + timedelta(minutes=1), device=None)
    _upload(caller, first, 70)
    rows = selectors.recent_collections(actor=cast.actor(Role.CUSTODIAN))
    assert [row.id for row in rows] == [second, first]
    assert [(row.files, row.bytes, row.received, row.device) for row in rows] == [(0, 0, 0, ""), (1, 70, 0, "7654321")]
    assert (rows[1].station, rows[1].unit, rows[1].live, rows[1].clock_error_ms) == (
        "一号采集站",
        "城市管理执法大队",
        False,
        1400,
    )


def test_another_units_custodian_sees_nothing(cast: Cast, caller: Caller) -> None:
    collection = _collection(caller)
    _upload(caller, collection)
    outsider = actor_of(cast.outsider)
    assert selectors.recent_collections(actor=outsider) == ()
    with pytest.raises(CollectionMissingError):
        selectors.progress(actor=outsider, collection_id=collection)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CUSTODIAN])
def test_nobody_but_custodians_sees_intake(cast: Cast, caller: Caller, role: Role) -> None:
    collection = _collection(caller)
    actor = cast.actor(role)
    with pytest.raises(NotAllowedError):
        selectors.recent_collections(actor=actor)
    with pytest.raises(NotAllowedError):
        selectors.progress(actor=actor, collection_id=collection)


def test_progress_tells_what_has_arrived_and_what_was_staged_before_a_restart(cast: Cast, caller: Caller) -> None:
    collection = _collection(caller)
    arriving, staged, gone = (_upload(caller, collection) for _ in range(3))
    live.enter(arriving).add(40)
    with LocalStore(settings.INSTANCE.vault, freeze=False).stage(str(staged)) as area:
        area.append(b"x" * 30)
        area.flush()
    services.discard_upload(upload=gone, caller=caller, at=AT)
    with live.checking(arriving):
        found = selectors.progress(actor=cast.actor(Role.CUSTODIAN), collection_id=collection)
    files = {file.upload: file for file in found.files}
    assert {key: file.received for key, file in files.items()} == {arriving: 40, staged: 30, gone: 0}
    assert [files[key].checking for key in (arriving, staged)] == [True, False]
    assert files[arriving].rate >= 0
    assert (found.summary.received, found.summary.bytes, found.summary.ended) == (70, 200, 1)
    assert not files[gone].has_receipt
    live.forget(arriving)
    assert live.look(arriving) is None


def test_a_closed_collection_tells_what_was_skipped_and_why(cast: Cast, caller: Caller) -> None:
    collection = _collection(caller)
    skipped = [{"name": "notes.txt", "reason": "not-media"}]
    body = {"v": 1, "closed": TIME, "taken": [], "skipped": skipped, "cleared": []}
    closing = parse_closing(json.dumps(body).encode())
    services.close_collection(collection=collection, closing=closing, caller=caller, at=AT)
    found = selectors.progress(actor=cast.actor(Role.CUSTODIAN), collection_id=collection)
    assert [(skip.name, skip.reason) for skip in found.skipped] == [("notes.txt", "not-media")]
    assert (found.summary.closed_at, found.cleared) == (AT, 0)


def test_live_uploads_are_those_that_may_still_receive(caller: Caller) -> None:
    collection = _collection(caller)
    kept, gone = _upload(caller, collection), _upload(caller, collection)
    services.discard_upload(upload=gone, caller=caller, at=AT)
    keys = frozenset({str(kept), str(gone), str(uuid.uuid4()), "not-a-uuid"})
    assert selectors.live_uploads(keys) == {str(kept)}


def test_the_sweep_expires_clears_and_leaves_what_is_busy(caller: Caller, tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "vault", freeze=False)
    collection = _collection(caller)
    overdue, busy, ended, ended_busy, fresh = (_upload(caller, collection, at=AT) for _ in range(5))
    Upload.objects.filter(id=fresh).update(expires_at=AT + timedelta(days=30))
    for upload in (ended, ended_busy):
        services.discard_upload(upload=upload, caller=caller, at=AT)
    for key in (overdue, ended, fresh, uuid.uuid4()):
        with store.stage(str(key)) as area:
            area.append(b"x")
    with store.stage("foreign"), store.stage(str(busy)), store.stage(str(ended_busy)):
        report = sweep(store, at=AT + timedelta(days=4))
    assert (report.expired, report.cleared) == ((overdue,), (ended,))
    assert set(report.busy) == {busy, ended_busy}
    assert {area.key for area in store.staged()} >= {str(fresh), str(busy), "foreign"}
    assert Upload.objects.get(id=overdue).state == "expired"
    assert not expire_upload(upload=fresh, at=AT + timedelta(days=4))
    assert not expire_upload(upload=uuid.uuid4(), at=AT)


@pytest.mark.parametrize(
    "values",
    [
        {"length": -1},
        {"state": "lost"},
        {"state": "sealed", "ended_at": AT},
        {"role": "attachment"},
        {"attached_to": uuid.UUID(int=1)},
        {"ended_at": AT},
        {"receipt": b"x"},
    ],
)
def test_the_database_refuses_an_upload_that_cannot_be(caller: Caller, values: dict[str, Any]) -> None:
    upload = _upload(caller, _collection(caller))
    with pytest.raises(IntegrityError), transaction.atomic():
        Upload.objects.filter(id=upload).update(**values)


def test_a_rate_needs_bytes_that_arrived_lately() -> None:
    entry = live.Live()
    assert entry.rate == 0
    entry.add(1000)
    entry.add(500)
    assert entry.received == 1500
    assert entry.rate > 0
    entry.stand(7)
    assert (entry.received, entry.rate) == (7, 0)


def test_the_live_entries_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_MOST", 2)
    monkeypatch.setattr(live, "_lives", {})
    keys = [uuid.uuid4() for _ in range(3)]
    for key in keys:
        live.enter(key)
    assert [live.look(key) is None for key in keys] == [True, False, False]


def test_one_sweep_is_scheduled_for_all_uploads_that_expire_within_an_hour(caller: Caller) -> None:
    collection = _collection(caller)
    for minutes in (0, 20, 59, 61):
        _upload(caller, collection, at=AT + timedelta(minutes=minutes))
    jobs = Job.objects.filter(task="liuhen.server.intake.schedule.sweep_uploads").order_by("run_after")
    due = AT + timedelta(hours=72)
    assert [job.run_after for job in jobs] == [due + timedelta(hours=1), due + timedelta(hours=2)]


def test_the_scheduled_sweep_expires_what_is_overdue(caller: Caller) -> None:
    upload = _upload(caller, _collection(caller))
    Upload.objects.filter(id=upload).update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert sweep_uploads.call()["expired"] == 1
    assert Upload.objects.get(id=upload).state == "expired"
