"""Language and actor of each request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import translation
from django.utils.cache import patch_vary_headers

from liuhen.server.accounts.models import Person
from liuhen.server.accounts.selectors import actor_of
from liuhen.server.kernel import clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    type Handler = Callable[[HttpRequest], HttpResponse]

__all__ = ["ActorMiddleware", "LanguageMiddleware"]


class LanguageMiddleware:
    """Answers in the language that the cookie names, else in the agency's own.

    What the browser says it prefers is not asked: the pages are official, and look the same on every desk.
    """

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, "")
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            response = self._get_response(request)
        patch_vary_headers(response, ("Cookie",))
        response.headers.setdefault("Content-Language", language)
        return response


class ActorMiddleware:
    """Sets `request.at`, and `request.actor` with the roles held at this moment, None where nobody is logged in.

    What is behind a log-in is kept in no cache, so that nothing of it is left on a shared computer.
    """

    def __init__(self, get_response: Handler) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        request.at = clock.now()  # type: ignore[attr-defined]  # PersonRequest declares it for the views
        person = request.user if isinstance(request.user, Person) else None
        request.actor = actor_of(person) if person is not None else None  # type: ignore[attr-defined]  # as above
        response = self._get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response
