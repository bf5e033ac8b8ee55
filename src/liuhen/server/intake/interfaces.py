"""What travels between a station's requests, the services, and the pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping
    from datetime import datetime

    from liuhen.server.intake.models import FileRole, Station, Upload, UploadState
    from liuhen.server.kernel.actor import Actor
    from liuhen.server.recordings.models import ClockMethod

__all__ = [
    "Caller",
    "ClockReading",
    "CollectionClosing",
    "CollectionOpening",
    "CollectionProgress",
    "CollectionSummary",
    "Created",
    "Declaration",
    "FileProgress",
    "IssuedKey",
    "SealOutcome",
    "SealRequest",
    "Skipped",
    "StationRow",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedKey:
    """A key just made. `file_text` is the station key file; the secret in it is kept nowhere else."""

    key: str
    file_text: str

    def __repr__(self) -> str:
        return f"IssuedKey(key={self.key!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A station whose key was accepted; `key` is the key's id."""

    station: Station
    key: str
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockReading:
    """What the collector says of the device's clock; `error_ms` is device time minus true time."""

    method: ClockMethod
    error_ms: int | None
    measured: datetime | None
    uncertainty_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionOpening:
    """What opens a collection; `body` is the message itself, for comparing repeats."""

    device: str | None
    collector: str
    opened: datetime
    clock: ClockReading
    carried_from: uuid.UUID | None
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionClosing:
    """What ends a collection; `body` is the message itself, which is the summary."""

    closed: datetime
    taken: int
    skipped: int
    cleared: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a station says of a file before sending it. `name` and `path` are raw bytes and never used as a path.

    `facts` maps each fact to `{"value", "source"}`; `body` is the message itself, for comparing repeats.
    """

    upload: uuid.UUID
    collection: uuid.UUID
    name: bytes
    path: bytes
    role: FileRole
    attached_to: uuid.UUID | None
    facts: Mapping[str, Any]
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """The upload that a declaration stands for, and whether this call made it (anew)."""

    upload: Upload
    made: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SealRequest:
    """What the station says of the whole file: size in bytes, both digests in lower-case hex."""

    size: int
    sha256: str
    sm3: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealOutcome:
    """The receipt, whether this call sealed the upload, and whether its bytes had been sealed before."""

    receipt: bytes
    now: bool
    duplicate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StationRow:
    """A station as lists show it; `keys` are (key id, made, revoked or None), newest first."""

    id: uuid.UUID
    name: str
    unit: str
    registered_at: datetime
    keys: tuple[tuple[str, datetime, datetime | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionSummary:
    """One collection as the intake page lists it. `bytes` and `received` sum its files, in bytes.

    `live` says that bytes are arriving at this moment; `rate` is their speed in bytes per second, 0 when none arrive.
    """

    id: uuid.UUID
    station: str
    unit: str
    device: str
    clock_method: ClockMethod
    clock_error_ms: int | None
    carried: bool
    opened_at: datetime
    closed_at: datetime | None
    files: int
    sealed: int
    duplicates: int
    ended: int
    bytes: int
    received: int
    rate: float
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FileProgress:
    """One file of a collection. `received` in bytes; `rate` in bytes per second, 0 when none arrive.

    `checking` says that the server compares and seals it at this moment.
    """

    upload: uuid.UUID
    name: str
    role: FileRole
    state: UploadState
    length: int
    received: int
    rate: float
    checking: bool
    created_at: datetime
    ended_at: datetime | None
    recording: uuid.UUID | None
    has_receipt: bool


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that the collector did not hand in: its shown name and the reason's code."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionProgress:
    """One collection with all its files, and what was skipped and why (known once it is closed)."""

    summary: CollectionSummary
    files: tuple[FileProgress, ...]
    skipped: tuple[Skipped, ...]
    cleared: int
