"""Identifiers that the collector chooses, so that repeating a request is harmless."""

from __future__ import annotations

import uuid

__all__ = ["is_uuid", "new_uuid"]


def new_uuid() -> str:
    """Return a fresh uuid as lower-case text."""
    return str(uuid.uuid4())


def is_uuid(value: object) -> bool:
    """Say whether `value` is a uuid written as `new_uuid` writes it; such a text is safe as a file name."""
    try:
        return isinstance(value, str) and str(uuid.UUID(value)) == value
    except ValueError:
        return False
