"""One file's progress through a collection."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from liuhen.collector.source.search import SkipReason, shown_path
from liuhen.collector.wire import FileDeclaration
from liuhen.core.digests import Digests

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liuhen.collector.source import FileKey

__all__ = ["Item", "ItemState"]


class ItemState(StrEnum):
    """How far a file has come; each state is durable before the step that follows it begins.

    planned -> sent -> received -> clearing -> cleared, or failed for this collection.
    """

    PLANNED = "planned"
    SENT = "sent"
    RECEIVED = "received"
    CLEARING = "clearing"
    CLEARED = "cleared"
    FAILED = "failed"

    @property
    def has_receipt(self) -> bool:
        """Whether a verified receipt for the file is stored."""
        return self in _WITH_RECEIPT

    @property
    def is_final(self) -> bool:
        """Whether nothing is left to be sent."""
        return self.has_receipt or self is ItemState.FAILED


_WITH_RECEIPT = frozenset({ItemState.RECEIVED, ItemState.CLEARING, ItemState.CLEARED})


@dataclass(frozen=True, slots=True)
class Item:
    """A file of a collection: its declaration, the state it was found in, how far it has come.

    `digests` are set from "sent" on, `recording` and `receipt` (path below the receipts' folder) from "received" on,
    `reason` when it failed, or when an earlier collection had brought it; `duplicate` when the server knew the bytes.
    """

    declaration: FileDeclaration
    size: int
    mtime_ns: int
    state: ItemState = ItemState.PLANNED
    digests: Digests | None = None
    recording: str | None = None
    receipt: str | None = None
    reason: SkipReason | None = None
    duplicate: bool = False

    @property
    def key(self) -> FileKey:
        """What tells this file from others on the device."""
        return (self.declaration.path, self.size, self.mtime_ns)

    @property
    def shown(self) -> str:
        """The path as safe text."""
        return shown_path(self.declaration.path)

    def as_json(self) -> dict[str, Any]:
        """Return the value that is stored."""
        return {
            "declaration": self.declaration.as_json(),
            "size": self.size,
            # Nanoseconds since 1970 exceed what JSON keeps exact.
            "mtime_ns": str(self.mtime_ns),
            "state": self.state.value,
            "digests": None if self.digests is None else asdict(self.digests),
            "recording": self.recording,
            "receipt": self.receipt,
            "reason": None if self.reason is None else self.reason.value,
            "duplicate": self.duplicate,
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> Item:
        """Return the item that `as_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        return cls(
            declaration=FileDeclaration.from_json(raw["declaration"]),
            size=int(raw["size"]),
            mtime_ns=int(raw["mtime_ns"]),
            state=ItemState(raw["state"]),
            digests=None if raw["digests"] is None else Digests(**raw["digests"]),
            recording=raw["recording"],
            receipt=raw["receipt"],
            reason=None if raw["reason"] is None else SkipReason(raw["reason"]),
            duplicate=bool(raw["duplicate"]),
        )
