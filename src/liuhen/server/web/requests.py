"""What a page's request carries beside Django's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest

if TYPE_CHECKING:
    from datetime import datetime

    from liuhen.server.accounts.models import Person
    from liuhen.server.kernel.actor import Actor

__all__ = ["PersonRequest"]


class PersonRequest(HttpRequest):
    """A request of a person who is logged in, as `middleware.ActorMiddleware` makes it.

    `at` is the one time that everything done and shown by this request goes by.
    """

    user: Person
    actor: Actor
    at: datetime
