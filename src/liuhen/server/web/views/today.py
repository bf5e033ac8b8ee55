"""Today: what came in, and what there is to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from liuhen.server.accounts.policy import Ability, allows
from liuhen.server.kernel import clock
from liuhen.server.web.duties import duties_of, figures_of
from liuhen.server.web.requests import page

if TYPE_CHECKING:
    from django.http import HttpResponse

    from liuhen.server.web.requests import PageRequest

__all__ = ["today"]


@require_GET
@page
def today(request: PageRequest) -> HttpResponse:
    """Show the day of the person logged in."""
    at = clock.now()
    figures = figures_of(actor=request.actor, at=at)
    context = {
        "day": timezone.localtime(at),
        "duties": duties_of(actor=request.actor),
        "figures": figures,
        "newest": figures.newest,
        "may_intake": allows(request.actor, Ability.SEE_INTAKE),
        "agency_zone": settings.TIME_ZONE,
    }
    return render(request, "web/today.html", context)
