"""Acts on recordings. Each writes its ledger event in the same transaction."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from liuhen.core.digests import sha256
from liuhen.core.entry import ObjectRef
from liuhen.core.events import EventType
from liuhen.core.forms import format_time
from liuhen.server.ledger import services as ledger
from liuhen.server.recordings import index
from liuhen.server.recordings.models import Attachment, FactSource, Recording, RecordingState

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping

    from liuhen.server.kernel.actor import Actor
    from liuhen.server.ledger.models import Event
    from liuhen.server.recordings.interfaces import Analysis, NewRecording, SealedFile

__all__ = [
    "agency_zone",
    "attach",
    "enter_recording",
    "note_analysis",
    "note_digests",
    "note_received_again",
    "true_start",
    "usable_start",
]

_YEARS: Final = range(1900, 2200)
_ANALYSED: Final = (
    "kind",
    "state",
    "duration_ms",
    "media",
    "device_started",
    "device_started_source",
    "started_at",
)


def agency_zone() -> ZoneInfo:
    """Return the time zone in which the agency's devices keep their clocks."""
    return ZoneInfo(settings.TIME_ZONE)


def media_digest(media: Mapping[str, Any]) -> str:
    """Return a digest of what a probe found. Numbers out of a damaged file may be beyond what canonical JSON holds."""
    return sha256(json.dumps(media, sort_keys=True).encode()).hex()


def usable_start(declared: str) -> str:
    """Return a declared device time; "" where its year tells that it is no time of a recording."""
    return declared if declared and int(declared[:4]) in _YEARS else ""


def true_start(device_started: str, clock_error_ms: int | None, zone: ZoneInfo) -> datetime | None:
    """Take a device's wall-clock text as `zone`'s time, set it right by the clock error, and return it in UTC.

    None when the text is empty or names no time that can be reckoned with; it is kept as written all the same. An
    unknown error counts as none: the page says that it was not measured.
    """
    try:
        local = datetime.fromisoformat(device_started).replace(tzinfo=zone)
        return local.astimezone(UTC) - timedelta(milliseconds=clock_error_ms or 0)
    except (ValueError, OverflowError):
        return None


@transaction.atomic
def enter_recording(*, new: NewRecording, actor: Actor, at: datetime) -> tuple[Recording, Event]:
    """Enter a recording whose original is sealed in the vault, and its `recording:sealed` event."""
    file = new.file
    recording = Recording.objects.create(
        **_file_columns(file, at),
        kind=new.kind,
        state=RecordingState.SEALED,
        unit=new.unit,
        device=new.device,
        officer=new.officer,
        officer_code=new.officer_code,
        device_started=new.device_started,
        device_started_source=new.device_started_source,
        started_at=true_start(new.device_started, new.clock_error_ms, agency_zone()),
        clock_method=new.clock_method,
        clock_error_ms=new.clock_error_ms,
        sequence=new.sequence,
        important=new.important,
        retain_until=new.retain_until,
        facts=dict(new.facts),
    )
    event = ledger.record(
        type=EventType.RECORDING_SEALED,
        subject=f"recording/{recording.id}",
        actor=actor,
        at=at,
        objects=[_object("original", file)],
        facts={
            "collection": str(new.collection),
            "upload": str(new.upload),
            "device": str(new.device.id) if new.device else None,
            "unit": str(new.unit.id),
            "kind": new.kind.value,
            "clock_method": new.clock_method.value,
            "clock_error_ms": new.clock_error_ms,
            "retain_until": new.retain_until.date().isoformat(),
        },
        private=ledger.named_file(file.name_raw, path=file.path_raw, facts=dict(new.facts)),
    )
    index.put(recording)
    return recording, event


@transaction.atomic
def attach(
    *, recording: Recording, file: SealedFile, upload: uuid.UUID, actor: Actor, at: datetime
) -> tuple[Attachment, Event]:
    """Enter a sealed attachment of `recording`, and its `recording:attached` event."""
    attachment = Attachment.objects.create(recording=recording, **_file_columns(file, at))
    event = ledger.record(
        type=EventType.RECORDING_ATTACHED,
        subject=f"recording/{recording.id}",
        actor=actor,
        at=at,
        objects=[_object("attachment", file)],
        facts={"upload": str(upload), "attachment": str(attachment.id)},
        private=ledger.named_file(file.name_raw, path=file.path_raw, facts={}),
    )
    return attachment, event


@transaction.atomic
def note_received_again(
    *, recording: Recording, name_raw: bytes, path_raw: bytes, upload: uuid.UUID, actor: Actor, at: datetime
) -> Event:
    """Write down that the same bytes were handed in once more; they are not stored twice."""
    return ledger.record(
        type=EventType.RECORDING_RECEIVED_AGAIN,
        subject=f"recording/{recording.id}",
        actor=actor,
        at=at,
        facts={"upload": str(upload)},
        private=ledger.named_file(name_raw, path=path_raw, facts={}),
    )


@transaction.atomic
def note_digests(*, recording: Recording, sha256: str, sm3: str, actor: Actor, at: datetime) -> bool:
    """Write down both digests as the server computed them from the sealed original; return whether they agree."""
    agree = sha256 == recording.sha256 and sm3 == recording.sm3
    ledger.record(
        type=EventType.RECORDING_DIGESTED,
        subject=f"recording/{recording.id}",
        actor=actor,
        at=at,
        objects=[ObjectRef(role="original", sha256=sha256, sm3=sm3, size=recording.size, version=None)],
        facts={"agree": agree},
    )
    return agree


@transaction.atomic
def note_analysis(*, recording: Recording, analysis: Analysis, actor: Actor, at: datetime) -> None:
    """Keep what the probe found. A start time already read from the name is not replaced by the container's."""
    recording.kind = analysis.kind
    recording.state = RecordingState.ANALYSED if analysis.readable else RecordingState.UNREADABLE
    recording.duration_ms = analysis.duration_ms
    recording.media = dict(analysis.media)
    if analysis.container_started and recording.device_started_source in {"", FactSource.MTIME}:
        recording.device_started = analysis.container_started
        recording.device_started_source = FactSource.CONTAINER
        recording.started_at = true_start(recording.device_started, recording.clock_error_ms, agency_zone())
    recording.save(update_fields=_ANALYSED)
    ledger.record(
        type=EventType.RECORDING_ANALYSED if analysis.readable else EventType.RECORDING_UNREADABLE,
        subject=f"recording/{recording.id}",
        actor=actor,
        at=at,
        facts={"kind": analysis.kind.value, "duration_ms": analysis.duration_ms, "tool": analysis.tool},
        private={
            "device_started": recording.device_started,
            "device_started_source": recording.device_started_source,
            "started_at": format_time(recording.started_at) if recording.started_at else None,
            "media_sha256": media_digest(recording.media),
        },
    )
    index.put(recording)


def _file_columns(file: SealedFile, at: datetime) -> dict[str, Any]:
    return {
        "sha256": file.sha256,
        "sm3": file.sm3,
        "size": file.size,
        "name_raw": file.name_raw,
        "path_raw": file.path_raw,
        "name": file.name,
        "sealed_at": at,
    }


def _object(role: str, file: SealedFile) -> ObjectRef:
    return ObjectRef(role=role, sha256=file.sha256, sm3=file.sm3, size=file.size, version=file.version)
