"""What anybody needs to check a recording's custody without trusting these pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import render

from liuhen.server.ledger.selectors import verifier_key
from liuhen.server.recordings.selectors import recording_for
from liuhen.server.web import chain
from liuhen.server.web.guard import for_people

if TYPE_CHECKING:
    from uuid import UUID

    from liuhen.server.web.requests import PersonRequest

__all__ = ["event", "proof", "proofs", "receipt"]


@for_people("GET", "HEAD")
def event(request: PersonRequest, recording_id: UUID, event_id: UUID) -> HttpResponse:
    """Show what one seal of the chain opens to: the exact entry and its proof."""
    recording = recording_for(actor=request.actor, recording_id=recording_id)
    entry = chain.entry_of(recording, event_id)
    if entry is None:
        raise Http404
    fragment = request.headers.get("HX-Request") == "true"
    template = "web/parts/event.html" if fragment else "web/event.html"
    context = {"recording": recording, "event_id": event_id, "entry": entry, "is_part": fragment}
    return render(request, template, context)


@for_people("GET", "HEAD")
def proof(request: PersonRequest, recording_id: UUID, event_id: UUID) -> HttpResponse:
    """Send one event's tlog-proof as a file."""
    recording = recording_for(actor=request.actor, recording_id=recording_id)
    found = chain.proof_of(recording, event_id)
    if found is None:
        raise Http404
    return _file(found.encode(), f"{event_id}.tlog-proof", "text/plain; charset=utf-8")


@for_people("GET", "HEAD")
def proofs(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    """Send the ledger's key, and every event's entry and proof, for the browser to verify."""
    recording = recording_for(actor=request.actor, recording_id=recording_id)
    events = chain.proofs_of(recording)
    subject = f"recording/{recording.id}"
    return JsonResponse({"v": 1, "subject": subject, "key": verifier_key().to_text(), "events": events})


@for_people("GET", "HEAD")
def receipt(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    """Send the receipt of the original as a file; `liuhen verify` and other tools check it."""
    recording = recording_for(actor=request.actor, recording_id=recording_id)
    data = chain.receipt_of(recording)
    if data is None:
        raise Http404
    return _file(data, f"{recording.id}.receipt.json", "application/json")


def _file(data: bytes, name: str, content_type: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(data, content_type=content_type, headers=headers)
