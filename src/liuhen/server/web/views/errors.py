"""Pages for what went wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from liuhen.core.errors import Language, LiuhenError

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

__all__ = ["bad_request", "forbidden", "not_found", "refused", "sentence", "server_error"]


def sentence(error: LiuhenError) -> str:
    """Return an error's sentence in the page's language."""
    return error.text(Language.EN if (get_language() or "").startswith("en") else Language.ZH)


def refused(request: HttpRequest, error: LiuhenError, *, status: int) -> HttpResponse:
    """Show an error of ours."""
    return _page(request, status, _("This cannot be done"), sentence(error))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that a request was not understood."""
    del exception
    return _page(request, 400, _("The request was not understood"), _("Go back and try again."))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that a request is not allowed."""
    del exception
    return _page(request, 403, _("Not allowed"), _("Your roles do not allow this, or the page was open too long."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that there is no such page."""
    del exception
    return _page(request, 404, _("Not found"), _("There is no such page, or you may not know of it."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Show that the server failed; nothing was changed, because every act is one transaction."""
    return _page(
        request,
        500,
        _("The server failed"),
        _("Nothing was changed. Try again; if it stays so, tell the administrator."),
    )


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "web/error.html", {"status": status, "title": title, "text": text}, status=status)
