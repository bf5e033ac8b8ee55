"""The custody chain as a page shows it."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from liuhen.core.entry import EventType
from liuhen.core.receipt import build_receipt
from liuhen.core.tlog.proof import TlogProof
from liuhen.server.accounts.models import Person
from liuhen.server.intake.models import Station
from liuhen.server.ledger.errors import LedgerBehindError
from liuhen.server.ledger.selectors import (
    custody_chain,
    entry_bytes,
    event_by_id,
    opening_of,
    proof_of,
    sealing_event,
)
from liuhen.server.web.templatetags.liuhen import clock_error, duration, size
from liuhen.server.web.words import EVENTS, EventWords, word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from liuhen.server.ledger.interfaces import ChainLink
    from liuhen.server.recordings.models import Recording

__all__ = ["ShownLink", "links_of", "proofs_of", "receipt_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownLink:
    """One seal of the chain: its words, who, when, what, and where it lies in the ledger."""

    id: uuid.UUID
    words: EventWords
    at: datetime
    who: str
    notes: tuple[str, ...]
    index: int | None
    leaf: str


def links_of(recording: Recording) -> tuple[ShownLink, ...]:
    """Return the chain of `recording`, oldest first, with people and stations named."""
    links = custody_chain(f"recording/{recording.id}")
    names = _names(links)
    return tuple(
        ShownLink(
            id=link.id,
            words=EVENTS.get(link.type) or EventWords(link.type.value, link.type.value),  # type: ignore[arg-type]  # a code
            at=link.time,
            who=names.get(link.actor, link.actor),
            notes=tuple(_notes(link, names)),
            index=link.index,
            leaf=link.leaf_hash,
        )
        for link in links
    )


def proofs_of(recording: Recording) -> list[dict[str, str]]:
    """Return each sequenced event's id, entry bytes (base64) and tlog-proof text, oldest first."""
    found = []
    for link in custody_chain(f"recording/{recording.id}"):
        event = event_by_id(link.id)
        if event is None:
            continue
        try:
            proof = proof_of(event)
        except LedgerBehindError:
            continue
        found.append({"id": str(link.id), "entry": base64.b64encode(entry_bytes(event)).decode(), "proof": proof})
    return found


def receipt_of(recording: Recording) -> bytes | None:
    """Return the receipt of `recording`, made anew with a proof to the newest checkpoint; None before the first."""
    event = sealing_event(f"recording/{recording.id}", sha256=recording.sha256, type=EventType.RECORDING_SEALED)
    opening = None if event is None else opening_of(event)
    if event is None or opening is None:
        return None
    try:
        proof = TlogProof.parse(proof_of(event).encode())
    except LedgerBehindError:
        return None
    salt = bytes.fromhex(opening["salt"])
    return build_receipt(entry=entry_bytes(event), proof=proof, salt=salt, details=opening["details"])


def _names(links: tuple[ChainLink, ...]) -> dict[str, str]:
    """Return the names of all actors and holders in the chain by their references."""
    references = {link.actor for link in links} | {str(link.facts.get("holder")) for link in links}
    ids = {
        kind: {r.partition("/")[2] for r in references if r.startswith(f"{kind}/")} for kind in ("person", "station")
    }
    people = Person.objects.filter(id__in=ids["person"]).values_list("id", "name")
    stations = Station.objects.filter(id__in=ids["station"]).values_list("id", "name")
    named = {f"person/{key}": name for key, name in people} | {f"station/{key}": name for key, name in stations}
    return named | {"system": _("the system")}


def _notes(link: ChainLink, names: Mapping[str, str]) -> list[str]:
    """Return what the event says, in words."""
    facts: Mapping[str, Any] = link.facts
    match link.type:
        case EventType.RECORDING_SEALED | EventType.RECORDING_ATTACHED:
            notes = [size(item.size) for item in link.objects]
            if "clock_error_ms" in facts:
                notes.append(_("device clock %(error)s") % {"error": clock_error(facts["clock_error_ms"])})
            return notes
        case EventType.RECORDING_DIGESTED:
            agree = facts.get("agree")
            return [_("both digests agree with the station's") if agree else _("the digests do NOT agree")]
        case EventType.RECORDING_ANALYSED:
            return [word("kind", str(facts.get("kind"))), duration(facts.get("duration_ms"))]
        case EventType.DERIVATIVE_MADE:
            return [_("the original was not touched"), *(size(item.size) for item in link.objects)]
        case EventType.TICKET_ISSUED:
            notes = [_("for %(name)s") % {"name": names.get(str(facts.get("holder")), "–")}]
            reason = (link.details or {}).get("reason")
            return [*notes, _("reason: %(reason)s") % {"reason": reason}] if reason else notes
        case _:
            return []
