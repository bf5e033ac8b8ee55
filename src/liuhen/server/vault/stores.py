"""The two stores of this instance."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django.conf import settings

from liuhen.server.vault.adapters.local import LocalStore

if TYPE_CHECKING:
    from liuhen.server.vault.interfaces import Store

__all__ = ["derivatives", "originals"]


@cache
def originals() -> Store:
    """Return the store of originals and attachments.

    A demonstration's originals get no immutable flag, so that `rm -r` removes a demonstration.
    """
    return LocalStore(settings.INSTANCE.vault, freeze=not settings.INSTANCE.is_demonstration)


@cache
def derivatives() -> Store:
    """Return the store of what was computed from originals; it can be computed again, so it needs no immutable flag."""
    return LocalStore(settings.INSTANCE.derivatives, freeze=False)
