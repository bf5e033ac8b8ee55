"""What the frame of every page shows: the rail, the person, the ledger's newest checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from liuhen.server.accounts.policy import Ability, allows, require
from liuhen.server.ledger.models import CheckpointRow
from liuhen.server.web.words import ROLES

if TYPE_CHECKING:
    from django.http import HttpRequest

    from liuhen.server.kernel.actor import Actor

__all__ = ["RailItem", "frame", "require_to_see_recordings", "sees_recordings"]


@dataclass(frozen=True, slots=True)
class RailItem:
    """One entry of the rail."""

    title: str
    address: str
    current: bool


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return the frame's context. A stranger's has the agency alone; so has the page of a failed request."""
    actor: Actor | None = getattr(request, "actor", None)
    context: dict[str, Any] = {"agency": settings.INSTANCE.settings.agency, "path": request.get_full_path()}
    if actor is None:
        return context
    return context | {
        "rail": _rail(actor, request.path),
        "roles": [word for role, word in ROLES.items() if role in actor.roles],
        "checkpoint": CheckpointRow.objects.order_by("-size").only("size", "at").first(),
        "may_search": sees_recordings(actor),
    }


def sees_recordings(actor: Actor) -> bool:
    """Tell whether any recordings are for `actor` to see."""
    return allows(actor, Ability.SEE_METADATA) or allows(actor, Ability.SEE_OWN_METADATA)


def require_to_see_recordings(actor: Actor) -> None:
    """Raise `NotAllowedError` unless any recordings are for `actor` to see; it names the roles that see a unit's."""
    if not sees_recordings(actor):
        require(actor, Ability.SEE_METADATA)


def _rail(actor: Actor, path: str) -> list[RailItem]:
    """Return the pages that exist for `actor`."""
    pages = [
        ("today", _("Today"), True),
        ("recordings", _("Recordings"), sees_recordings(actor)),
        ("intake", _("Intake"), allows(actor, Ability.SEE_INTAKE)),
    ]
    items = []
    for name, title, allowed in pages:
        address = reverse(name)
        current = path == address or (name != "today" and path.startswith(address))
        if allowed:
            items.append(RailItem(title=title, address=address, current=current))
    return items
