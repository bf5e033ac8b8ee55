"""Where acts on people and units are written down.

Accounts lie below the ledger and must not import it; the ledger registers itself here when the program starts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from liuhen.core.events import EventType
    from liuhen.server.kernel.actor import Actor

__all__ = ["Journal", "journal", "register_journal"]


class Journal(Protocol):
    """Writes one custody event in the caller's transaction."""

    def __call__(
        self,
        *,
        type: EventType,  # noqa: A002 - the word of the entry format
        subject: str,
        actor: Actor,
        at: datetime,
        facts: Mapping[str, Any] | None = None,
        private: Mapping[str, Any] | None = None,
    ) -> object:
        """Write the event."""
        ...


_registered: list[Journal] = []


def register_journal(journal: Journal) -> None:
    """Make `journal` the one that acts are written to; a second call replaces it."""
    _registered[:] = [journal]


def journal() -> Journal:
    """Return the registered journal.

    Raises:
        RuntimeError: none is registered: the ledger app is not installed.
    """
    if not _registered:
        raise RuntimeError("no journal is registered; the ledger app must be installed")
    return _registered[0]
