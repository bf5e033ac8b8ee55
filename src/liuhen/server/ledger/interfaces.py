"""What the ledger hands out, and what upper apps register with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from liuhen.core.entry import Entry, ObjectRef
    from liuhen.core.events import EventType

__all__ = [
    "ChainLink",
    "Discrepancy",
    "DiscrepancyKind",
    "Projection",
    "PublishedCheckpoint",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """One event of a subject's custody chain, as people see it. `index` is None while it is not sequenced.

    `details` are the opened private details, None where the event has none.
    """

    id: uuid.UUID
    type: EventType
    time: datetime
    subject: str
    actor: str
    n: int
    index: int | None
    leaf_hash: str
    objects: tuple[ObjectRef, ...]
    facts: Mapping[str, Any]
    details: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedCheckpoint:
    """A checkpoint whose signature was checked; `at` is when it was first published, None if that is not known."""

    origin: str
    size: int
    root: bytes
    note: bytes
    at: datetime | None


class DiscrepancyKind(StrEnum):
    """How two accounts of the same thing can differ."""

    MISSING = "missing"
    EXTRA = "extra"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference between what the ledger says and what lies in the database, the files or the vault.

    `where` names the thing itself (`event <uuid>`, `tile/0/003`); `zh` and `en` say what is wrong with it.
    """

    kind: DiscrepancyKind
    where: str
    zh: str
    en: str


class Projection(Protocol):
    """One comparison of an upper app's rows with the ledger's entries, which determine them.

    `check` is given every entry, in runs and in order, and then `finish` is called once. Entries that wait for their
    place come last. Everything is read in one database snapshot.
    """

    def check(self, entries: Sequence[Entry]) -> Iterable[Discrepancy]:
        """Compare the rows that `entries` tell of."""
        ...

    def finish(self) -> Iterable[Discrepancy]:
        """Name the rows that no entry told of."""
        ...
