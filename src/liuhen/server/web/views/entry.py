"""Log-in, log-out, language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import LoginView
from django.http import HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from liuhen.server.web.middleware import LANGUAGE_COOKIE

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

__all__ = ["choose_language", "log_in", "log_out"]

_YEAR_S: Final = 365 * 24 * 3600

log_in = LoginView.as_view(template_name="web/log_in.html", redirect_authenticated_user=True)


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("log-in")


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language in a cookie and go back."""
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = "/"
    response = HttpResponseRedirect(back)
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        response.set_cookie(LANGUAGE_COOKIE, language, max_age=_YEAR_S, samesite="Strict", httponly=True)
    return response
