"""What the ledger hands out, and what upper apps register with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from liuhen.core.entry import Entry, EventType, ObjectRef

__all__ = ["ChainLink", "Discrepancy", "DiscrepancyKind", "Projection", "Sequenced"]


@dataclass(frozen=True, slots=True)
class Sequenced:
    """An event under a checkpoint: its place, its exact entry bytes, and the tlog-proof text."""

    index: int
    entry: bytes
    proof: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLink:
    """One event of a subject's custody chain, as people see it. `index` is None while it is not sequenced."""

    id: uuid.UUID
    type: EventType
    time: datetime
    actor: str
    n: int
    index: int | None
    leaf_hash: str
    objects: tuple[ObjectRef, ...]
    facts: Mapping[str, Any]
    details: Mapping[str, Any] | None


class DiscrepancyKind(StrEnum):
    """How two accounts of the same thing can differ."""

    MISSING = "missing"
    EXTRA = "extra"
    ALTERED = "altered"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """One difference between what the ledger says and what lies in the database, the files or the vault."""

    kind: DiscrepancyKind
    where: str
    what: str


class Projection(Protocol):
    """Rows of an upper app that the ledger's entries determine.

    `read` sees every entry in order; `check` then yields each row that is missing, extra or altered. One instance
    serves one run.
    """

    def read(self, entry: Entry) -> None:
        """Take note of an entry."""
        ...

    def check(self) -> Iterable[Discrepancy]:
        """Compare the rows with what was read."""
        ...
