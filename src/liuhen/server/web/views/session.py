"""Log-in, log-out, language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import LoginView
from django.http import HttpResponseRedirect
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from liuhen.server.accounts import services
from liuhen.server.accounts.models import Person

if TYPE_CHECKING:
    from django.contrib.auth.forms import AuthenticationForm
    from django.http import HttpRequest, HttpResponse

__all__ = ["choose_language", "log_in", "log_out"]

_YEAR_S: Final = 365 * 24 * 3600


class _LogIn(LoginView):
    """Django's log-in; afterwards the pages are in the person's language, unless this browser has one already."""

    template_name = "web/log_in.html"
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        response = super().form_valid(form)
        person = form.get_user()
        if settings.LANGUAGE_COOKIE_NAME not in self.request.COOKIES and isinstance(person, Person):
            _keep_language(response, person.language)
        return response


log_in = _LogIn.as_view()


@require_POST
def log_out(request: HttpRequest) -> HttpResponse:
    """End the session, and with it every playback that was opened in it."""
    logout(request)
    return redirect("log-in")


@require_POST
def choose_language(request: HttpRequest) -> HttpResponse:
    """Change the language of the pages, in this browser and for this person, and go back."""
    back = request.POST.get("back", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts=None):
        back = resolve_url("today")
    response = HttpResponseRedirect(back)
    language = request.POST.get("language", "")
    if language in dict(settings.LANGUAGES):
        _keep_language(response, language)
        if isinstance(request.user, Person):
            services.choose_language(person=request.user, language=language)
    return response


def _keep_language(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=_YEAR_S,
        samesite="Strict",
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
    )
