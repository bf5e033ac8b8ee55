"""The recordings list and the Recording page."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from liuhen.core.errors import LiuhenError
from liuhen.server.access import selectors as access_reads
from liuhen.server.access import services as access
from liuhen.server.access.errors import AccessError, TicketMissingError
from liuhen.server.accounts.policy import Ability, NotAllowedError, allows
from liuhen.server.kernel import clock
from liuhen.server.ledger import selectors as ledger_reads
from liuhen.server.media.selectors import derivatives_of
from liuhen.server.recordings.interfaces import RecordingFilter
from liuhen.server.recordings.models import RecordingKind, RecordingState
from liuhen.server.recordings.selectors import CursorError, RecordingMissingError, page_of, recording_for
from liuhen.server.web.chain import links_of, proofs_of, receipt_of
from liuhen.server.web.requests import page
from liuhen.server.web.views.errors import refused, sentence

if TYPE_CHECKING:
    from uuid import UUID

    from liuhen.server.recordings.models import Recording
    from liuhen.server.web.requests import PageRequest

__all__ = ["detail", "end_ticket", "listing", "open_ticket", "play", "proofs", "receipt"]


@require_GET
@page
def listing(request: PageRequest) -> HttpResponse:
    """List recordings, newest sealed first, 50 a page; what narrows the list stands in the address."""
    where = _filter_of(request)
    try:
        found = page_of(actor=request.actor, where=where, after=request.GET.get("after", ""))
    except CursorError as error:
        return refused(request, error, status=400)
    kept = {key: value for key, value in request.GET.items() if value and key != "after"}
    context = {
        "rows": found.rows,
        "where": where,
        "kinds": list(RecordingKind),
        "states": list(RecordingState),
        "narrowed": bool(kept),
        "next": urlencode({**kept, "after": found.next}) if found.next else "",
        "is_first": "after" not in request.GET,
        "first": urlencode(kept),
    }
    return render(request, "web/recordings.html", context)


@require_GET
@page
def detail(request: PageRequest, recording_id: UUID) -> HttpResponse:
    """Show one recording: its facts and its custody chain, and the content where a ticket lives."""
    recording = _recording(request, recording_id)
    return render(request, "web/recording.html", _context(request, recording))


@require_POST
@page
def open_ticket(request: PageRequest, recording_id: UUID) -> HttpResponse:
    """Issue a ticket for oneself with a reason (article 16), and begin playback under it."""
    recording = _recording(request, recording_id)
    at = clock.now()
    try:
        ticket = access.open_ticket(
            recording=recording,
            holder=request.user,
            reason=request.POST.get("reason", ""),
            minutes=settings.INSTANCE.settings.ticket_minutes,
            actor=request.actor,
            at=at,
        )
        access.open_playback(
            ticket_id=ticket.id, session_key=request.session.session_key or "", actor=request.actor, at=at
        )
    except NotAllowedError as error:
        return refused(request, error, status=403)
    except AccessError as error:
        context = _context(request, recording) | {"problem": sentence(error), "reason": request.POST.get("reason", "")}
        return render(request, "web/recording.html", context, status=400)
    return redirect("recording", recording_id=recording.id)


@require_POST
@page
def play(request: PageRequest, ticket_id: UUID) -> HttpResponse:
    """Begin playback in this session under a ticket that was opened in another."""
    try:
        opening = access.open_playback(
            ticket_id=ticket_id, session_key=request.session.session_key or "", actor=request.actor, at=clock.now()
        )
    except TicketMissingError as error:
        return refused(request, error, status=404)
    except LiuhenError as error:
        return refused(request, error, status=403)
    return redirect("recording", recording_id=opening.ticket.recording_id)


@require_POST
@page
def end_ticket(request: PageRequest, ticket_id: UUID) -> HttpResponse:
    """End a ticket."""
    try:
        ticket = access.end_ticket(ticket_id=ticket_id, actor=request.actor, at=clock.now())
    except TicketMissingError as error:
        return refused(request, error, status=404)
    return redirect("recording", recording_id=ticket.recording_id)


@require_GET
@page
def proofs(request: PageRequest, recording_id: UUID) -> HttpResponse:
    """Return what a browser needs to verify the chain itself: the pinned key, and each event's entry and proof."""
    recording = _recording(request, recording_id)
    return JsonResponse({"key": ledger_reads.verifier_key().to_text(), "events": proofs_of(recording)})


@require_GET
@page
def receipt(request: PageRequest, recording_id: UUID) -> HttpResponse:
    """Return the recording's receipt as a file."""
    recording = _recording(request, recording_id)
    data = receipt_of(recording)
    if data is None:
        raise Http404
    name = f"{recording.id}.receipt.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(data, content_type="application/json", headers=headers)


def _recording(request: PageRequest, recording_id: UUID) -> Recording:
    try:
        return recording_for(actor=request.actor, recording_id=recording_id)
    except RecordingMissingError as error:
        raise Http404 from error


def _context(request: PageRequest, recording: Recording) -> dict[str, Any]:
    at = clock.now()
    ticket = access_reads.live_ticket(actor=request.actor, recording=recording, at=at)
    is_open = ticket is not None and access_reads.is_open_here(
        ticket=ticket, session_key=request.session.session_key or ""
    )
    parts = {made.kind for made in derivatives_of(recording)}
    chain = links_of(recording)
    return {
        "recording": recording,
        "media": recording.media,
        "attachments": list(recording.attachments.order_by("sealed_at", "id")),
        "chain": chain,
        "sequenced": sum(link.index is not None for link in chain),
        "ticket": ticket,
        "is_open": is_open,
        "parts": parts,
        "tickets": access_reads.live_tickets(actor=request.actor, recording=recording, at=at),
        "may_open": allows(request.actor, Ability.OPEN_TICKET),
        "reason_limit": access.REASON_LIMIT,
    }


def _filter_of(request: PageRequest) -> RecordingFilter:
    """Read the filter from the address; what is not understood does not narrow."""
    given = request.GET
    return RecordingFilter(
        text=given.get("text", "")[:200],
        kind=RecordingKind(given["kind"]) if given.get("kind") in set(RecordingKind) else None,
        state=RecordingState(given["state"]) if given.get("state") in set(RecordingState) else None,
        unattributed=given.get("officer") == "none",
        important=given.get("important") == "1",
        sealed_from=_day(given.get("from", "")),
        sealed_to=_day(given.get("to", "")),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
