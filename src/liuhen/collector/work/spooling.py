"""Spools as the operator meets them: written in place of sending, kept when the network is down, handed in later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liuhen.collector.errors import CollectorError, FileChangedError, SourceGoneError, SpoolKeptError
from liuhen.collector.report import Trouble
from liuhen.collector.report.outcome import Outcome
from liuhen.collector.source import FolderSource, find
from liuhen.collector.source.reading import digest_of
from liuhen.collector.source.tasks import units_of
from liuhen.collector.spool import SpoolOrder, remove_spool, spooled_keys, write_spool
from liuhen.collector.state import Known, ReceiptBook, StateFolder
from liuhen.collector.state.recognition import Recognition
from liuhen.collector.work.opening import opening_of
from liuhen.core.errors import both
from liuhen.core.forms import format_time
from liuhen.core.reasons import reason_of

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.collector.clock import StationClock
    from liuhen.collector.report import Report
    from liuhen.collector.source import Found, Source
    from liuhen.collector.source.tasks import Unit
    from liuhen.collector.spool import Spool, SpooledFile, SpoolSource
    from liuhen.collector.transport import Halt
    from liuhen.collector.work.order import Order

__all__ = ["Spooling", "look_through"]


def look_through(source: Source, order: Order) -> Found:
    """Return what there is to do on `source`.

    Raises:
        SourceGoneError: it cannot be looked through.
    """
    try:
        return find(source.walk(), order.grammars)
    except OSError as error:
        raise SourceGoneError(path=source.shown, reason=reason_of(error)) from error


class Spooling:
    """Writes and removes spools as `order` says. It needs no server and never clears a device."""

    def __init__(self, order: Order, *, report: Report, halt: Halt, clock: StationClock) -> None:
        self._order = order
        state = StateFolder(order.state)
        self._known = Known(state)
        self._book = ReceiptBook(state, order.log)
        self._report = report
        self._halt = halt
        self._clock = clock

    def to_disk(self, path: Path, disk: Path) -> Outcome:
        """Write what lies at `path` as a spool below `disk`.

        Raises:
            CollectorError: the source could not even be looked at.
        """
        with FolderSource(path) as source:
            found = look_through(source, self._order)
            units = units_of(found.finds, self._order.device)
            return self.keep(Outcome(source.shown), units, found=found, source=source, folder=disk)

    def keep(self, outcome: Outcome, units: tuple[Unit, ...], *, found: Found, source: Source, folder: Path) -> Outcome:
        """Write `units` as a spool below `folder` and return `outcome` with what came of it added."""
        carried = {"station": self._order.key.station, "spooled": format_time(self._clock.now())}
        order = SpoolOrder(
            units=units,
            skips=found.skips,
            opening=opening_of(self._order, self._clock, found, carried),
            recognition=Recognition(self._known, self._book, spooled_keys(folder)),
        )
        try:
            spooled = write_spool(folder, order, source=source, report=self._report, halt=self._halt.under())
        except CollectorError as error:
            return replace(outcome, error=error)
        skipped = dict.fromkeys((*outcome.skipped, *spooled.skips))
        return replace(outcome, skipped=tuple(skipped), spooled=len(spooled.files))

    def remove(self, outcome: Outcome, folder: Path, spool: Spool, source: SpoolSource) -> Outcome:
        """Remove a spool, whose every file has a receipt, after reading each once more."""
        try:
            unlike = any(not self._is_as_spooled(file, source) for file in spool.files)
            if not unlike:
                remove_spool(folder)
        except OSError as error:
            self._report.tell(Trouble(SpoolKeptError(path=source.shown, reason=reason_of(error))))
            return replace(outcome, kept=(source.shown,))
        if unlike:
            reason = both("其内容与入库时不同", "what is in it is not what was received")
            self._report.tell(Trouble(SpoolKeptError(path=source.shown, reason=reason)))
            return replace(outcome, kept=(source.shown,))
        return replace(outcome, cleared=(source.shown,))

    def _is_as_spooled(self, file: SpooledFile, source: SpoolSource) -> bool:
        with source.open(file.declaration.path) as opened:
            opened.forget_cached()
            try:
                return digest_of(opened, source.shown, self._halt.check) == file.digests
            except FileChangedError as error:
                self._report.tell(Trouble(error))
                return False
