"""Reads of recordings, always within what the actor may see."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Q

from liuhen.core.canonical import MAX_INTEGER
from liuhen.core.forms import format_time, parse_time
from liuhen.server.accounts.policy import Ability, allows
from liuhen.server.kernel.actor import ActorKind
from liuhen.server.recordings import index
from liuhen.server.recordings.errors import CursorError, RecordingMissingError
from liuhen.server.recordings.interfaces import RecordingOrder
from liuhen.server.recordings.models import Attachment, Recording

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from liuhen.server.devices.models import Device
    from liuhen.server.kernel.actor import Actor
    from liuhen.server.recordings.interfaces import RecordingFilter

__all__ = [
    "PAGE_SIZE",
    "Page",
    "device_seen",
    "known_addresses",
    "matching",
    "page_of",
    "recording_for",
    "visible_to",
]

PAGE_SIZE: Final = 50

_FIRST_DAY: Final = date(1970, 1, 1)
_LAST_DAY: Final = date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class Page:
    """One page of recordings; `next` leads on, None at the end."""

    rows: tuple[Recording, ...]
    next: str | None


def visible_to(actor: Actor) -> QuerySet[Recording]:
    """Return the recordings whose metadata `actor` may see: those of the actor's units, or their own."""
    rows = Recording.objects.select_related("unit", "device", "officer")
    if actor.kind is ActorKind.SYSTEM:
        return rows
    seen = Q(id__in=())
    if allows(actor, Ability.SEE_METADATA):
        seen |= Q(unit_id__in=actor.units)
    if allows(actor, Ability.SEE_OWN_METADATA):
        seen |= Q(officer_id=actor.id)
    return rows.filter(seen)


def recording_for(*, actor: Actor, recording_id: UUID) -> Recording:
    """Return one recording.

    Raises:
        RecordingMissingError: it does not exist or `actor` may not see it.
    """
    recording = visible_to(actor).filter(id=recording_id).first()
    if recording is None:
        raise RecordingMissingError(id=recording_id)
    return recording


def known_addresses(addresses: frozenset[str]) -> frozenset[str]:
    """Return those of the SHA-256 `addresses` (500 at most) that a recording or an attachment names."""
    named = {
        address
        for model in (Recording, Attachment)
        for address in model.objects.filter(sha256__in=addresses).values_list("sha256", flat=True)
    }
    return frozenset(named)


def device_seen(*, actor: Actor, device: UUID) -> Device | None:
    """Return the device, if `actor` may see a recording that was made with it."""
    row = visible_to(actor).filter(device_id=device).select_related("device").first()
    return None if row is None else row.device


def matching(
    *, actor: Actor, where: RecordingFilter, order: RecordingOrder = RecordingOrder.NEWEST
) -> QuerySet[Recording]:
    """Return all recordings that `where` admits and `actor` may see, in `order`."""
    sign = "-" if order.descends else ""
    return _narrow(visible_to(actor), where).order_by(f"{sign}{order.column}", f"{sign}id")


def page_of(
    *, actor: Actor, where: RecordingFilter, order: RecordingOrder = RecordingOrder.NEWEST, after: str = ""
) -> Page:
    """Return up to `PAGE_SIZE` recordings that `where` admits, in `order`, after the cursor `after`.

    Raises:
        CursorError: `after` is not a cursor of ours, or of another order.
    """
    rows = matching(actor=actor, where=where, order=order)
    if after:
        value, last = _decode(order, after)
        step = "lt" if order.descends else "gt"
        beyond = Q(**{f"{order.column}__{step}": value})
        rows = rows.filter(beyond | Q(**{order.column: value, f"id__{step}": last}))
    found = list(rows[: PAGE_SIZE + 1])
    more = len(found) > PAGE_SIZE
    found = found[:PAGE_SIZE]
    return Page(rows=tuple(found), next=_encode(order, found[-1]) if more else None)


def _narrow(rows: QuerySet[Recording], where: RecordingFilter) -> QuerySet[Recording]:
    equal = {"kind": where.kind, "state": where.state, "officer_id": where.officer, "device_id": where.device}
    rows = rows.filter(**{name: value for name, value in equal.items() if value is not None})
    if where.unattributed:
        rows = rows.filter(officer__isnull=True)
    if where.important:
        rows = rows.filter(important=True)
    if where.sealed_from is not None:
        rows = rows.filter(sealed_at__gte=_midnight(where.sealed_from))
    if where.sealed_to is not None:
        rows = rows.filter(sealed_at__lt=_midnight(where.sealed_to) + timedelta(days=1))
    if where.text.strip():
        condition = index.matching(where.text)
        if condition is None:
            return rows.none()
        sql, parameters = condition
        rows = rows.extra(where=[sql], params=parameters)  # noqa: S610 - the SQL is a constant of `index`
    return rows


def _midnight(day: date) -> datetime:
    within = min(max(day, _FIRST_DAY), _LAST_DAY)  # the ends of the calendar have no UTC time
    return datetime.combine(within, time(), tzinfo=ZoneInfo(settings.TIME_ZONE))


def _encode(order: RecordingOrder, row: Recording) -> str:
    value = format_time(row.sealed_at) if order.column == "sealed_at" else str(row.size)
    return base64.urlsafe_b64encode(f"{order}|{value}|{row.id.hex}".encode()).decode()


def _decode(order: RecordingOrder, cursor: str) -> tuple[datetime | int, UUID]:
    try:
        of, value, last = base64.urlsafe_b64decode(cursor.encode()).decode("ascii").split("|")
        if of != order:
            raise CursorError(cursor=cursor[:60])
        return parse_time(value) if order.column == "sealed_at" else _size(value), UUID(last)
    except ValueError as error:
        raise CursorError(cursor=cursor[:60]) from error


def _size(text: str) -> int:
    """Return a size that the database can compare with.

    Raises:
        ValueError: `text` is no such number.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_INTEGER))):
        raise ValueError("a size is a whole number")
    return int(text)
