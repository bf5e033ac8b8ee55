"""The Intake page: collections as they come in, each with its files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from liuhen.server.accounts.policy import NotAllowedError
from liuhen.server.intake.selectors import CollectionMissingError, progress, recent_collections
from liuhen.server.web.requests import page
from liuhen.server.web.views.errors import refused

if TYPE_CHECKING:
    from uuid import UUID

    from liuhen.server.web.requests import PageRequest

__all__ = ["collections", "receipts"]

_SHOWN: Final = 12


@require_GET
@page
def collections(request: PageRequest) -> HttpResponse:
    """Show the newest collections; htmx asks for the list alone again and again."""
    try:
        newest = recent_collections(actor=request.actor, limit=_SHOWN)
        shown = [progress(actor=request.actor, collection_id=row.id) for row in newest]
    except NotAllowedError as error:
        return refused(request, error, status=403)
    template = "web/_collections.html" if request.headers.get("HX-Request") == "true" else "web/intake.html"
    return render(request, template, {"collections": shown})


@require_GET
@page
def receipts(request: PageRequest, collection_id: UUID) -> HttpResponse:
    """Show a collection's files with their digests on one A4 page, to print and sign."""
    try:
        shown = progress(actor=request.actor, collection_id=collection_id)
    except NotAllowedError as error:
        return refused(request, error, status=403)
    except CollectionMissingError as error:
        raise Http404 from error
    return render(request, "web/receipts.html", {"collection": shown})
