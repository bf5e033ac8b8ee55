"""The report on a terminal: a moving bar per file, and a table at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.table import Column, Table

from liuhen.collector.report.events import (
    CollectionEnded,
    Event,
    FileProgress,
    FileReceived,
    FileSkipped,
    FileStarted,
    Trouble,
)
from liuhen.collector.report.lines import line_of

if TYPE_CHECKING:
    from typing import TextIO

    from liuhen.collector.report.outcome import Outcome
    from liuhen.collector.report.words import Words

__all__ = ["ScreenReport"]

_ROWS: Final = 40
_BAR: Final = 10
_WIDE: Final = 80
_WIDE_TAKES: Final = 56
_NARROW_TAKES: Final = 18
"""Cells that the columns beside the name take at most."""
_LEAST_ROOM: Final = 12


class ScreenReport:
    """Shows the work on a terminal through rich, which takes care of threads."""

    def __init__(self, stream: TextIO, words: Words) -> None:
        self._words = words
        self._console = Console(file=stream, highlight=False)
        wide = self._console.width >= _WIDE
        more = [DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()] if wide else []
        self._room = max(_LEAST_ROOM, self._console.width - (_WIDE_TAKES if wide else _NARROW_TAKES))
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(_BAR),
            TaskProgressColumn(),
            *more,
            console=self._console,
        )
        self._tasks: dict[tuple[str, str], TaskID] = {}
        self._progress.start()

    def tell(self, event: Event, dock: str = "") -> None:
        """See `Report`."""
        match event:
            case FileStarted():
                # A file that starts anew under another upload has one bar, not two.
                self._drop(dock, event.name)
                # An empty file has no way to go; rich would show it as waiting for ever.
                total = max(event.size, 1)
                self._tasks[dock, event.name] = self._progress.add_task(self._label(dock, event.name), total=total)
            case FileProgress():
                self._move(event, dock)
            case FileReceived() | FileSkipped():
                self._drop(dock, event.name)
                self._line(event, dock, "green" if isinstance(event, FileReceived) else "yellow")
            case Trouble():
                self._line(event, dock, "red")
            case CollectionEnded():
                self._line(event, dock, "bold")
                self._table(event.outcome, dock)
            case _:
                self._line(event, dock, "default")

    def close(self) -> None:
        """See `Report`."""
        self._progress.stop()

    def _move(self, event: FileProgress, dock: str) -> None:
        task = self._tasks.get((dock, event.name))
        if task is None:
            return
        self._progress.update(task, completed=event.done)
        if event.done == event.size:
            waits = self._words.pick(" · 等待回执", " · sealing")
            self._progress.update(task, description=self._label(dock, event.name, waits))

    def _label(self, dock: str, name: str, state: str = "") -> str:
        """Return what stands before a bar, short enough that the bar is seen."""
        head = f"{dock}: " if dock else ""
        return escape(head + _tail(name, max(1, self._room - cell_len(head) - cell_len(state))) + state)

    def _drop(self, dock: str, name: str) -> None:
        task = self._tasks.pop((dock, name), None)
        if task is not None:
            self._progress.remove_task(task)

    def _line(self, event: Event, dock: str, style: str) -> None:
        line = line_of(event, self._words, dock)
        if line is not None:
            self._progress.console.print(line, style=style, markup=False)

    def _table(self, outcome: Outcome, dock: str) -> None:
        for at, name in list(self._tasks):
            if at == dock:
                self._drop(at, name)
        if not outcome.taken and not outcome.skipped:
            return
        pick = self._words.pick
        table = Table(
            Column(pick("文件", "file"), overflow="fold"),
            Column(pick("结果", "result"), overflow="fold"),
            Column(pick("音像记录", "recording"), overflow="fold"),
        )
        for one in outcome.taken[:_ROWS]:
            result = pick("重复，已有回执", "the same as before") if one.duplicate else pick("已入库", "received")
            table.add_row(escape(one.name), result, one.recording)
        for skip in outcome.skipped[:_ROWS]:
            table.add_row(escape(skip.shown), self._words.reason(skip.reason), "")
        more = max(0, len(outcome.taken) - _ROWS) + max(0, len(outcome.skipped) - _ROWS)
        if more:
            table.add_row(pick(f"……另有 {more} 项", f"… {more} more"), "", "")
        self._console.print(table)


def _tail(text: str, room: int) -> str:
    """Return the end of `text` in at most `room` cells: what tells two recordings apart stands at the end."""
    kept = ""
    for character in reversed(text):
        if cell_len(character + kept) >= room:
            return f"…{kept}"
        kept = character + kept
    return kept
