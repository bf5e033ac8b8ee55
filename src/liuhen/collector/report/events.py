"""The events, and the Protocol of whoever is told of them. Names and paths in them are safe text already."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from liuhen.collector.report.outcome import Outcome
    from liuhen.collector.source.search import SkipReason
    from liuhen.core.errors import LiuhenError

__all__ = [
    "CollectionEnded",
    "CollectionStarted",
    "DockReport",
    "Event",
    "FileCleared",
    "FileProgress",
    "FileReceived",
    "FileSkipped",
    "FileStarted",
    "Report",
    "SpoolWritten",
    "Trouble",
    "Watching",
]


@dataclass(frozen=True, slots=True)
class CollectionStarted:
    """Work on a source begins: so many files (attachments included) of so many bytes."""

    source: str
    files: int
    size: int
    resumed: bool


@dataclass(frozen=True, slots=True)
class FileStarted:
    """A file is being read."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class FileProgress:
    """So many bytes of a file are safe with the server, or written to the spool."""

    name: str
    done: int
    size: int


@dataclass(frozen=True, slots=True)
class FileReceived:
    """The file's receipt was verified and stored; `duplicate` if the same bytes had been handed in before."""

    name: str
    size: int
    recording: str
    receipt: str
    duplicate: bool


@dataclass(frozen=True, slots=True)
class FileSkipped:
    """A file was left where it is."""

    name: str
    reason: SkipReason


@dataclass(frozen=True, slots=True)
class FileCleared:
    """A file was removed from the device after it was read once more and found to be that of its receipt."""

    name: str


@dataclass(frozen=True, slots=True)
class SpoolWritten:
    """A spool is complete and durable."""

    path: str
    files: int
    size: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something a person should know at once."""

    error: LiuhenError


@dataclass(frozen=True, slots=True)
class Watching:
    """The collector waits for devices below a folder."""

    path: str


@dataclass(frozen=True, slots=True)
class CollectionEnded:
    """Work on a source has ended, well or not."""

    outcome: Outcome


type Event = (
    CollectionStarted
    | FileStarted
    | FileProgress
    | FileReceived
    | FileSkipped
    | FileCleared
    | SpoolWritten
    | Trouble
    | Watching
    | CollectionEnded
)


class Report(Protocol):
    """Somebody who is told. `tell` may be called from several threads at once and never fails the work."""

    def tell(self, event: Event, dock: str = "") -> None:
        """Take note of `event`; `dock` says of which device, where several are attended to side by side."""
        ...

    def close(self) -> None:
        """Leave the screen in order."""
        ...


class DockReport:
    """Tells `report` everything as befalling the device at `dock`."""

    def __init__(self, report: Report, dock: str) -> None:
        self._report = report
        self._dock = dock

    def tell(self, event: Event, dock: str = "") -> None:
        """See `Report`."""
        self._report.tell(event, dock or self._dock)

    def close(self) -> None:
        """See `Report`; the report is another's to close."""
