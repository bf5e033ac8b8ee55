"""Who gets a page: people who are logged in; and what a refusal looks like."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Concatenate, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse
from django.shortcuts import resolve_url
from django.views.decorators.http import require_http_methods

from liuhen.core.errors import LiuhenError
from liuhen.server.web.views.errors import refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

    from liuhen.server.web.requests import PersonRequest

__all__ = ["for_people"]


def for_people[**P](
    *methods: str,
) -> Callable[
    [Callable[Concatenate[PersonRequest, P], HttpResponseBase]],
    Callable[Concatenate[HttpRequest, P], HttpResponseBase],
]:
    """Make a view answer `methods` for people who are logged in; strangers are led to the log-in.

    What the view's service refuses is shown as a page that says what, why, and what to do.
    """

    def decorate(
        view: Callable[Concatenate[PersonRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @require_http_methods(list(methods))
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_log_in(request)
            try:
                return view(cast("PersonRequest", request), *args, **kwargs)
            except LiuhenError as error:
                return refused(request, error)

        return guarded

    return decorate


def _to_log_in(request: HttpRequest) -> HttpResponse:
    """Lead to the log-in; a fragment's request leads its whole page there."""
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": resolve_url("log-in")})
    back = request.get_full_path() if request.method in {"GET", "HEAD"} else resolve_url("today")
    return redirect_to_login(back)
