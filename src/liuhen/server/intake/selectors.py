"""Reads of intake: stations, collections with their live progress, receipts; always within what the actor may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db.models import Count, Q, Sum

from liuhen.core.forms import is_uuid
from liuhen.server.accounts.policy import Ability, require
from liuhen.server.intake import live
from liuhen.server.intake.errors import CollectionMissingError
from liuhen.server.intake.interfaces import CollectionProgress, CollectionSummary, FileProgress, Skipped, StationRow
from liuhen.server.intake.models import ENDED, KEPT, Collection, FileRole, Station, Upload, UploadState
from liuhen.server.recordings.models import ClockMethod
from liuhen.server.vault import stores

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from uuid import UUID

    from django.db.models import QuerySet

    from liuhen.server.kernel.actor import Actor

__all__ = [
    "RECENT",
    "live_uploads",
    "progress",
    "recent_collections",
    "stations",
]

RECENT: Final = 50


def live_uploads(keys: frozenset[str]) -> frozenset[str]:
    """Return those of the staging `keys` (500 at most) that belong to uploads which may still receive or be sealed."""
    uploads = filter(is_uuid, keys)
    rows = Upload.objects.filter(id__in=uploads, state=UploadState.RECEIVING).values_list("id", flat=True)
    return frozenset(str(upload) for upload in rows)


def stations(*, actor: Actor) -> tuple[StationRow, ...]:
    """Return all stations by name, with their keys, newest first.

    Raises:
        NotAllowedError: the actor may not manage stations.
    """
    require(actor, Ability.MANAGE_STATIONS)
    return tuple(
        StationRow(
            id=station.id,
            name=station.name,
            unit=station.unit.name,
            registered_at=station.registered_at,
            keys=tuple(station.keys.order_by("-made_at", "-id").values_list("key", "made_at", "revoked_at")),
        )
        for station in Station.objects.select_related("unit").order_by("name")
    )


def recent_collections(*, actor: Actor, limit: int = RECENT) -> tuple[CollectionSummary, ...]:
    """Return the newest collections of the actor's units, newest first.

    Raises:
        NotAllowedError: the actor may not see intake.
    """
    rows = list(_visible(actor).order_by("-opened_at", "-id")[:limit])
    receiving: dict[UUID, list[Upload]] = {}
    for upload in Upload.objects.filter(collection__in=rows, state=UploadState.RECEIVING):
        receiving.setdefault(upload.collection_id, []).append(upload)
    staged = _staged_sizes([upload for uploads in receiving.values() for upload in uploads])
    counts = _counts(rows)
    return tuple(_summary(row, counts.get(row.id, {}), receiving.get(row.id, []), staged) for row in rows)


def progress(*, actor: Actor, collection_id: UUID) -> CollectionProgress:
    """Return one collection with its files, in the order in which they were declared.

    Raises:
        NotAllowedError: the actor may not see intake.
        CollectionMissingError: there is none, or it is another unit's.
    """
    row = _visible(actor).filter(id=collection_id).first()
    if row is None:
        raise CollectionMissingError(id=collection_id)
    uploads = list(row.uploads.order_by("created_at", "id"))
    receiving = [upload for upload in uploads if upload.state == UploadState.RECEIVING]
    staged = _staged_sizes(receiving)
    summary = row.summary or {"skipped": [], "cleared": []}
    return CollectionProgress(
        summary=_summary(row, _counts([row]).get(row.id, {}), receiving, staged),
        files=tuple(_file(upload, staged) for upload in uploads),
        skipped=tuple(Skipped(item["name"], item["reason"]) for item in summary["skipped"]),
        cleared=len(summary["cleared"]),
    )


def _visible(actor: Actor) -> QuerySet[Collection]:
    require(actor, Ability.SEE_INTAKE)
    rows = Collection.objects.select_related("station__unit", "device")
    return rows if actor.id is None else rows.filter(station__unit_id__in=actor.units)


def _counts(rows: Iterable[Collection]) -> dict[UUID, dict[str, int]]:
    """Return, for each collection, how many files and bytes stand in which way."""
    held = Q(state__in=KEPT)
    found = (
        Upload.objects.filter(collection__in=list(rows))
        .values("collection_id")
        .annotate(
            files=Count("id"),
            sealed=Count("id", filter=held),
            duplicates=Count("id", filter=Q(state=UploadState.DUPLICATE)),
            ended=Count("id", filter=Q(state__in=ENDED)),
            bytes=Sum("length", default=0, filter=~Q(state__in=ENDED)),
            held=Sum("length", default=0, filter=held),
        )
    )
    names = ("files", "sealed", "duplicates", "ended", "bytes", "held")
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in found.values_list("collection_id", *names)}


def _staged_sizes(receiving: Iterable[Upload]) -> dict[UUID, int]:
    """Return what lies staged of those uploads of which this process has seen no byte."""
    unseen = {str(upload.id): upload.id for upload in receiving if live.look(upload.id) is None}
    if not unseen:
        return {}
    return {unseen[area.key]: area.size for area in stores.originals().staged() if area.key in unseen}


def _received(upload: Upload, staged: Mapping[UUID, int]) -> int:
    if upload.state in KEPT:
        return upload.length
    if upload.state in ENDED:
        return 0
    seen = live.look(upload.id)
    return staged.get(upload.id, 0) if seen is None else min(seen.received, upload.length)


def _rate(upload: Upload) -> float:
    seen = live.look(upload.id) if upload.state == UploadState.RECEIVING else None
    return 0.0 if seen is None else seen.rate


def _summary(
    row: Collection, counts: Mapping[str, int], receiving: Iterable[Upload], staged: Mapping[UUID, int]
) -> CollectionSummary:
    rate = sum(_rate(upload) for upload in receiving)
    return CollectionSummary(
        id=row.id,
        station=row.station.name,
        unit=row.station.unit.name,
        device=row.device.serial if row.device else "",
        clock_method=ClockMethod(row.clock_method),
        clock_error_ms=row.clock_error_ms,
        carried=row.carried_from is not None,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        files=counts.get("files", 0),
        sealed=counts.get("sealed", 0),
        duplicates=counts.get("duplicates", 0),
        ended=counts.get("ended", 0),
        bytes=counts.get("bytes", 0),
        received=counts.get("held", 0) + sum(_received(upload, staged) for upload in receiving),
        rate=rate,
        live=rate > 0,
    )


def _file(upload: Upload, staged: Mapping[UUID, int]) -> FileProgress:
    seen = live.look(upload.id)
    return FileProgress(
        upload=upload.id,
        name=upload.name,
        role=FileRole(upload.role),
        state=UploadState(upload.state),
        length=upload.length,
        received=_received(upload, staged),
        rate=_rate(upload),
        checking=upload.state == UploadState.RECEIVING and seen is not None and seen.checking,
        created_at=upload.created_at,
        ended_at=upload.ended_at,
        recording=upload.recording_id,
        has_receipt=upload.event is not None,
    )
