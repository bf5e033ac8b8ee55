"""What the collector tells while it works: events, and those who show them to people and machines."""

from __future__ import annotations

from liuhen.collector.report.events import (
    CollectionEnded,
    CollectionStarted,
    DockReport,
    Event,
    FileCleared,
    FileProgress,
    FileReceived,
    FileSkipped,
    FileStarted,
    Report,
    SpoolWritten,
    Trouble,
    Watching,
)

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
