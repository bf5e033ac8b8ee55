"""Today: what is due, and what came in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.shortcuts import render
from django.utils import timezone

from liuhen.server.accounts.policy import Ability, allows
from liuhen.server.ledger.selectors import latest_checkpoint, verifier_key
from liuhen.server.web.context import sees_recordings
from liuhen.server.web.day import day_of
from liuhen.server.web.duties import duties_of
from liuhen.server.web.guard import for_people

if TYPE_CHECKING:
    from django.http import HttpResponse

    from liuhen.server.web.requests import PersonRequest

__all__ = ["today"]

_CHECKPOINT: Final = "/ledger/checkpoint"  # the front door's, not a page


@for_people("GET", "HEAD")
def today(request: PersonRequest) -> HttpResponse:
    """Show the day of the person logged in."""
    actor = request.actor
    context = {
        "date": timezone.localtime(request.at).date(),
        "duties": duties_of(actor=actor),
        "day": day_of(actor=actor, at=request.at) if sees_recordings(actor) else None,
        "may_intake": allows(actor, Ability.SEE_INTAKE),
    }
    if allows(actor, Ability.READ_LEDGER):
        context |= {
            "head": latest_checkpoint(),
            "key": verifier_key().to_text(),
            "checkpoint_address": _CHECKPOINT,
        }
    return render(request, "web/today.html", context)
