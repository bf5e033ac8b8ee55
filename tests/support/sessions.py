"""Sessions of people who have logged in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

if TYPE_CHECKING:
    from liuhen.server.accounts.models import Person

__all__ = ["session_of"]


def session_of(person: Person, **changes: str) -> str:
    """Return the key of a new session of `person`; `changes` replace what it holds."""
    session = SessionStore()
    session[SESSION_KEY] = str(person.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = person.get_session_auth_hash()
    session.update(changes)
    session.create()
    assert session.session_key is not None
    return session.session_key
