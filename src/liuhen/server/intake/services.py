"""Acts of intake but the seal: collections, uploads made and given up. Stations and keys are in `stations`.

Each act is one transaction with its ledger event. Bytes are not this module's business: an upload's staging area may be
there or not, and whoever ends an upload removes the area after the row says so.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum

from liuhen.core.canonical import canonical
from liuhen.core.errors import both
from liuhen.core.events import EventType
from liuhen.core.forms import format_time
from liuhen.server.devices import services as devices
from liuhen.server.devices.models import DeviceKind
from liuhen.server.intake.declared import shown_name
from liuhen.server.intake.ending import end_upload, is_overdue
from liuhen.server.intake.errors import (
    CollectionDiffersError,
    CollectionUnknownError,
    StationQuotaError,
    UploadDiffersError,
    UploadExpiredError,
    UploadSealedError,
    UploadTooLargeError,
    UploadUnknownError,
)
from liuhen.server.intake.interfaces import Caller, CollectionClosing, CollectionOpening, Created, Declaration
from liuhen.server.intake.models import ENDED, KEPT, Collection, Upload, UploadState
from liuhen.server.intake.schedule import schedule_sweep
from liuhen.server.ledger import services as ledger
from liuhen.server.vault.errors import VaultFullError

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping
    from datetime import datetime

    from liuhen.server.devices.models import Device
    from liuhen.server.kernel.actor import Actor

__all__ = [
    "close_collection",
    "create_upload",
    "discard_upload",
    "find_upload",
    "is_half_over",
    "open_collection",
    "prolong_upload",
    "refuse_upload",
    "upload_of",
]

_UPLOADS: Final = both("在传文件数", "files under way")
_BYTES: Final = both("在传字节数", "bytes under way")


@transaction.atomic
def open_collection(*, collection: uuid.UUID, opening: CollectionOpening, caller: Caller, at: datetime) -> bool:
    """Open a collection and return True; return False where it is open already with the same content.

    A device that the register does not know is entered into it, and its clock error is kept with it.

    Raises:
        CollectionDiffersError: the uuid stands for another collection.
    """
    known = Collection.objects.filter(id=collection).first()
    if known is not None:
        if known.station_id == caller.station.id and _same(known.opening, opening.body):
            return False
        raise CollectionDiffersError(collection=collection)
    device = _device(opening, caller, at)
    clock = opening.clock
    Collection.objects.create(
        id=collection,
        station=caller.station,
        device=device,
        clock_method=clock.method,
        clock_error_ms=clock.error_ms,
        clock_measured_at=clock.measured,
        clock_uncertainty_ms=clock.uncertainty_ms,
        carried_from=opening.carried_from,
        opened_at=at,
        opening=dict(opening.body),
    )
    ledger.record(
        type=EventType.COLLECTION_OPENED,
        subject=f"collection/{collection}",
        actor=caller.actor,
        at=at,
        facts={
            "device": str(device.id) if device else None,
            "clock_method": clock.method.value,
            "clock_error_ms": clock.error_ms,
            "carried_from": str(opening.carried_from) if opening.carried_from else None,
        },
        private=opening.body,
    )
    return True


def _device(opening: CollectionOpening, caller: Caller, at: datetime) -> Device | None:
    if opening.device is None:
        return None
    device = devices.register_device(
        serial=opening.device, kind=DeviceKind.UNKNOWN, unit=caller.station.unit, actor=caller.actor, at=at
    )
    clock = opening.clock
    if clock.error_ms is not None:
        devices.note_clock(device=device, error_ms=clock.error_ms, measured_at=clock.measured or at)
    return device


@transaction.atomic
def close_collection(*, collection: uuid.UUID, closing: CollectionClosing, caller: Caller, at: datetime) -> None:
    """End a collection with its summary. The same summary once more changes nothing; another one replaces it.

    Raises:
        CollectionUnknownError: the station has opened no such collection.
    """
    row = Collection.objects.filter(id=collection, station=caller.station).first()
    if row is None:
        raise CollectionUnknownError(collection=collection)
    if row.summary is not None and _same(row.summary, closing.body):
        return
    row.summary = dict(closing.body)
    row.closed_at = at
    row.save(update_fields=["summary", "closed_at"])
    ledger.record(
        type=EventType.COLLECTION_CLOSED,
        subject=f"collection/{collection}",
        actor=caller.actor,
        at=at,
        facts={"taken": closing.taken, "skipped": closing.skipped, "cleared": closing.cleared},
        private=closing.body,
    )


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return canonical(dict(one)) == canonical(dict(other))


@transaction.atomic
def create_upload(
    *, declaration: Declaration, length: int, metadata: str, free_bytes: int, caller: Caller, at: datetime
) -> Created:
    """Make an upload; where it is there already with the same content, return it as it is.

    An upload that was discarded or expired begins anew under its own uuid; its staging area must be empty by then.
    `free_bytes` is what the vault may still take.

    Raises:
        CollectionUnknownError: the station has opened no such collection.
        UploadDiffersError: the uuid stands for another file, or for another station's.
        UploadTooLargeError, StationQuotaError, VaultFullError: there is no room for it.
    """
    known = Upload.objects.filter(id=declaration.upload).select_related("collection").first()
    if known is not None:
        if known.collection.station_id != caller.station.id or not _is_repeat(known, declaration, length):
            raise UploadDiffersError(upload=declaration.upload)
        if known.state not in ENDED and not is_overdue(known, at):
            return Created(upload=known, made=False)
    elif not Collection.objects.filter(id=declaration.collection, station=caller.station).exists():
        raise CollectionUnknownError(collection=declaration.collection)
    _check_room(declaration.upload, length, free_bytes=free_bytes, caller=caller)
    upload = known or Upload(
        id=declaration.upload,
        collection_id=declaration.collection,
        role=declaration.role,
        attached_to=declaration.attached_to,
        name=shown_name(declaration.name),
        length=length,
        declaration=dict(declaration.body),
        created_at=at,
    )
    made = known is None or known.state in ENDED
    upload.metadata = metadata
    upload.state = UploadState.RECEIVING
    upload.ended_at = None
    upload.received_sha256 = ""
    upload.expires_at = _expiry(at)
    upload.save(force_insert=known is None)
    schedule_sweep(upload.expires_at)
    return Created(upload=upload, made=made)


def _is_repeat(known: Upload, declaration: Declaration, length: int) -> bool:
    return known.length == length and _same(known.declaration, declaration.body)


def _expiry(at: datetime) -> datetime:
    return at + timedelta(hours=settings.INSTANCE.settings.upload_expiry_hours)


def _check_room(upload: uuid.UUID, length: int, *, free_bytes: int, caller: Caller) -> None:
    own = settings.INSTANCE.settings
    if length > own.upload_limit_bytes:
        raise UploadTooLargeError(length=length, limit=own.upload_limit_bytes)
    under_way = (
        Upload.objects.filter(collection__station=caller.station, state=UploadState.RECEIVING)
        .exclude(id=upload)
        .aggregate(count=Count("id"), bytes=Sum("length", default=0))
    )
    if under_way["count"] >= own.station_open_uploads:
        raise StationQuotaError(what=_UPLOADS, used=under_way["count"], limit=own.station_open_uploads)
    if under_way["bytes"] + length > own.station_staged_bytes:
        raise StationQuotaError(what=_BYTES, used=under_way["bytes"], limit=own.station_staged_bytes)
    if free_bytes - length < own.vault_reserve_bytes:
        raise VaultFullError(where=str(upload))


def upload_of(*, upload: uuid.UUID, caller: Caller, lock: bool = False) -> Upload:
    """Return an upload of the calling station, in whatever state; with `lock`, to be changed in this transaction.

    Raises:
        UploadUnknownError: the station has none of this uuid.
    """
    found = (
        (Upload.objects.select_for_update(of=("self",)) if lock else Upload.objects)
        .filter(id=upload, collection__station=caller.station)
        .select_related("collection__device", "collection__station__unit", "recording")
        .first()
    )
    if found is None:
        raise UploadUnknownError(upload=upload)
    return found


def find_upload(*, upload: uuid.UUID, caller: Caller, at: datetime, lock: bool = False) -> Upload:
    """Return an upload of the calling station that still stands: receiving in time, or sealed.

    With `lock`, it is to be changed in this transaction.

    Raises:
        UploadUnknownError: the station has none of this uuid, or it was discarded.
        UploadExpiredError: it was not finished in time.
    """
    found = upload_of(upload=upload, caller=caller, lock=lock)
    if found.state == UploadState.DISCARDED:
        raise UploadUnknownError(upload=upload)
    if found.state == UploadState.EXPIRED or is_overdue(found, at):
        raise UploadExpiredError(upload=upload, expired=format_time(found.expires_at))
    return found


def is_half_over(upload: Upload, at: datetime) -> bool:
    """Tell whether half of an upload's time has passed."""
    return upload.expires_at - at < timedelta(hours=settings.INSTANCE.settings.upload_expiry_hours) / 2


@transaction.atomic
def prolong_upload(*, upload: Upload, at: datetime) -> None:
    """Give an upload that is still moving its whole time again."""
    expires_at = _expiry(at)
    Upload.objects.filter(id=upload.id, state=UploadState.RECEIVING).update(expires_at=expires_at)
    upload.expires_at = expires_at
    schedule_sweep(expires_at)


@transaction.atomic
def refuse_upload(
    *, upload: Upload, declared_sha256: str, received_sha256: str, size: int, actor: Actor, at: datetime
) -> None:
    """End an upload whose bytes are not what its station declares."""
    facts = {"declared": declared_sha256, "received": received_sha256, "size": size}
    upload.received_sha256 = received_sha256
    end_upload(upload, UploadState.DISCARDED, "digest-mismatch", actor=actor, at=at, facts=facts)


@transaction.atomic
def discard_upload(*, upload: uuid.UUID, caller: Caller, at: datetime) -> Upload:
    """Give up an upload, as its station asks.

    Raises:
        UploadUnknownError: the station has none of this uuid, or it was discarded before.
        UploadExpiredError: it was not finished in time.
        UploadSealedError: it was sealed.
    """
    found = find_upload(upload=upload, caller=caller, at=at, lock=True)
    if found.state in KEPT:
        raise UploadSealedError(upload=upload)
    end_upload(found, UploadState.DISCARDED, "given-up", actor=caller.actor, at=at)
    return found
