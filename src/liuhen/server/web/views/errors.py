"""Pages for what cannot be shown or done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from liuhen.core.errors import Language
from liuhen.server.kernel.errors import ServerError

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from liuhen.core.errors import LiuhenError

__all__ = ["bad_request", "csrf_failed", "forbidden", "not_found", "refused", "sentence", "server_error"]

_FAILED: Final = 503


def sentence(error: LiuhenError) -> str:
    """Return an error's sentence in the page's language."""
    return error.text(Language.EN if get_language() == "en" else Language.ZH)


def refused(request: HttpRequest, error: LiuhenError) -> HttpResponse:
    """Show why a service refused; an error that is none of the server's tells that data of its own was refused."""
    status = error.status if isinstance(error, ServerError) else _FAILED
    titles = {403: _("Your role does not allow this"), 404: _("Not found"), _FAILED: _("The server failed")}
    return _page(request, status, titles.get(status, _("This cannot be done")), sentence(error))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that a request was not understood."""
    del exception
    text = _("The address or what was sent cannot be read. Check both, go back, and try again.")
    return _page(request, 400, _("The request was not understood"), text)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that a request is not allowed."""
    del exception
    text = _("Your role has no right to this page. Ask a security administrator if it should have.")
    return _page(request, 403, _("Your role does not allow this"), text)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Show that a form did not come from one of our own pages, or is too old."""
    del reason
    text = _("The form is out of date. Go back, load the page again, and send it once more. Nothing was changed.")
    return _page(request, 403, _("The form is out of date"), text)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Show that there is no such page."""
    del exception
    text = _("There is no page at this address, or you may not know of it. Check the address.")
    return _page(request, 404, _("Not found"), text)


def server_error(request: HttpRequest) -> HttpResponse:
    """Show that the server failed. The page asks the database nothing: that may be what failed."""
    text = _(
        "The server failed to answer. Nothing was half-done. Try again; if it stays so, tell the system administrator."
    )
    return _page(request, 500, _("The server failed"), text)


def _page(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "web/error.html", {"status": status, "title": title, "text": text}, status=status)
