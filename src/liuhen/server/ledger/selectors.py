"""Reads of the ledger: custody chains, proofs, checkpoints, how the integrator fares."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.conf import settings

from liuhen.core.digests import hmac_sha256
from liuhen.core.entry import Entry
from liuhen.core.reasons import reason_of
from liuhen.core.receipt import build_receipt
from liuhen.core.tlog.checkpoint import open_checkpoint
from liuhen.core.tlog.errors import KeyFormatError, TlogError
from liuhen.core.tlog.merkle import inclusion_proof, leaf_hash, verify_inclusion
from liuhen.core.tlog.note import VerifierKey
from liuhen.core.tlog.proof import TlogProof
from liuhen.core.tlog.tiles import CHECKPOINT_PATH, TileHashReader
from liuhen.server.ledger.errors import LedgerBehindError, LedgerFilesError, NoCheckpointError, damage_of
from liuhen.server.ledger.files import KEY_PATH, LedgerFolder
from liuhen.server.ledger.interfaces import ChainLink, PublishedCheckpoint
from liuhen.server.ledger.models import CheckpointRow, Event

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from liuhen.core.events import EventType

__all__ = [
    "custody_chain",
    "details_of",
    "entry_bytes",
    "event_by_id",
    "latest_checkpoint",
    "latest_note",
    "ledger_folder",
    "ledger_subject",
    "newest_time",
    "opened_commitment",
    "proof_of",
    "receipt_of",
    "sealing_event",
    "verifier_key",
]


def ledger_folder() -> LedgerFolder:
    """Return the folder of this instance's ledger."""
    return LedgerFolder(settings.INSTANCE.ledger)


def verifier_key() -> VerifierKey:
    """Return the key that checks this ledger's checkpoints.

    Raises:
        NoCheckpointError: no ledger was begun.
        LedgerFilesError: the key's file cannot be read, or is damaged.
    """
    folder = ledger_folder()
    try:
        return VerifierKey.from_text(folder.read(KEY_PATH).decode("ascii").strip())
    except FileNotFoundError as error:
        raise NoCheckpointError(path=folder.root) from error
    except (OSError, UnicodeDecodeError, KeyFormatError) as error:
        raise LedgerFilesError(path=folder.root / KEY_PATH, problem=reason_of(error)) from error


def ledger_subject() -> str:
    """Return `ledger/<uuid>`, the subject of the ledger's own events; the uuid ends the ledger's origin."""
    return f"ledger/{verifier_key().name.rpartition('/')[2]}"


def latest_note() -> bytes:
    """Return the newest published checkpoint's bytes.

    Raises:
        NoCheckpointError: no ledger was begun.
        LedgerFilesError: the checkpoint cannot be read.
    """
    folder = ledger_folder()
    try:
        return folder.read(CHECKPOINT_PATH)
    except FileNotFoundError as error:
        raise NoCheckpointError(path=folder.root) from error
    except OSError as error:
        raise LedgerFilesError(path=folder.root / CHECKPOINT_PATH, problem=reason_of(error)) from error


def latest_checkpoint() -> PublishedCheckpoint:
    """Return the newest checkpoint, its signature checked. A new ledger has one of the empty tree.

    Raises:
        NoCheckpointError: no ledger was begun.
        TlogError: it is damaged or signed by another key.
    """
    note = latest_note()
    checkpoint = open_checkpoint(note, verifier_key())
    at = CheckpointRow.objects.filter(size=checkpoint.size).values_list("at", flat=True).first()
    return PublishedCheckpoint(origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root, note=note, at=at)


def newest_time() -> datetime | None:
    """Return the time of the newest event; None in an empty ledger."""
    return Event.objects.order_by("-seq").values_list("time", flat=True).first()


def event_by_id(event_id: uuid.UUID) -> Event | None:
    """Return one event; None when there is none of this id."""
    return Event.objects.filter(id=event_id).first()


def sealing_event(subject: str, *, sha256: str, type: EventType) -> Event | None:  # noqa: A002 - the entry's own word
    """Return the subject's event of `type` whose object has this digest; None when there is none."""
    for event in Event.objects.filter(subject=subject, type=type.value).order_by("n"):
        if any(item.sha256 == sha256 for item in Entry.from_bytes(bytes(event.leaf)).objects):
            return event
    return None


def entry_bytes(event: Event) -> bytes:
    """Return the exact leaf bytes."""
    return bytes(event.leaf)


def opened_commitment(event: Event) -> dict[str, Any] | None:
    """Return `{"salt": hex, "details": {...}}`, which opens the entry's private commitment; None where it has none."""
    if event.salt is None or event.private is None:
        return None
    return {"salt": bytes(event.salt).hex(), "details": json.loads(bytes(event.private))}


def details_of(entries: Iterable[Entry]) -> dict[uuid.UUID, Mapping[str, Any]]:
    """Return, by event id, the private details of entries (512 at most), those alone that open their commitments.

    For comparing rows with the ledger; of what opens nothing, fsck itself says so.
    """
    due = {entry.id: entry.private for entry in entries if entry.private is not None}
    found: dict[uuid.UUID, Mapping[str, Any]] = {}
    for one, salt, private in Event.objects.filter(id__in=due).values_list("id", "salt", "private"):
        # Whoever edits the columns need not keep to their types.
        if isinstance(salt, bytes | memoryview) and isinstance(private, bytes | memoryview):
            details = bytes(private)
            if hmac_sha256(bytes(salt), details).hex() == due[one]:
                found[one] = json.loads(details)
    return found


def proof_of(event: Event, *, note: bytes | None = None) -> TlogProof:
    """Return the proof of an event against the checkpoint `note`, the newest by default.

    It is verified before it is handed out. Whoever gives several proofs away together takes one note for all.

    Raises:
        LedgerBehindError: no checkpoint covers the event yet.
        LedgerFilesError: the ledger's files do not prove the event: they are damaged or were altered.
    """
    if event.index is None:
        raise LedgerBehindError(event=event.id)
    folder, note = ledger_folder(), note or latest_note()
    try:
        checkpoint = open_checkpoint(note, verifier_key())
        if event.index >= checkpoint.size:
            raise LedgerBehindError(event=event.id)
        tiles = TileHashReader(folder, checkpoint.size)
        hashes = inclusion_proof(event.index, checkpoint.size, tiles)
        verify_inclusion(
            leaf=leaf_hash(bytes(event.leaf)),
            index=event.index,
            size=checkpoint.size,
            proof=hashes,
            root=checkpoint.root,
        )
    except (TlogError, LookupError, OSError) as error:
        raise LedgerFilesError(path=folder.root, problem=damage_of(error)) from error
    return TlogProof(event.index, tuple(hashes), note)


def receipt_of(event: Event) -> bytes:
    """Return a receipt of a sealing against the newest checkpoint (docs/spec/receipt.md).

    Raises:
        LedgerBehindError, LedgerFilesError: see `proof_of`.
        ValueError: the event is none that receipts tell of.
    """
    opening = opened_commitment(event)
    if opening is None:
        raise ValueError(f"event {event.id} commits to no details")
    return build_receipt(
        entry=entry_bytes(event),
        proof=proof_of(event),
        salt=bytes.fromhex(opening["salt"]),
        details=opening["details"],
    )


def custody_chain(subject: str) -> tuple[ChainLink, ...]:
    """Return every event of `subject`, oldest first, with its private details.

    It asks nobody who may see them: the caller has found the subject within its actor's scope.
    """
    return tuple(_link(event) for event in Event.objects.filter(subject=subject).order_by("n"))


def _link(event: Event) -> ChainLink:
    entry = Entry.from_bytes(bytes(event.leaf))
    opening = opened_commitment(event)
    return ChainLink(
        id=event.id,
        type=entry.type,
        time=entry.time,
        subject=entry.subject,
        actor=entry.actor,
        n=entry.n,
        index=event.index,
        leaf_hash=bytes(event.leaf_hash).hex(),
        objects=entry.objects,
        facts=entry.facts,
        details=None if opening is None else opening["details"],
    )
