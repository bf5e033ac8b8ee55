"""Intake: what is arriving, what has arrived, what was skipped and why; and its receipts on paper."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.shortcuts import render

from liuhen.server.intake.models import FileRole
from liuhen.server.intake.selectors import progress, recent_collections
from liuhen.server.ledger.selectors import verifier_key
from liuhen.server.recordings.models import Attachment
from liuhen.server.recordings.selectors import visible_to
from liuhen.server.web.guard import for_people

if TYPE_CHECKING:
    from uuid import UUID

    from django.http import HttpResponse

    from liuhen.server.intake.interfaces import FileProgress
    from liuhen.server.recordings.models import Recording
    from liuhen.server.web.requests import PersonRequest

__all__ = ["intake", "receipts"]

_LISTED: Final = 30
_UNFOLDED: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class _Receipt:
    """One line of the form: the file, its recording, and the recording or attachment whose digests are printed.

    Both are None where the same bytes were sealed before for a unit whose recordings the actor may not see.
    """

    file: FileProgress
    recording: Recording | None
    sealed: Recording | Attachment | None


@for_people("GET", "HEAD")
def intake(request: PersonRequest) -> HttpResponse:
    """Show the newest collections with their files; the page asks for the list alone again and again."""
    newest = recent_collections(actor=request.actor, limit=_LISTED)
    unfolded = [row for place, row in enumerate(newest) if place < _UNFOLDED or row.closed_at is None]
    context = {
        "collections": [progress(actor=request.actor, collection_id=row.id) for row in unfolded],
        "older": [row for row in newest if row not in unfolded],
        "is_live": any(row.live or row.closed_at is None for row in newest),
        "rate": sum(row.rate for row in newest),
    }
    fragment = request.headers.get("HX-Request") == "true"
    return render(request, "web/parts/collections.html" if fragment else "web/intake.html", context)


@for_people("GET", "HEAD")
def receipts(request: PersonRequest, collection_id: UUID) -> HttpResponse:
    """Show one collection's receipts as a form on A4, to be signed by who handed in and who took over."""
    collection = progress(actor=request.actor, collection_id=collection_id)
    ids = [file.recording for file in collection.files if file.recording is not None]
    recordings = {row.id: row for row in visible_to(request.actor).filter(id__in=ids)}
    attached = {(row.recording_id, row.name): row for row in Attachment.objects.filter(recording__in=recordings)}
    rows = []
    for file in collection.files:
        if file.has_receipt and file.recording is not None:
            recording = recordings.get(file.recording)
            sealed = attached.get((file.recording, file.name)) if file.role is FileRole.ATTACHMENT else recording
            rows.append(_Receipt(file=file, recording=recording, sealed=sealed))
    context = {
        "collection": collection,
        "rows": rows,
        "bytes": sum(row.file.length for row in rows),
        "key": verifier_key().to_text(),
    }
    return render(request, "web/receipts.html", context)
