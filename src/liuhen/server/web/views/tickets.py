"""Acts on view tickets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import redirect, render

from liuhen.server.access import services as access
from liuhen.server.access.errors import AccessError
from liuhen.server.accounts.policy import Ability, require
from liuhen.server.recordings.selectors import recording_for
from liuhen.server.web.forms import TicketForm
from liuhen.server.web.guard import for_people
from liuhen.server.web.views.errors import sentence
from liuhen.server.web.views.recordings import recording_context

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from liuhen.server.web.requests import PersonRequest

__all__ = ["end_ticket", "issue_ticket", "open_ticket"]


@for_people("POST")
def issue_ticket(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    """Enter a viewing in the register and issue its ticket; what is missing is said beside the form."""
    require(request.actor, Ability.ISSUE_TICKET)
    recording = recording_for(actor=request.actor, recording_id=recording_id)
    form = TicketForm(request.POST, recording=recording, person=request.user)
    if form.is_valid():
        try:
            access.issue_ticket(recording=recording, **form.cleaned_data, actor=request.actor, at=request.at)
        except AccessError as error:
            form.add_error(None, sentence(error))
        else:
            return redirect("recording", recording_id=recording.id)
    context = recording_context(request, recording, form)
    return render(request, "web/recording.html", context, status=422)


@for_people("POST")
def open_ticket(request: PersonRequest, ticket_id: UUID) -> HttpResponse:
    """Begin playback in this session."""
    viewing = access.open_ticket(
        ticket_id=ticket_id,
        session_key=request.session.session_key or "",
        actor=request.actor,
        at=request.at,
    )
    return redirect("recording", recording_id=viewing.ticket.recording_id)


@for_people("POST")
def end_ticket(request: PersonRequest, ticket_id: UUID) -> HttpResponse:
    """Return or revoke a ticket."""
    ticket = access.end_ticket(ticket_id=ticket_id, actor=request.actor, at=request.at)
    return redirect("recording", recording_id=ticket.recording_id)
