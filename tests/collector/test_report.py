from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from liuhen.collector.errors import FileChangedError, StoppedError
from liuhen.collector.report import (
    CollectionEnded,
    CollectionStarted,
    DockReport,
    Event,
    FileCleared,
    FileProgress,
    FileReceived,
    FileSkipped,
    FileStarted,
    SpoolWritten,
    Trouble,
    Watching,
)
from liuhen.collector.report.choice import report_to
from liuhen.collector.report.lines import JsonReport, LineReport
from liuhen.collector.report.outcome import Outcome, Taken
from liuhen.collector.report.screen import ScreenReport
from liuhen.collector.report.words import REASONS, Words
from liuhen.collector.source import Skip, SkipReason
from liuhen.collector.work.settling import listed
from liuhen.core.errors import Language
from liuhen.core.exits import ExitCode, worst
from liuhen.core.sizes import size_text

if TYPE_CHECKING:
    from liuhen.collector.report import Report

_OUTCOME = Outcome(
    source="/media/cam",
    collection="c",
    taken=tuple(Taken(f"[b]{number}.mp4", 2048, "r", duplicate=number == 1) for number in range(50)),
    skipped=(Skip("notes.doc", SkipReason.NOT_MEDIA), Skip("bad.mp4", SkipReason.UNREADABLE)),
    cleared=("0.mp4",),
    kept=("1.mp4",),
    spooled=3,
)
_EVENTS: list[Event] = [
    Watching("/media"),
    CollectionStarted("/media/cam", 2, 4096, resumed=True),
    FileStarted("[b]0.mp4", 2048),
    FileProgress("[b]0.mp4", 1024, 2048),
    FileProgress("[b]0.mp4", 1100, 2048),
    FileProgress("[b]0.mp4", 2048, 2048),
    FileProgress("never-started.mp4", 1, 2),
    FileReceived("[b]0.mp4", 2048, "r", "c/0.receipt.json", duplicate=True),
    FileStarted("empty.mp4", 0),
    FileSkipped("notes.doc", SkipReason.NOT_MEDIA),
    FileStarted("broken-off.mp4", 5),
    Trouble(FileChangedError(name="x.mp4")),
    FileCleared("[b]0.mp4"),
    SpoolWritten("/disk/spool", 3, 10),
    CollectionEnded(_OUTCOME),
]


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _plain(shown: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown).replace("\r", "\n")


def _told(report: Report) -> None:
    for event in _EVENTS:
        report.tell(event)
    report.close()


@pytest.mark.parametrize("language", Language)
def test_every_event_but_movement_has_a_line_in_both_languages(language: Language) -> None:
    stream = io.StringIO()
    _told(LineReport(stream, Words(language)))

    lines = stream.getvalue().splitlines()
    assert len(lines) == sum(not isinstance(event, FileProgress) for event in _EVENTS)
    chinese = [any("\u4e00" <= letter <= "\u9fff" for letter in line) for line in lines]
    assert all(chinese) if language is Language.ZH else not any(chinese)


def test_machines_get_one_object_per_line_and_progress_once_a_second() -> None:
    stream = io.StringIO()
    _told(JsonReport(stream, monotonic=lambda: 0.0))

    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["event"] for one in events] == [
        "watching",
        "collection-started",
        "file-started",
        "file-progress",
        "file-progress",
        "file-progress",
        "file-received",
        "file-started",
        "file-skipped",
        "file-started",
        "trouble",
        "file-cleared",
        "spool-written",
        "collection-ended",
    ]
    assert [one["done"] for one in events if one["event"] == "file-progress"] == [1024, 2048, 1]
    assert events[8]["reason"] == "not-media"
    assert events[10]["code"] == "file-changed"
    assert events[-1]["exit_code"] == 3
    assert events[-1]["taken"][1] == {"name": "[b]1.mp4", "size": 2048, "recording": "r", "duplicate": True}


@pytest.mark.parametrize("language", Language)
def test_a_terminal_shows_the_table_and_takes_no_name_for_a_command(language: Language) -> None:
    stream = _Terminal()
    report = report_to(words_on=stream, json_on=None, language=language)
    assert isinstance(report, ScreenReport)
    _told(report)

    shown = stream.getvalue()
    assert "[b]0.mp4" in shown
    assert "notes.doc" in shown


@pytest.mark.parametrize("width", [40, 79, 80, 132])
def test_a_bar_and_the_end_of_a_long_name_are_seen_at_any_width(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    stream = _Terminal()
    report = ScreenReport(stream, Words(Language.ZH))
    name = "DCIM/100/" + "日常检查" * 20 + "_20261123094210_0007.mp4"
    report.tell(FileStarted(name, 1 << 30), "cam[7]")
    report.tell(FileProgress(name, 1 << 29, 1 << 30), "cam[7]")
    report.close()

    shown = _plain(stream.getvalue()).splitlines()[-1]
    assert cell_len(shown) <= width
    assert re.fullmatch(r"cam\[7\]: ….*_0007\.mp4 [━╸╺]+ +50%.*", shown), shown


def test_the_same_name_on_two_devices_is_two_bars() -> None:
    stream = _Terminal()
    report = ScreenReport(stream, Words(Language.EN))
    for dock in ("one", "two"):
        report.tell(FileStarted("a.mp4", 10), dock)
    report.tell(CollectionEnded(Outcome(source="/media/one")), "one")
    report.tell(FileProgress("a.mp4", 10, 10), "two")
    bars = [task.description for task in report._progress.tasks]
    report.close()

    assert bars == ["two: a.mp4 · sealing"]
    assert "two: a.mp4 · sealing" in _plain(stream.getvalue()).splitlines()[-1]


def test_a_file_that_starts_anew_has_one_bar() -> None:
    report = ScreenReport(_Terminal(), Words(Language.EN))
    for _ in range(2):
        report.tell(FileStarted("a.mp4", 10))
    bars = [task.description for task in report._progress.tasks]
    report.close()

    assert bars == ["a.mp4"]


def test_lines_and_objects_name_the_device_where_there_are_several() -> None:
    words, machine = io.StringIO(), io.StringIO()
    report = report_to(words_on=words, json_on=machine, language=Language.EN)
    DockReport(report, "cam7").tell(FileStarted("a.mp4", 5))
    DockReport(report, "cam7").tell(FileProgress("a.mp4", 1, 5))
    DockReport(report, "cam8").tell(FileProgress("a.mp4", 1, 5))
    DockReport(report, "cam8").close()
    report.tell(FileStarted("b.mp4", 5))

    assert words.getvalue() == "[cam7] Taking a.mp4 (5 B)\nTaking b.mp4 (5 B)\n"
    docks = [json.loads(line).get("dock") for line in machine.getvalue().splitlines()]
    assert docks == ["cam7", "cam7", "cam8", None]


def test_what_machines_read_is_ascii_in_every_locale() -> None:
    machine = io.StringIO()
    JsonReport(machine).tell(FileSkipped("录音\U0001f3a5.mp3", SkipReason.REFUSED))

    assert machine.getvalue().isascii()
    assert json.loads(machine.getvalue())["name"] == "录音\U0001f3a5.mp3"


class _Breaking(io.StringIO):
    """A stream whose reader goes away after so many characters, or at the first flush; it has no descriptor."""

    def __init__(self, room: int, *, flushes: bool = True) -> None:
        super().__init__()
        self._room = room
        self._flushes = flushes

    def write(self, text: str) -> int:
        self._room -= len(text)
        if self._room < 0:
            raise BrokenPipeError
        return super().write(text)

    def flush(self) -> None:
        if not self._flushes:
            raise BrokenPipeError


@pytest.mark.parametrize("stream", [_Breaking(0), _Breaking(60), _Breaking(1000, flushes=False)])
def test_a_stream_whose_reader_has_gone_fails_nobody(stream: _Breaking) -> None:
    _told(report_to(words_on=stream, json_on=None, language=Language.EN))

    assert len(stream.getvalue().splitlines()) <= 1


def test_a_terminal_with_nothing_to_tell_shows_no_table() -> None:
    stream = _Terminal()
    report = ScreenReport(stream, Words(Language.EN))
    report.tell(CollectionEnded(Outcome(source="/media/cam")))
    report.close()

    assert "recording" not in stream.getvalue()


def test_every_reason_is_said_in_both_languages() -> None:
    assert set(REASONS) == set(SkipReason)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1_000, "1.0 KB"), (38_200_000, "38.2 MB"), (1_420_000_000, "1.4 GB")],
)
def test_sizes_are_short(size: int, text: str) -> None:
    assert size_text(size) == text


def test_an_outcome_ends_with_its_worst() -> None:
    assert Outcome(source="a").exit_code is ExitCode.OK
    assert Outcome(source="a", skipped=(Skip("x", SkipReason.NOT_MEDIA),)).exit_code is ExitCode.OK
    assert Outcome(source="a", kept=("x",)).exit_code is ExitCode.INCOMPLETE
    assert Outcome(source="a", error=StoppedError()).exit_code is ExitCode.INTERRUPTED
    assert Outcome(source="a", error=StoppedError()).as_json()["error"]["code"] == "stopped"
    assert worst([]) is ExitCode.OK
    assert worst([ExitCode.OK, ExitCode.NETWORK, ExitCode.RECEIPT]) is ExitCode.RECEIPT
    assert worst([ExitCode.CONFIGURATION]) is ExitCode.CONFIGURATION


def test_a_summary_lists_failures_first_and_stays_small() -> None:
    skips = [Skip(str(number), SkipReason.NOT_MEDIA) for number in range(3000)]
    cut = listed([*skips, Skip("bad", SkipReason.UNREADABLE)])

    assert len(cut) == 2001
    assert cut[0] == Skip("bad", SkipReason.UNREADABLE)
    assert cut[-1] == Skip("1001", SkipReason.NOT_LISTED)
    assert listed(skips[:2]) == skips[:2]
