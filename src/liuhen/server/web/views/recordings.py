"""The list of recordings, and the page of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from liuhen.server.access import selectors as access
from liuhen.server.accounts.policy import Ability, allows
from liuhen.server.media.selectors import derivatives_of
from liuhen.server.recordings.models import RecordingKind, RecordingState
from liuhen.server.recordings.selectors import device_seen, matching, page_of, recording_for
from liuhen.server.web import words
from liuhen.server.web.chain import chain_of
from liuhen.server.web.context import require_to_see_recordings
from liuhen.server.web.csv_file import csv_response
from liuhen.server.web.errors import TableTooLongError
from liuhen.server.web.facts import defects_of, format_of, source_of
from liuhen.server.web.formats import moment
from liuhen.server.web.forms import FilterForm, TicketForm
from liuhen.server.web.guard import for_people

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from django.http import HttpResponse, StreamingHttpResponse

    from liuhen.server.recordings.interfaces import RecordingOrder
    from liuhen.server.recordings.models import Recording
    from liuhen.server.web.requests import PersonRequest

__all__ = ["recording", "recording_context", "recordings", "recordings_csv"]

_CURSOR: Final = "after"
CSV_ROWS: Final = 100_000
"""Rows of a table at most: an answer waits in memory for a slow reader, here some 40 MB."""

_COLUMNS: Final = (
    _("Number"),
    _("Sealed at"),
    _("Unit"),
    _("Officer"),
    _("Certificate number"),
    _("Device"),
    _("File name"),
    _("Kind"),
    _("Device time"),
    _("Clock error (ms)"),
    _("Length (ms)"),
    _("Size (bytes)"),
    _("State"),
    _("Important"),
    "SHA-256",
    "SM3",
    _("Kept until at least"),
)


@for_people("GET", "HEAD")
def recordings(request: PersonRequest) -> HttpResponse:
    """List recordings, 50 a page; what narrows and sorts the list stands in the address."""
    form = _asked(request)
    where, order = form.where(), form.order()
    found = page_of(actor=request.actor, where=where, order=order, after=request.GET.get(_CURSOR, ""))
    kept = {name: value for name, value in request.GET.items() if name in form.fields and value}
    narrowing = {name: value for name, value in kept.items() if name != "sort"}
    context = {
        "form": form,
        "rows": found.rows,
        "narrowed": bool(narrowing),
        "device": device_seen(actor=request.actor, device=where.device) if where.device else None,
        "unattributed": where.unattributed,
        "without_device": urlencode({name: value for name, value in kept.items() if name != "device"}),
        "without_officer": urlencode({name: value for name, value in kept.items() if name != "officer"}),
        "next": urlencode({**kept, _CURSOR: found.next}) if found.next else "",
        "first": urlencode(kept) if _CURSOR in request.GET else None,
        "asked": urlencode(kept),
        "sorting": {"by_sealed": _sorting("sealed", order, narrowing), "by_size": _sorting("size", order, narrowing)},
    }
    return render(request, "web/recordings.html", context)


@for_people("GET", "HEAD")
def recordings_csv(request: PersonRequest) -> StreamingHttpResponse:
    """Give the whole list, as it is narrowed and sorted, as a CSV file. It holds metadata only, as the page does."""
    form = _asked(request)
    rows = matching(actor=request.actor, where=form.where(), order=form.order())
    count = rows.count()
    if count > CSV_ROWS:
        raise TableTooLongError(count=count, limit=CSV_ROWS)
    return csv_response("recordings.csv", _COLUMNS, (_cells(row) for row in rows.iterator(chunk_size=500)))


def _asked(request: PersonRequest) -> FilterForm:
    require_to_see_recordings(request.actor)
    return FilterForm(request.GET)


def _sorting(column: str, order: RecordingOrder, kept: Mapping[str, object]) -> dict[str, str]:
    """Return where a column's head leads, and how the list is sorted by it now (`aria-sort`, "" where it is not)."""
    now = {column: "ascending", f"-{column}": "descending"}.get(order, "")
    turned = column if now == "descending" else f"-{column}"
    return {"address": urlencode({**kept, "sort": turned}), "now": now}


def _cells(row: Recording) -> tuple[object, ...]:
    return (
        row.id,
        moment(row.sealed_at),
        row.unit.name,
        row.officer.name if row.officer else "",
        row.officer_code,
        row.device.serial if row.device else "",
        row.name,
        words.KINDS[RecordingKind(row.kind)],
        row.device_started.replace("T", " "),
        row.clock_error_ms,
        row.duration_ms,
        row.size,
        words.STATES[RecordingState(row.state)],
        gettext("Important") if row.important else "",
        row.sha256,
        row.sm3,
        moment(row.retain_until),
    )


@for_people("GET", "HEAD")
def recording(request: PersonRequest, recording_id: UUID) -> HttpResponse:
    """Show one recording: facts and custody chain, and the content where a ticket has been opened."""
    shown = recording_for(actor=request.actor, recording_id=recording_id)
    return render(request, "web/recording.html", recording_context(request, shown))


def recording_context(request: PersonRequest, shown: Recording, form: TicketForm | None = None) -> dict[str, Any]:
    """Return what the recording's page shows; `form` is a ticket form that was refused."""
    actor = request.actor
    may_open = allows(actor, Ability.ISSUE_TICKET)
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
