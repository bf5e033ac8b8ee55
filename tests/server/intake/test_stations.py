"""Stations and keys as services, and who may manage them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction

from liuhen.server.accounts.errors import NotAllowedError
from liuhen.server.accounts.roles import Role
from liuhen.server.intake.errors import KeyRevokedError, KeyUnknownError, StationKeyMissingError, StationNameTakenError
from liuhen.server.intake.models import Station, StationKey
from liuhen.server.intake.selectors import stations
from liuhen.server.intake.stations import authenticate, check_live, issue_key, register_station, revoke_key
from liuhen.server.kernel.actor import SYSTEM, ActorKind
from liuhen.server.kernel.errors import NameInvalidError
from liuhen.server.ledger.models import Event
from liuhen.server.ledger.services import init_ledger

if TYPE_CHECKING:
    from tests.support.cast import Cast

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def station(cast: Cast) -> Station:
    init_ledger(domain="liuhen.invalid", at=AT)
    return register_station(name="一号采集站", unit=cast.brigade, actor=cast.actor(Role.SYSTEM_ADMIN), at=AT)


def _bearer(file_text: str) -> str:
    return f"Bearer {json.loads(file_text)['key']}"


def test_a_key_opens_intake_for_its_station_and_only_its_digest_is_kept(station: Station) -> None:
    issued = issue_key(station=station, actor=SYSTEM, at=AT)
    content = json.loads(issued.file_text)
    assert set(content) == {"v", "station", "name", "key", "log"}
    assert (content["station"], content["name"]) == (str(station.id), "一号采集站")
    caller = authenticate(_bearer(issued.file_text))
    assert (caller.station, caller.key, caller.actor.kind, caller.actor.id) == (
        station,
        issued.key,
        ActorKind.STATION,
        station.id,
    )
    secret = content["key"].split("_", 2)[2]
    assert secret not in repr(issued)
    row = StationKey.objects.get(key=issued.key)
    assert len(bytes(row.secret_sha256)) == 32
    assert secret not in str(list(Event.objects.values_list("leaf", "private")))


def test_a_revoked_key_opens_nothing_and_other_keys_stay(station: Station) -> None:
    first, second = (issue_key(station=station, actor=SYSTEM, at=AT) for _ in range(2))
    caller = authenticate(_bearer(first.file_text))
    check_live(caller)
    revoke_key(key=first.key, actor=SYSTEM, at=AT + timedelta(hours=1))
    again = revoke_key(key=first.key, actor=SYSTEM, at=AT + timedelta(hours=2))
    assert again.revoked_at == AT + timedelta(hours=1)
    with pytest.raises(KeyRevokedError, match="10:00:00"):
        authenticate(_bearer(first.file_text))
    with pytest.raises(KeyRevokedError):
        check_live(caller)
    assert authenticate(_bearer(second.file_text)).station == station
    (row,) = stations(actor=SYSTEM)
    assert {key: revoked for key, _, revoked in row.keys} == {first.key: AT + timedelta(hours=1), second.key: None}


def test_a_key_that_never_was_is_unknown_and_cannot_be_revoked(station: Station) -> None:
    assert station.name
    with pytest.raises(KeyUnknownError):
        authenticate("Bearer lhs_000000000000_secret")
    with pytest.raises(StationKeyMissingError):
        revoke_key(key="000000000000", actor=SYSTEM, at=AT)


@pytest.mark.parametrize("name", ["", " ", "a" * 81, "一号\n二号", "\x1b[2J"])
def test_a_station_has_a_name_that_can_be_read(cast: Cast, name: str) -> None:
    with pytest.raises(NameInvalidError):
        register_station(name=name, unit=cast.brigade, actor=SYSTEM, at=AT)
    assert not Station.objects.exists()


def test_a_stations_name_is_its_own(station: Station) -> None:
    with pytest.raises(StationNameTakenError):
        register_station(name=station.name, unit=station.unit, actor=SYSTEM, at=AT)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.SYSTEM_ADMIN])
def test_nobody_but_the_system_administrator_manages_stations(cast: Cast, station: Station, role: Role) -> None:
    actor = cast.actor(role)
    with pytest.raises(NotAllowedError):
        register_station(name="二号采集站", unit=cast.brigade, actor=actor, at=AT)
    with pytest.raises(NotAllowedError):
        issue_key(station=station, actor=actor, at=AT)
    with pytest.raises(NotAllowedError):
        revoke_key(key="000000000000", actor=actor, at=AT)
    with pytest.raises(NotAllowedError):
        stations(actor=actor)


def test_the_database_refuses_a_key_revoked_before_it_was_made(station: Station) -> None:
    before = AT - timedelta(seconds=1)
    with pytest.raises(IntegrityError), transaction.atomic():
        StationKey.objects.create(key="k0", station=station, secret_sha256=bytes(32), made_at=AT, revoked_at=before)
