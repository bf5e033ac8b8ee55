"""The seal: from bytes that lie staged to a recording, a ledger event and a receipt.

Order (invariants 1 and 2), and what a crash after each step leaves for the next call to go on from:

1. The staged bytes are durable and their digest is the declared one. Nothing has changed.
2. `Store.seal`: the original is durable under its address. The staging area remembers; no row names the object yet.
3. One transaction: recording, ledger event, analysis job, upload. The receipt can be built from the ledger.
4. The staging area is cleared. If it is not, the sweep does it.
5. A checkpoint covers the event; the receipt is stored and handed over.

A call at any point does what is left to do.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction

from liuhen.core.events import EventType
from liuhen.server.accounts.selectors import person_by_certificate
from liuhen.server.devices.models import Device
from liuhen.server.intake import services
from liuhen.server.intake.declared import kept_code
from liuhen.server.intake.errors import (
    DigestMismatchError,
    OriginalNotSealedError,
    ReceiptUnknownError,
    SealDiffersError,
    UploadIncompleteError,
    UploadLockedError,
)
from liuhen.server.intake.interfaces import SealOutcome
from liuhen.server.intake.messages import parse_declaration
from liuhen.server.intake.models import KEPT, FileRole, Upload, UploadState
from liuhen.server.ledger import selectors as ledger_selectors
from liuhen.server.ledger import services as ledger
from liuhen.server.media.tasks import enqueue_analysis
from liuhen.server.recordings import services as recordings
from liuhen.server.recordings.interfaces import NewRecording, SealedFile
from liuhen.server.recordings.models import Attachment, ClockMethod, Recording, RecordingKind
from liuhen.server.vault.errors import StageLockedError, VaultError

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from liuhen.server.intake.interfaces import Caller, Declaration, SealRequest
    from liuhen.server.vault.interfaces import Sealed, Staged, Store

__all__ = ["receipt_for", "seal_upload"]

_EVENT_OF: Final = {FileRole.ORIGINAL: EventType.RECORDING_SEALED, FileRole.ATTACHMENT: EventType.RECORDING_ATTACHED}


def seal_upload(
    *, upload: uuid.UUID, request: SealRequest, caller: Caller, store: Store, at: datetime, wait_s: float
) -> SealOutcome:
    """Seal a whole upload and return its receipt; wait at most `wait_s` seconds for the checkpoint.

    Raises:
        UploadUnknownError, UploadExpiredError: there is no such upload any more.
        UploadIncompleteError: it is not whole, or not as long as `request` says.
        DigestMismatchError: its bytes are others; it is discarded.
        SealDiffersError: it was sealed before as something else.
        OriginalNotSealedError: it is an attachment, and its original is not sealed.
        UploadLockedError: another process is at work on it.
        LedgerBehindError: it is sealed, but the checkpoint is late.
        VaultError: the vault could not take it; what was received is safe.
    """
    found = services.find_upload(upload=upload, caller=caller, at=at)
    now = found.state not in KEPT
    if now:
        try:
            with store.stage(str(upload)) as staged:
                found = _seal(found, staged, request, caller=caller, store=store, at=at)
        except StageLockedError as error:
            raise UploadLockedError(upload=upload) from error
    elif found.received_sha256 != request.sha256 or found.length != request.size:
        raise SealDiffersError(upload=upload, sealed=found.received_sha256, declared=request.sha256)
    return SealOutcome(receipt=_receipt(found, wait_s), now=now, duplicate=found.state == UploadState.DUPLICATE)


def receipt_for(*, upload: uuid.UUID, caller: Caller, at: datetime, wait_s: float) -> bytes:
    """Return the receipt of a sealed upload.

    Raises:
        UploadUnknownError, UploadExpiredError: there is no such upload any more.
        ReceiptUnknownError: it is not sealed.
        LedgerBehindError: it is sealed, but the checkpoint is late.
    """
    found = services.find_upload(upload=upload, caller=caller, at=at)
    if found.state not in KEPT:
        raise ReceiptUnknownError(upload=upload)
    return _receipt(found, wait_s)


def _seal(found: Upload, staged: Staged, request: SealRequest, *, caller: Caller, store: Store, at: datetime) -> Upload:
    original = _original_of(found)
    _check_size(found, staged.size, request.size)
    received = staged.sha256()
    if received != request.sha256:
        services.refuse_upload(
            upload=found,
            declared_sha256=request.sha256,
            received_sha256=received,
            size=staged.size,
            actor=caller.actor,
            at=at,
        )
        _clear(staged)
        raise DigestMismatchError(key=str(found.id), declared=request.sha256, received=received)
    sealed = store.seal(
        staged,
        sha256=received,
        size=request.size,
        retain_until=_term(original or Recording.objects.filter(sha256=received).first(), at),
        at=at,
    )
    done = _enter(found.id, sealed, request.sm3, original, caller=caller, at=at)
    _clear(staged)
    return done


def _original_of(found: Upload) -> Recording | None:
    """Return the recording that an attachment belongs to; None for an original."""
    if found.attached_to is None:
        return None
    original = (
        Upload.objects.filter(id=found.attached_to, collection__station=found.collection.station, state__in=KEPT)
        .select_related("recording")
        .first()
    )
    if original is None or original.recording is None:
        raise OriginalNotSealedError(upload=found.id, original=found.attached_to)
    return original.recording


def _check_size(found: Upload, received: int, declared: int) -> None:
    if received != found.length:
        raise UploadIncompleteError(upload=found.id, declared=found.length, received=received)
    if received != declared:
        raise UploadIncompleteError(upload=found.id, declared=declared, received=received)


def _clear(staged: Staged) -> None:
    """Remove the staging area; where the storage fails at that, the sweep does it later."""
    with suppress(VaultError):
        staged.discard()


def _term(known: Recording | None, at: datetime) -> datetime:
    """Return until when the bytes are to be kept: as the recording they belong to, or the rule's floor from now."""
    if known is not None:
        return known.retain_until
    return at + timedelta(days=settings.INSTANCE.settings.retention_floor_days)


@transaction.atomic
def _enter(
    upload: uuid.UUID, sealed: Sealed, sm3: str, original: Recording | None, *, caller: Caller, at: datetime
) -> Upload:
    """Write what was sealed into the rows and the ledger; whatever another process wrote meanwhile stands."""
    found = services.find_upload(upload=upload, caller=caller, at=at, lock=True)
    if found.state in KEPT:
        return found
    declaration = parse_declaration(found.declaration)
    file = SealedFile(
        sha256=sealed.sha256,
        sm3=sm3,
        size=sealed.size,
        name_raw=declaration.name,
        path_raw=declaration.path,
        name=found.name,
        version=sealed.version,
    )
    if original is None:
        recording, event = _enter_original(found, declaration, file, caller=caller, at=at)
    else:
        recording, event = original, _enter_attachment(found, original, file, caller=caller, at=at)
    if event is None:
        found.state = UploadState.DUPLICATE
        event = _first_event(recording, file, _EVENT_OF[declaration.role])
        recordings.note_received_again(
            recording=recording,
            name_raw=declaration.name,
            path_raw=declaration.path,
            upload=upload,
            actor=caller.actor,
            at=at,
        )
    else:
        found.state = UploadState.SEALED
    found.recording = recording
    found.event = event
    found.ended_at = at
    found.received_sha256 = sealed.sha256
    found.save(update_fields=["state", "recording", "event", "ended_at", "received_sha256"])
    return found


def _enter_original(
    found: Upload, declaration: Declaration, file: SealedFile, *, caller: Caller, at: datetime
) -> tuple[Recording, uuid.UUID | None]:
    """Return the recording of these bytes and its event; None in place of the event where it was there before."""
    known = Recording.objects.filter(sha256=file.sha256).first()
    if known is not None:
        return known, None
    new = _new_recording(found, declaration, file, retain_until=_term(None, at))
    recording, event = recordings.enter_recording(new=new, actor=caller.actor, at=at)
    enqueue_analysis(recording.id)
    return recording, event.id


def _enter_attachment(
    found: Upload, original: Recording, file: SealedFile, *, caller: Caller, at: datetime
) -> uuid.UUID | None:
    if Attachment.objects.filter(recording=original, sha256=file.sha256).exists():
        return None
    _, event = recordings.attach(recording=original, file=file, upload=found.id, actor=caller.actor, at=at)
    return event.id


def _first_event(recording: Recording, file: SealedFile, kind: EventType) -> uuid.UUID:
    event = ledger_selectors.sealing_event(f"recording/{recording.id}", sha256=file.sha256, type=kind)
    if event is None:
        raise RuntimeError(f"recording {recording.id} has a row and no {kind} event")
    return event.id


def _new_recording(
    found: Upload, declaration: Declaration, file: SealedFile, *, retain_until: datetime
) -> NewRecording:
    facts = {name: fact["value"] for name, fact in declaration.facts.items()}
    collection = found.collection
    device = collection.device or Device.objects.filter(serial=facts.get("device_serial", "")).first()
    code = facts.get("officer_code", "")
    officer = person_by_certificate(code) if code else None
    started = recordings.usable_start(facts.get("started", ""))
    unit = officer.unit if officer else None
    return NewRecording(
        file=file,
        kind=RecordingKind(facts.get("kind", RecordingKind.UNKNOWN)),
        unit=unit or (device.unit if device else None) or collection.station.unit,
        device=device,
        officer=officer,
        officer_code=kept_code(code),
        device_started=started,
        device_started_source=declaration.facts["started"]["source"] if started else "",
        clock_method=ClockMethod(collection.clock_method),
        clock_error_ms=collection.clock_error_ms,
        sequence=facts.get("sequence"),
        important=facts.get("important", False),
        retain_until=retain_until,
        facts=declaration.facts,
        collection=collection.id,
        upload=found.id,
    )


def _receipt(found: Upload, wait_s: float) -> bytes:
    """Return the receipt of a sealed upload, the first of its event; built, once, when there is none yet."""
    if found.event is None:
        raise RuntimeError(f"upload {found.id} is not sealed")
    first = Upload.objects.filter(event=found.event, receipt__isnull=False).values_list("receipt", flat=True).first()
    if first is not None:
        return bytes(first)
    event = ledger.wait_sequenced(found.event, timeout_s=wait_s)
    return _keep_first(found, ledger_selectors.receipt_of(event))


@transaction.atomic
def _keep_first(found: Upload, receipt: bytes) -> bytes:
    """Keep `receipt` with the upload unless another seal of the same event kept one meanwhile; return the one kept."""
    same = Upload.objects.select_for_update().filter(event=found.event).order_by("id")
    kept = next((bytes(upload.receipt) for upload in same if upload.receipt is not None), None)
    if kept is None:
        Upload.objects.filter(id=found.id).update(receipt=receipt)
    return kept or receipt
