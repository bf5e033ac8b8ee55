"""What the frame of every page shows: the rail, the person, the ledger's head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from liuhen.server.accounts.policy import Ability, allows
from liuhen.server.web.words import role_name

if TYPE_CHECKING:
    from django.http import HttpRequest

    from liuhen.server.kernel.actor import Actor

__all__ = ["RailItem", "frame"]


@dataclass(frozen=True, slots=True)
class RailItem:
    """One entry of the rail."""

    title: str
    address: str
    current: bool


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the frame's context; a stranger's has no rail."""
    actor: Actor | None = getattr(request, "actor", None)
    context: dict[str, Any] = {"agency": settings.INSTANCE.settings.agency, "actor": actor}
    if actor is None:
        return context
    return context | {
        "rail": _rail(actor, request.path),
        "roles": _(", ").join(role_name(role) for role in sorted(actor.roles)),
        "ledger_size": _ledger_size(),
        "may_search": _sees_recordings(actor),
    }


def _rail(actor: Actor, path: str) -> list[RailItem]:
    items = [("today", _("Today"), True), ("recordings", _("Recordings"), _sees_recordings(actor))]
    items.append(("intake", _("Intake"), allows(actor, Ability.SEE_INTAKE)))
    shown = []
    for name, title, allowed in items:
        address = reverse(name)
        current = path == address or (name != "today" and path.startswith(address))
        if allowed:
            shown.append(RailItem(title=title, address=address, current=current))
    return shown


def _sees_recordings(actor: Actor) -> bool:
    return allows(actor, Ability.SEE_METADATA) or allows(actor, Ability.SEE_OWN_METADATA)


def _ledger_size() -> int | None:
    """Return how many entries the newest checkpoint covers; read without checking: a page is not a verifier."""
    path = settings.INSTANCE.ledger / "checkpoint"
    try:
        return int(path.read_bytes().split(b"\n", 2)[1])
    except (OSError, ValueError, IndexError):
        return None
