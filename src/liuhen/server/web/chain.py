"""The custody chain of a recording, as its page shows it and as a browser verifies it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from liuhen.core.events import EventType
from liuhen.server.accounts.models import Person
from liuhen.server.intake.models import Station
from liuhen.server.ledger import selectors as ledger
from liuhen.server.ledger.errors import LedgerBehindError
from liuhen.server.web.events import notes_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from liuhen.core.tlog.proof import TlogProof
    from liuhen.server.ledger.interfaces import ChainLink
    from liuhen.server.ledger.models import Event
    from liuhen.server.recordings.models import Recording
    from liuhen.server.web.events import EventWords

__all__ = ["ShownEntry", "ShownLink", "chain_of", "entry_of", "proof_of", "proofs_of", "receipt_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLink:
    """One seal of the chain: its words, who, when, what, and where it lies in the ledger."""

    id: UUID
    type: EventType
    actor: str
    n: int
    words: EventWords
    at: datetime
    who: str
    notes: tuple[str, ...]
    index: int | None
    leaf: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownEntry:
    """What a seal opens to show: the exact entry, its proof (None until it is under a checkpoint), and the opening."""

    actor: str
    text: str
    size: int
    proof: TlogProof | None
    opening: str | None

    @property
    def path(self) -> tuple[str, ...]:
        """The hashes of the proof in hex, from the leaf's sibling to the root's child."""
        return () if self.proof is None else tuple(item.hex() for item in self.proof.hashes)

    @property
    def checkpoint(self) -> str:
        """The signed checkpoint that the proof leads to."""
        return "" if self.proof is None else self.proof.checkpoint.decode()


def chain_of(recording: Recording) -> tuple[ShownLink, ...]:
    """Return every custody event of `recording`, oldest first, with people and stations by name."""
    links = ledger.custody_chain(_subject(recording))
    names = _names(links)
    return tuple(
        ShownLink(
            id=link.id,
            type=link.type,
            actor=link.actor,
            n=link.n,
            words=words_of(link.type),
            at=link.time,
            who=names.get(link.actor, link.actor),
            notes=notes_of(link, names),
            index=link.index,
            leaf=link.leaf_hash,
        )
        for link in links
    )


def entry_of(recording: Recording, event_id: UUID) -> ShownEntry | None:
    """Return what one seal of `recording` opens to show; None where the event is not of this recording."""
    event = _event(recording, event_id)
    if event is None:
        return None
    data = ledger.entry_bytes(event)
    opening = ledger.opened_commitment(event)
    return ShownEntry(
        actor=event.actor,
        text=data.decode(),
        size=len(data),
        proof=_proof(event),
        opening=None if opening is None else json.dumps(opening, ensure_ascii=False, sort_keys=True),
    )


def proof_of(recording: Recording, event_id: UUID) -> TlogProof | None:
    """Return the proof of one event of `recording`; None where there is none."""
    event = _event(recording, event_id)
    return None if event is None else _proof(event)


def proofs_of(recording: Recording) -> list[dict[str, str | None]]:
    """Return each event's id, entry bytes (base64) and tlog-proof (None until it is under a checkpoint).

    All lead to one checkpoint: to the browser, one that is published between two proofs would look like a fork.
    """
    note = ledger.latest_note()
    found: list[dict[str, str | None]] = []
    for link in ledger.custody_chain(_subject(recording)):
        event = ledger.event_by_id(link.id)
        if event is not None:
            entry = base64.b64encode(ledger.entry_bytes(event)).decode()
            proof = _proof(event, note)
            text = None if proof is None else proof.encode().decode()
            found.append({"id": str(link.id), "entry": entry, "proof": text})
    return found


def receipt_of(recording: Recording) -> bytes | None:
    """Return a receipt of the original with a proof against the newest checkpoint; None before the first.

    It proves what the station's own receipt proves, and says so in the same form (docs/spec/receipt.md).
    """
    event = ledger.sealing_event(_subject(recording), sha256=recording.sha256, type=EventType.RECORDING_SEALED)
    try:
        return None if event is None else ledger.receipt_of(event)
    except LedgerBehindError:
        return None


def _subject(recording: Recording) -> str:
    return f"recording/{recording.id}"


def _event(recording: Recording, event_id: UUID) -> Event | None:
    event = ledger.event_by_id(event_id)
    return event if event is not None and event.subject == _subject(recording) else None


def _proof(event: Event, note: bytes | None = None) -> TlogProof | None:
    try:
        return ledger.proof_of(event, note=note)
    except LedgerBehindError:
        return None


def _names(links: Iterable[ChainLink]) -> dict[str, str]:
    """Return the names of all actors and ticket holders in the chain by their references."""
    references = {reference for link in links for reference in (link.actor, str(link.facts.get("holder")))}
    named = {"system": _("The system")}
    for kind, model in (("person", Person), ("station", Station)):
        ids = [reference.partition("/")[2] for reference in references if reference.startswith(f"{kind}/")]
        named |= {f"{kind}/{id_}": name for id_, name in model.objects.filter(id__in=ids).values_list("id", "name")}
    return named
