"""The contract of a store: write-once, content-addressed, with terms and holds.

Every adapter keeps it and runs `tests/server/vault/store_behaviour.py`. The text to go with it is docs/spec/vault.md.
Addresses are SHA-256 in lower-case hex. Times are aware; a store keeps them in UTC and whole milliseconds, a term
rounded up. A malformed address, key, hold name or naive time is a wrong call: `ValueError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Buffer, Iterator
    from datetime import datetime
    from types import TracebackType
    from typing import BinaryIO

__all__ = [
    "PIECE",
    "Listing",
    "ObjectStat",
    "ObjectState",
    "Protection",
    "Sealed",
    "Staged",
    "StagedArea",
    "Store",
]

PIECE: Final = 256 << 10
"""Bytes that `Store.chunks` yields at a time unless told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An object that is durable under its address. `version` is the engine's version id where it has such.

    `already` says that these bytes lay there before this call; whether they were handed in before is for the rows to
    say, since a seal that was cut off and repeated also finds them.
    """

    sha256: str
    size: int
    version: str | None
    already: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectStat:
    """An object's size in bytes, term, holds, whether the engine itself refuses changes, and when it was sealed."""

    sha256: str
    size: int
    retain_until: datetime
    holds: frozenset[str]
    immutable: bool
    sealed_at: datetime


class ObjectState(StrEnum):
    """How an address stands when the store is walked."""

    WHOLE = "whole"  # object and record
    UNRECORDED = "unrecorded"  # object without record: a seal was cut off, or the record was lost
    DISPOSING = "disposing"  # a destruction was begun; repeating it ends it
    LOST = "lost"  # record without object: nothing the store does leads here


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One address met while walking; `size` in bytes, and `written`, by the storage's own clock, of what is there."""

    sha256: str
    state: ObjectState
    size: int
    written: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedArea:
    """One staging area met while walking; `touched` is its last change by the storage's own clock."""

    key: str
    size: int
    sealed: bool
    touched: datetime


class Protection(StrEnum):
    """Whether the storage itself refuses to change or remove sealed objects."""

    IN_FORCE = "in-force"
    NOT_PERMITTED = "not-permitted"
    NOT_SUPPORTED = "not-supported"
    TURNED_OFF = "turned-off"


class Staged(Protocol):
    """The open, durable staging area of one upload. One thread at a time; exclusive among all processes.

    It digests what passes through it, so the digest compared at the seal is always of the bytes it holds.
    After `Store.seal` it still answers `key`, `size`, `sha256` and `is_sealed`, and so does an area opened again after
    a crash; `discard` it once the rows that name the object are committed.
    """

    @property
    def key(self) -> str:
        """The upload's key."""
        ...

    @property
    def size(self) -> int:
        """Bytes that are durable: what may be reported."""
        ...

    @property
    def written(self) -> int:
        """Bytes appended, durable or not."""
        ...

    @property
    def is_sealed(self) -> bool:
        """Whether the bytes have moved to the sealed objects; repeating `Store.seal` is then quick and harmless."""
        ...

    def append(self, data: Buffer) -> None:
        """Add `data` at the end: all of it or, on an error, none. It is not durable before `flush`."""
        ...

    def flush(self) -> int:
        """Make everything appended durable and return its size.

        After an error the area is closed, with the bytes up to the last flush in it: open it again to go on.
        """
        ...

    def truncate(self, size: int) -> None:
        """Drop, durably, what lies after `size` bytes."""
        ...

    def read(self, offset: int, length: int) -> bytes:
        """Return at most `length` bytes from `offset`, fewer only at the end."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """Yield all appended bytes in pieces."""
        ...

    def sha256(self) -> str:
        """Return the digest of all appended bytes, reading first what was not digested while it was appended."""
        ...

    def close(self) -> None:
        """Let others open the area; harmless when repeated. What was not flushed may or may not stay."""
        ...

    def discard(self) -> None:
        """Remove the area, durably, and close it."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Close, never discard."""
        ...


class Store(Protocol):
    """A write-once store. Any thread and any process may use it; every method may be repeated after any failure.

    All methods raise `VaultFullError` for want of space and `VaultFaultError` for other faults of the storage, and
    then nothing is half-done. Methods that name an object raise `ObjectMissingError` where there is none.
    """

    def stage(self, key: str) -> Staged:
        """Open the staging area of `key`, making it if there is none.

        Raises:
            StageLockedError: it is open elsewhere.
        """
        ...

    def staged(self) -> Iterator[StagedArea]:
        """Walk the staging areas."""
        ...

    def seal(self, staged: Staged, *, sha256: str, size: int, retain_until: datetime, at: datetime) -> Sealed:
        """Make the staged bytes an object, durably, and return when that is done.

        Where the object exists it is read once more, its term is extended if need be, and the staged copy is dropped.

        Raises:
            SizeMismatchError, DigestMismatchError: the staged bytes are others; they are kept.
            ObjectDamagedError: the object exists and is damaged; the staged bytes are kept.
        """
        ...

    def open(self, sha256: str) -> BinaryIO:
        """Return a seekable reader of the object; the caller closes it."""
        ...

    def read_range(self, sha256: str, offset: int, length: int) -> bytes:
        """Return exactly the `length` bytes from `offset`; a range that goes past the end is a `ValueError`."""
        ...

    def chunks(self, sha256: str, offset: int = 0, length: int | None = None, piece: int = PIECE) -> Iterator[bytes]:
        """Yield exactly the `length` bytes from `offset` (all that follow, if None) in pieces of `piece` bytes."""
        ...

    def stat(self, sha256: str) -> ObjectStat:
        """Return how the object stands.

        Raises:
            RecordDamagedError: its term and holds are not known.
        """
        ...

    def retain_until(self, sha256: str, until: datetime) -> None:
        """Extend the term.

        Raises:
            RetentionShortenedError: the term in force is longer.
        """
        ...

    def hold(self, sha256: str, name: str) -> None:
        """Put the object under the hold `name`; harmless when repeated."""
        ...

    def release_hold(self, sha256: str, name: str) -> None:
        """Lift the hold `name`; harmless when there is none."""
        ...

    def destroy(self, sha256: str, *, at: datetime) -> None:
        """Remove the object; harmless when it was removed before.

        Raises:
            ObjectRetainedError, ObjectHeldError: it has to stay.
            RecordDamagedError: its term and holds are not known, so it stays.
            ObjectMissingError: it has gone without this method: it is lost, not destroyed.
        """
        ...

    def list(self) -> Iterator[Listing]:
        """Walk all addresses in ascending order; what changes meanwhile may or may not be met."""
        ...

    def verify(self, sha256: str) -> None:
        """Read the object from the medium and compare it with its address.

        Raises:
            ObjectDamagedError: it differs.
        """
        ...

    def tidy(self) -> tuple[str, ...]:
        """Remove what a crash left of the store's own bookkeeping and return its names. Touches no object or area."""
        ...

    def protection(self) -> Protection:
        """Try out, on a file of its own, whether the storage refuses changes to sealed objects."""
        ...

    def free_bytes(self) -> int:
        """Return how many bytes may still be written."""
        ...
