"""Reports in lines: words for people, JSON for machines, and several at once."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final, assert_never

from liuhen.collector.report.events import (
    CollectionEnded,
    CollectionStarted,
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
from liuhen.core.naming import reshown

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from liuhen.collector.report.outcome import Outcome
    from liuhen.collector.report.words import Words

__all__ = ["JsonReport", "LineReport", "ReportToAll", "line_of", "tell_outcome"]

_PROGRESS_EVERY_S: Final = 1.0


def line_of(event: Event, words: Words, dock: str = "") -> str | None:
    """Return the line that tells of `event` at `dock`, or None for what is shown by movement only."""
    line = _line_of(event, words)
    return f"[{dock}] {line}" if dock and line is not None else line


def _line_of(event: Event, words: Words) -> str | None:  # noqa: C901, PLR0911 - one case per event, each a call
    match event:
        case CollectionStarted():
            return words.started(event)
        case FileStarted():
            return words.file_started(event)
        case FileProgress():
            return None
        case FileReceived():
            return words.received(event)
        case FileSkipped():
            return words.skipped(event)
        case FileCleared():
            return words.cleared(event)
        case SpoolWritten():
            return words.spooled(event)
        case Trouble():
            return reshown(event.error.text(words.language))
        case Watching():
            return words.watching(event)
        case CollectionEnded():
            return words.ended(event.outcome)
        case _:
            assert_never(event)


class LineReport:
    """One plain line per event, for logs and pipes."""

    def __init__(self, stream: TextIO, words: Words) -> None:
        self._stream = stream
        self._words = words
        self._lock = threading.Lock()

    def tell(self, event: Event, dock: str = "") -> None:
        """See `Report`."""
        line = line_of(event, self._words, dock)
        if line is not None:
            with self._lock:
                print(line, file=self._stream, flush=True)

    def close(self) -> None:
        """See `Report`."""
        self._stream.flush()


class JsonReport:
    """One JSON object per line: `event` names it in kebab-case, `dock` the device, the other keys are its values.

    The lines are ASCII, so that whoever reads them need not know this station's locale.
    """

    def __init__(self, stream: TextIO, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], float] = {}

    def tell(self, event: Event, dock: str = "") -> None:
        """See `Report`."""
        with self._lock:
            if not self._is_due(event, dock):
                return
            told = {**_as_json(event), "dock": dock} if dock else _as_json(event)
            print(json.dumps(told), file=self._stream, flush=True)

    def close(self) -> None:
        """See `Report`."""
        self._stream.flush()

    def _is_due(self, event: Event, dock: str) -> bool:
        """Thin out progress to one line per file and second; the end of a file is always told."""
        if not isinstance(event, FileProgress):
            return True
        if event.done == event.size:
            self._last.pop((dock, event.name), None)
            return True
        now = self._monotonic()
        if now - self._last.get((dock, event.name), float("-inf")) < _PROGRESS_EVERY_S:
            return False
        self._last[dock, event.name] = now
        return True


class ReportToAll:
    """Passes each event on to several."""

    def __init__(self, *reports: Report) -> None:
        self._reports = reports

    def tell(self, event: Event, dock: str = "") -> None:
        """See `Report`."""
        for report in self._reports:
            report.tell(event, dock)

    def close(self) -> None:
        """See `Report`."""
        for report in self._reports:
            report.close()


def tell_outcome(report: Report, outcome: Outcome) -> None:
    """Tell how work on a source ended; what ended it early first."""
    if outcome.error is not None:
        report.tell(Trouble(outcome.error))
    report.tell(CollectionEnded(outcome))


def _as_json(event: Event) -> dict[str, Any]:
    name = "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in type(event).__name__)
    values: dict[str, Any]
    match event:
        case CollectionEnded():
            values = event.outcome.as_json()
        case Trouble():
            values = event.error.as_dict()
        case _:
            values = asdict(event)
    return {"event": name.lstrip("-"), **values}
