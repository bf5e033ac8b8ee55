"""The list of recordings, and the page of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.shortcuts import render

from liuhen.server.access import selectors as access
from liuhen.server.accounts.policy import Ability, allows, require
from liuhen.server.devices.models import Device
from liuhen.server.media.selectors import derivatives_of
from liuhen.server.recordings.models import RecordingState
from liuhen.server.recordings.selectors import page_of, recording_for
from liuhen.server.web.chain import chain_of
from liuhen.server.web.context import sees_recordings
from liuhen.server.web.facts import defects_of, format_of, source_of
from liuhen.server.web.forms import FilterForm, TicketForm
from liuhen.server.web.guard import for_people

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from liuhen.server.recordings.models import Recording
    from liuhen.server.web.requests import PersonRequest

__all__ = ["recording", "recording_context", "recordings"]

_CURSOR: Final = "after"


@for_people("GET", "HEAD")
def recordings(request: PersonRequest) -> HttpResponse:
    """List recordings, newest sealed first, 50 a page; what narrows the list stands in the address."""
    if not sees_recordings(request.actor):
        require(request.actor, Ability.SEE_METADATA)
    form = FilterForm(request.GET)
    where = form.where()
    found = page_of(actor=request.actor, where=where, after=request.GET.get(_CURSOR, ""))
    kept = {name: value for name, value in request.GET.items() if name in form.fields and value}
    context = {
        "form": form,
        "rows": found.rows,
        "narrowed": bool(kept),
        "device": Device.objects.filter(id=where.device).first() if where.device else None,
        "unattributed": where.unattributed,
        "without_device": urlencode({name: value for name, value in kept.items() if name != "device"}),
        "without_officer": urlencode({name: value for name, value in kept.items() if name != "officer"}),
        "next": urlencode({**kept, _CURSOR: found.next}) if found.next else "",
        "first": urlencode(kept) if _CURSOR in request.GET else None,
    }
    return render(request, "web/recordings.html", context)


@for_people("GET", "HEAD")
def recording(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    """Show one recording: facts and custody chain, and the content where a ticket has been opened."""
    shown = recording_for(actor=request.actor, recording_id=recording_id)
    return render(request, "web/recording.html", recording_context(request, shown))


def recording_context(request: PersonRequest, shown: Recording, form: TicketForm | None = None) -> dict[str, Any]:
    """Return what the recording's page shows; `form` is a ticket form that was refused."""
    actor = request.actor
    may_open = allows(actor, Ability.OPEN_TICKET)
    chain = chain_of(shown)
    return {
        "recording": shown,
        "format": format_of(shown),
        "defects": defects_of(shown),
        "officer_source": source_of(shown, "officer_code"),
        "attachments": shown.attachments.order_by("sealed_at", "id"),
        "chain": chain,
        "in_ledger": sum(link.index is not None for link in chain),
        "is_unreadable": shown.state == RecordingState.UNREADABLE,
        "may_hold": allows(actor, Ability.HOLD_TICKET),
        "may_open": may_open,
        "form": form or (TicketForm(recording=shown, person=request.user) if may_open else None),
        "tickets": access.live_tickets(actor=actor, recording=shown, at=request.at),
        **_playback(request, shown),
    }


def _playback(request: PersonRequest, shown: Recording) -> dict[str, Any]:
    """Return the actor's own live ticket, whether it is opened in this session, and what it then shows."""
    ticket = access.live_ticket(actor=request.actor, recording=shown, at=request.at)
    if ticket is None:
        return {"ticket": None, "is_open": False}
    is_open = access.is_open_here(ticket=ticket, session_key=request.session.session_key or "")
    parts = {made.kind: made for made in derivatives_of(shown)} if is_open else {}
    return {
        "ticket": ticket,
        "is_open": is_open,
        "seconds_left": int((ticket.expires_at - request.at).total_seconds()),
        "parts": parts,
    }
