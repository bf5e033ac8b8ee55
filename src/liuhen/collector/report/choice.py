"""Choosing how to report: bars on a terminal, lines elsewhere, JSON beside them where machines listen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.collector.report.lasting import lasting
from liuhen.collector.report.lines import JsonReport, LineReport, ReportToAll
from liuhen.collector.report.words import Words

if TYPE_CHECKING:
    from typing import TextIO

    from liuhen.collector.report.events import Report
    from liuhen.core.errors import Language

__all__ = ["report_to"]


def report_to(*, words_on: TextIO, json_on: TextIO | None, language: Language) -> Report:
    """Return a report that writes words to `words_on`, and JSON lines to `json_on` if that is given."""
    words, words_on = Words(language), lasting(words_on)
    people: Report
    if words_on.isatty():
        from liuhen.collector.report.screen import ScreenReport

        people = ScreenReport(words_on, words)
    else:
        people = LineReport(words_on, words)
    return people if json_on is None else ReportToAll(JsonReport(lasting(json_on)), people)
