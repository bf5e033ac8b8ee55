"""Who writes down acts on people and units.

Accounts lie below the ledger and must not import it; the ledger registers itself here when the program starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from liuhen.core.events import EventType
    from liuhen.server.kernel.actor import Actor

__all__ = ["record", "register_recorder"]

_registered: list[Callable[..., object]] = []


def register_recorder(recorder: Callable[..., object]) -> None:
    """Have acts written down by `recorder`, which is called as `record` is; a second call replaces it."""
    _registered[:] = [recorder]


def record(
    *,
    type: EventType,  # noqa: A002 - the word of the entry format
    subject: str,
    actor: Actor,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
    private: Mapping[str, Any] | None = None,
) -> None:
    """Write one custody event in the caller's transaction.

    Raises:
        RuntimeError: no recorder is registered: the ledger app is not installed.
    """
    if not _registered:
        raise RuntimeError("no recorder is registered; the ledger app must be installed")
    _registered[0](type=type, subject=subject, actor=actor, at=at, facts=facts, private=private)
