"""Stations and their keys: registering, issuing, revoking, recognising.

A key reads `lhs_<key id>_<secret>`. The secret has 256 random bits, so a plain SHA-256 of it withstands guessing and is
quick enough for every request.
"""

from __future__ import annotations

import hmac
import json
import secrets
from typing import TYPE_CHECKING, Final

from django.db import transaction

from liuhen.core.digests import sha256
from liuhen.core.errors import both
from liuhen.core.events import EventType
from liuhen.core.forms import format_time
from liuhen.server.accounts.policy import Ability, require
from liuhen.server.intake.errors import (
    KeyRevokedError,
    KeyUnknownError,
    StationKeyMissingError,
    StationNameTakenError,
)
from liuhen.server.intake.interfaces import Caller, IssuedKey
from liuhen.server.intake.models import Station, StationKey
from liuhen.server.kernel.actor import Actor, ActorKind
from liuhen.server.kernel.names import checked_name
from liuhen.server.ledger import selectors as ledger_selectors
from liuhen.server.ledger import services as ledger

if TYPE_CHECKING:
    from datetime import datetime

    from liuhen.server.accounts.models import Unit

__all__ = ["authenticate", "check_live", "issue_key", "register_station", "revoke_key"]

_NAME: Final = both("采集站名称", "name of the station")
_PREFIX: Final = "lhs"
_KEY_BYTES: Final = 6
_SECRET_BYTES: Final = 32
_NO_SECRET: Final = bytes(32)


@transaction.atomic
def register_station(*, name: str, unit: Unit, actor: Actor, at: datetime) -> Station:
    """Enter a station of `unit` into the register. It can hand in nothing before it has a key.

    Raises:
        NameInvalidError: the name cannot be used.
        StationNameTakenError: another station has this name.
        NotAllowedError: the actor may not manage stations.
    """
    require(actor, Ability.MANAGE_STATIONS)
    name = checked_name(name, what=_NAME, limit=Station.NAME_LIMIT)
    if Station.objects.filter(name=name).exists():
        raise StationNameTakenError(name=name)
    station = Station.objects.create(name=name, unit=unit, registered_at=at)
    ledger.record(
        type=EventType.STATION_REGISTERED,
        subject=f"station/{station.id}",
        actor=actor,
        at=at,
        facts={"unit": str(unit.id)},
        private={"name": name},
    )
    return station


@transaction.atomic
def issue_key(*, station: Station, actor: Actor, at: datetime) -> IssuedKey:
    """Make a new key for `station`; keys made before stay valid until they are revoked.

    Raises:
        NotAllowedError: the actor may not manage stations.
    """
    require(actor, Ability.MANAGE_STATIONS)
    key = secrets.token_hex(_KEY_BYTES)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    digest = sha256(secret.encode())
    StationKey.objects.create(key=key, station=station, secret_sha256=digest, made_at=at)
    ledger.record(
        type=EventType.STATION_KEY_ISSUED,
        subject=f"station/{station.id}",
        actor=actor,
        at=at,
        facts={"key": key},
        private={"secret_sha256": digest.hex()},
    )
    content = {
        "v": 1,
        "station": str(station.id),
        "name": station.name,
        "key": f"{_PREFIX}_{key}_{secret}",
        "log": ledger_selectors.verifier_key().to_text(),
    }
    return IssuedKey(key=key, file_text=json.dumps(content, ensure_ascii=False) + "\n")


@transaction.atomic
def revoke_key(*, key: str, actor: Actor, at: datetime) -> StationKey:
    """End the key with the id `key` at once; harmless when it is ended already.

    Raises:
        StationKeyMissingError: there is no such key.
        NotAllowedError: the actor may not manage stations.
    """
    require(actor, Ability.MANAGE_STATIONS)
    found = StationKey.objects.filter(key=key).select_related("station").first()
    if found is None:
        raise StationKeyMissingError(key=key)
    if found.revoked_at is not None:
        return found
    found.revoked_at = at
    found.save(update_fields=["revoked_at"])
    ledger.record(
        type=EventType.STATION_KEY_REVOKED,
        subject=f"station/{found.station_id}",
        actor=actor,
        at=at,
        facts={"key": key},
    )
    return found


def authenticate(authorization: str) -> Caller:
    """Return the station that the header `Authorization: Bearer lhs_<key id>_<secret>` speaks for.

    A key id that is unknown and a secret that is wrong cost the same and are answered alike.

    Raises:
        KeyUnknownError: no key has this id and secret.
        KeyRevokedError: the key was right and is revoked.
    """
    scheme, _, token = authorization.partition(" ")
    prefix, _, rest = token.strip().partition("_")
    key, _, secret = rest.partition("_")
    found = StationKey.objects.filter(key=key).select_related("station").first()
    expected = _NO_SECRET if found is None else bytes(found.secret_sha256)
    is_right = hmac.compare_digest(sha256(secret.encode()), expected)
    if found is None or not is_right or scheme.lower() != "bearer" or prefix != _PREFIX:
        raise KeyUnknownError
    if found.revoked_at is not None:
        raise KeyRevokedError(key=key, revoked=format_time(found.revoked_at))
    return Caller(station=found.station, key=key, actor=Actor(kind=ActorKind.STATION, id=found.station_id))


def check_live(caller: Caller) -> None:
    """Raise `KeyRevokedError` if the caller's key was revoked meanwhile; a long request asks again and again."""
    revoked = StationKey.objects.filter(key=caller.key).values_list("revoked_at", flat=True).get()
    if revoked is not None:
        raise KeyRevokedError(key=caller.key, revoked=format_time(revoked))
