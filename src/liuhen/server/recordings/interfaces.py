"""What other apps hand to and get from recordings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping
    from datetime import date, datetime

    from liuhen.server.accounts.models import Person, Unit
    from liuhen.server.devices.models import Device
    from liuhen.server.recordings.models import ClockMethod, RecordingKind, RecordingState

__all__ = ["Analysis", "NewRecording", "RecordingFilter", "RecordingOrder", "SealedFile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """An original or attachment that lies sealed in the vault; `version` is the store's version id, if it has such."""

    sha256: str
    sm3: str
    size: int
    name_raw: bytes
    path_raw: bytes
    name: str
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRecording:
    """Everything known of a recording at the moment of sealing.

    `device_started` is the device's wall-clock text as written, "" when unknown; `facts` maps a declared fact's name
    to `{"value", "source"}`; `clock_error_ms` is device time minus true time.
    """

    file: SealedFile
    kind: RecordingKind
    unit: Unit
    device: Device | None
    officer: Person | None
    officer_code: str
    device_started: str
    device_started_source: str
    clock_method: ClockMethod
    clock_error_ms: int | None
    sequence: int | None
    important: bool
    retain_until: datetime
    facts: Mapping[str, Any]
    collection: uuid.UUID
    upload: uuid.UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What the probe found; `media` is plain JSON. `container_started` is device wall-clock text from the container."""

    kind: RecordingKind
    readable: bool
    duration_ms: int | None
    container_started: str
    media: Mapping[str, Any]
    tool: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingFilter:
    """What a person may narrow the list by; empty fields do not narrow. Dates are days of the agency's time zone."""

    text: str = ""
    kind: RecordingKind | None = None
    state: RecordingState | None = None
    officer: uuid.UUID | None = None
    device: uuid.UUID | None = None
    unattributed: bool = False
    important: bool = False
    sealed_from: date | None = None
    sealed_to: date | None = None


class RecordingOrder(StrEnum):
    """How a list of recordings is sorted; equal rows follow by their ids, which are made in time order."""

    NEWEST = "-sealed"
    OLDEST = "sealed"
    LARGEST = "-size"
    SMALLEST = "size"

    @property
    def column(self) -> str:
        """The column that is sorted by."""
        return "sealed_at" if self in {RecordingOrder.NEWEST, RecordingOrder.OLDEST} else "size"

    @property
    def descends(self) -> bool:
        """Whether the greatest come first."""
        return self.value.startswith("-")
