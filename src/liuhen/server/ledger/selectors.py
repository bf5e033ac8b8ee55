"""Reads of the ledger: custody chains, proofs, the checkpoint."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.conf import settings

from liuhen.core.entry import Entry, EventType
from liuhen.core.tlog.checkpoint import open_checkpoint
from liuhen.core.tlog.merkle import inclusion_proof, verify_inclusion
from liuhen.core.tlog.proof import TlogProof
from liuhen.core.tlog.tiles import CHECKPOINT_PATH, TileHashReader
from liuhen.server.ledger.errors import LedgerBehindError
from liuhen.server.ledger.files import LedgerFolder
from liuhen.server.ledger.interfaces import ChainLink
from liuhen.server.ledger.models import Event
from liuhen.server.ledger.signer import load_key

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from liuhen.core.tlog.checkpoint import Checkpoint
    from liuhen.core.tlog.note import VerifierKey

__all__ = [
    "custody_chain",
    "entry_bytes",
    "event_by_id",
    "latest_checkpoint",
    "latest_note",
    "ledger_folder",
    "ledger_subject",
    "newest_time",
    "opening_of",
    "proof_of",
    "sealing_event",
    "verifier_key",
]


def verifier_key() -> VerifierKey:
    """Return the key that checks this ledger's checkpoints."""
    return load_key(settings.INSTANCE.ledger_key_file).verifier


def ledger_subject() -> str:
    """Return `ledger/<uuid>`, the subject of the ledger's own events; the uuid ends the ledger's origin."""
    return f"ledger/{verifier_key().name.rpartition('/')[2]}"


def latest_note() -> bytes | None:
    """Return the newest signed checkpoint's bytes; None before the first."""
    try:
        return ledger_folder().read(CHECKPOINT_PATH)
    except FileNotFoundError:
        return None


def latest_checkpoint() -> Checkpoint | None:
    """Return the newest checkpoint, its signature checked; None before the first."""
    note = latest_note()
    return None if note is None else open_checkpoint(note, verifier_key())


def newest_time() -> datetime | None:
    """Return the time of the newest event; None in an empty ledger."""
    return Event.objects.order_by("-seq").values_list("time", flat=True).first()


def event_by_id(event_id: uuid.UUID) -> Event | None:
    """Return one event; None when there is none of this id."""
    return Event.objects.filter(id=event_id).first()


def sealing_event(subject: str, *, sha256: str, type: EventType) -> Event | None:  # noqa: A002 - the entry's own word
    """Return the subject's event of `type` whose object has this digest; None when there is none."""
    for event in Event.objects.filter(subject=subject, type=type).order_by("n"):
        if any(item.sha256 == sha256 for item in Entry.from_bytes(bytes(event.leaf)).objects):
            return event
    return None


def entry_bytes(event: Event) -> bytes:
    """Return the exact leaf bytes."""
    return bytes(event.leaf)


def opening_of(event: Event) -> dict[str, Any] | None:
    """Return `{"salt": hex, "details": {...}}`, which opens the entry's private commitment; None where it has none."""
    if event.salt is None or event.private is None:
        return None
    return {"salt": bytes(event.salt).hex(), "details": json.loads(bytes(event.private))}


def proof_of(event: Event) -> str:
    """Return the tlog-proof of an event against the newest checkpoint; it is verified before it is handed out.

    Raises:
        LedgerBehindError: no checkpoint covers the event yet.
        InclusionError: the ledger's tiles do not hold the event's leaf: the files were altered.
    """
    folder = ledger_folder()
    note = latest_note()
    checkpoint = None if note is None else open_checkpoint(note, verifier_key())
    if note is None or checkpoint is None or event.index is None or event.index >= checkpoint.size:
        raise LedgerBehindError(event=event.id, seconds=0)
    hashes = inclusion_proof(event.index, checkpoint.size, TileHashReader(folder, checkpoint.size))
    verify_inclusion(
        leaf=bytes(event.leaf_hash), index=event.index, size=checkpoint.size, proof=hashes, root=checkpoint.root
    )
    return TlogProof(event.index, tuple(hashes), note).encode().decode()


def custody_chain(subject: str) -> tuple[ChainLink, ...]:
    """Return every event of `subject`, oldest first."""
    return tuple(_link(event) for event in Event.objects.filter(subject=subject).order_by("n"))


def _link(event: Event) -> ChainLink:
    entry = Entry.from_bytes(bytes(event.leaf))
    opening = opening_of(event)
    return ChainLink(
        id=event.id,
        type=entry.type,
        time=entry.time,
        actor=entry.actor,
        n=entry.n,
        index=event.index,
        leaf_hash=bytes(event.leaf_hash).hex(),
        objects=entry.objects,
        facts=entry.facts,
        details=None if opening is None else opening["details"],
    )


def ledger_folder() -> LedgerFolder:
    """Return the folder of this instance's ledger."""
    return LedgerFolder(settings.INSTANCE.ledger)
