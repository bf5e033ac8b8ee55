"""What stands after verification: frozen facts, every one of them proven."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping

    from liuhen.core.entry import Entry
    from liuhen.core.tlog.checkpoint import Checkpoint

__all__ = ["ExportFacts", "ReceiptFacts", "SubjectHead"]


@dataclass(frozen=True, slots=True)
class ReceiptFacts:
    """What a verified receipt proves.

    `role` is `original` or `attachment`; `name` the raw file name; `size` in bytes; `sha256` and `sm3` lower-case hex;
    `details` the opened private details; `entry` stands at `index` in the ledger that `checkpoint` is the head of.
    """

    recording: uuid.UUID
    role: str
    name: bytes
    size: int
    sha256: str
    sm3: str | None
    details: Mapping[str, Any]
    entry: Entry
    index: int
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class SubjectHead:
    """The last event of one subject: its number and its leaf hash in hex."""

    n: int
    leaf: str


@dataclass(frozen=True, slots=True)
class ExportFacts:
    """What a verified export proves: its signed head, and the last event of every subject."""

    checkpoint: Checkpoint
    subjects: Mapping[str, SubjectHead]
