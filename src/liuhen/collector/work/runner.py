"""Carrying out an order with a server: a device, a folder, or a disk of spools."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from liuhen.collector.errors import (
    CollectorError,
    KeyRefusedError,
    RefusedError,
    ServerUnreachableError,
    StoppedError,
)
from liuhen.collector.report import Trouble
from liuhen.collector.report.lines import tell_outcome
from liuhen.collector.report.outcome import Outcome
from liuhen.collector.source import FolderSource, SkipReason
from liuhen.collector.source.search import shown_path
from liuhen.collector.source.tasks import units_of
from liuhen.collector.spool import SpoolSource, find_spools, read_spool, sweep, units_of_spool
from liuhen.collector.state import ItemState, Journal, Known, ReceiptBook, StateFolder
from liuhen.collector.state.recognition import Recognition
from liuhen.collector.transport import Patience
from liuhen.collector.wire import new_uuid
from liuhen.collector.work.choosing import choose, leftover_among, of_spool
from liuhen.collector.work.collecting import Collecting, Plan
from liuhen.collector.work.handin import Means
from liuhen.collector.work.opening import opening_of
from liuhen.collector.work.settling import settle_leftover
from liuhen.collector.work.spooling import Spooling, look_through

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.collector.clock import StationClock
    from liuhen.collector.report import Report
    from liuhen.collector.source import Found, Source
    from liuhen.collector.source.tasks import Unit
    from liuhen.collector.spool import Spool
    from liuhen.collector.state import Collection
    from liuhen.collector.transport import Halt, Transport
    from liuhen.collector.work.order import Order

__all__ = ["Runner"]

_PATIENCE_BEFORE_SPOOL_S: Final = 10.0


class Runner:
    """Carries out `order`; `halt` stops it between two reads."""

    def __init__(self, order: Order, *, transport: Transport, report: Report, halt: Halt, clock: StationClock) -> None:
        self._order = order
        self._transport = transport
        self._report = report
        self._halt = halt
        self._clock = clock
        state = StateFolder(order.state)
        state.make(order.state)
        self._journal = Journal(state, {"station": order.key.station, "log": order.key.log})
        self._known = Known(state)
        self._book = ReceiptBook(state, order.log)
        self._spooling = Spooling(order, report=report, halt=halt, clock=clock)

    def collect(self, path: Path) -> list[Outcome]:
        """Collect from the device, folder or disk of spools at `path`, after what waits in the spool.

        Raises:
            CollectorError: the source could not even be looked at.
        """
        return [*self.send_spools(), *self.collect_here(path)]

    def collect_here(self, path: Path) -> list[Outcome]:
        """Collect from the device, folder or disk of spools at `path`; raises as `collect`."""
        if self._order.clear:
            sweep(path)
        spools = find_spools(path)
        if spools:
            return self._send(spools, remove=self._order.clear)
        return [self._told(self._collect_folder(path))]

    def send_spools(self) -> list[Outcome]:
        """Hand in what waits in the order's spool folder, and remove what was received whole."""
        if self._order.spool is None:
            return []
        sweep(self._order.spool)
        return self._send(find_spools(self._order.spool), remove=True)

    def _send(self, spools: list[Path], *, remove: bool) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for folder in spools:
            outcomes.append(self._told(self._hand_in_spool(folder, remove=remove)))
            if isinstance(outcomes[-1].error, ServerUnreachableError | StoppedError):
                break
        return outcomes

    def _collect_folder(self, path: Path) -> Outcome:
        with FolderSource(path) as source:
            found = look_through(source, self._order)
            units = units_of(found.finds, self._order.device)
            means = self._means()
            try:
                self._greet(means)
                resumed = self._resume(units, means)
            except CollectorError as error:
                outcome = Outcome(source.shown, skipped=found.skips, error=error)
                return self._keep_rest(outcome, units, found, source)
            body = opening_of(self._order, self._clock, found, carried=None)
            plan = Plan(
                units=units,
                skips=found.skips,
                resumed=resumed,
                begin=lambda: (new_uuid(), body),
                clear=self._order.clear,
                parallel=self._order.parallel,
            )
            collecting = Collecting(plan, source=source, journal=self._journal, means=means, clock=self._clock)
            outcome = collecting.run()
            received = collecting.received
            rest = tuple(unit for unit in units if not all(task.key in received for task in unit.tasks))
            return self._keep_rest(outcome, rest, found, source)

    def _greet(self, means: Means) -> None:
        """Ask the server for its time, which also tells whether it can be reached and takes the key."""
        patience = self._order.patience_s
        if self._order.spool is not None:
            patience = min(patience, _PATIENCE_BEFORE_SPOOL_S)
        self._clock.trust(Patience(patience, means.halt).until_done(self._transport.time))

    def _resume(self, units: tuple[Unit, ...], means: Means) -> Collection | None:
        """Return the collection that was begun with these files, and end those that have nothing more to send."""
        present = frozenset(task.key for unit in units for task in unit.tasks)
        chosen = self._journal.take(partial(choose, present=present, device=self._order.device))
        try:
            self._settle_leftovers(means)
        except CollectorError:
            if chosen is not None:
                chosen.release()
            raise
        return chosen

    def _settle_leftovers(self, means: Means) -> None:
        tried: set[str] = set()
        while (collection := self._journal.take(partial(leftover_among, tried=tried))) is not None:
            tried.add(collection.id)
            try:
                settle_leftover(collection, means=means, clock=self._clock)
            except CollectorError as error:
                collection.release()
                if not isinstance(error, RefusedError) or isinstance(error, KeyRefusedError):
                    raise
                # A collection that the server will not close is told, and no reason to leave this device.
                self._report.tell(Trouble(error))

    def _keep_rest(self, outcome: Outcome, rest: tuple[Unit, ...], found: Found, source: Source) -> Outcome:
        """Spool what the server did not receive, if it could not be reached and there is a folder for that."""
        if self._order.spool is None or not isinstance(outcome.error, ServerUnreachableError) or not rest:
            return outcome
        kept = self._spooling.keep(
            replace(outcome, error=None), rest, found=found, source=source, folder=self._order.spool
        )
        if kept.error is None and outcome.collection is not None:
            self._note_spooled(outcome.collection)
        return replace(kept, error=kept.error or outcome.error)

    def _note_spooled(self, interrupted: str) -> None:
        """Note that nothing more will be sent in the collection that broke off; the spool brings the rest."""
        collection = self._journal.take(lambda found: next((one for one in found if one.id == interrupted), None))
        if collection is None:
            return
        for item in collection.items():
            if not item.state.is_final:
                collection.put(replace(item, state=ItemState.FAILED, reason=SkipReason.SPOOLED))
        collection.release()

    def _hand_in_spool(self, folder: Path, *, remove: bool) -> Outcome:
        try:
            spool = read_spool(folder)
            with SpoolSource(folder, spool) as source:
                self._greet(self._means())
                return self._hand_in_spooled(folder, spool, source, remove=remove)
        except CollectorError as error:
            return Outcome(shown_path(bytes(folder)), error=error)

    def _hand_in_spooled(self, folder: Path, spool: Spool, source: SpoolSource, *, remove: bool) -> Outcome:
        collecting = self._carry_in(spool, source, spool.collection)
        outcome = collecting.run()
        if isinstance(outcome.error, RefusedError) and outcome.error.refusal == "collection-differs":
            # Another station has begun with this disk: the same files come in again, in a collection of our own.
            begun = self._journal.take(partial(of_spool, spool=spool))
            if begun is not None:
                begun.finish()
            collecting = self._carry_in(spool, source, new_uuid())
            outcome = collecting.run()
        whole = outcome.error is None and {file.key for file in spool.files} <= collecting.received
        return self._spooling.remove(outcome, folder, spool, source) if remove and whole else outcome

    def _carry_in(self, spool: Spool, source: SpoolSource, collection: str) -> Collecting:
        plan = Plan(
            units=units_of_spool(spool),
            skips=spool.skips,
            resumed=self._journal.take(partial(of_spool, spool=spool)),
            begin=lambda: (collection, spool.opening),
            clear=False,
            parallel=self._order.parallel,
        )
        return Collecting(plan, source=source, journal=self._journal, means=self._means(), clock=self._clock)

    def _means(self) -> Means:
        return Means(
            transport=self._transport,
            book=self._book,
            known=self._known,
            recognition=Recognition(self._known, self._book),
            report=self._report,
            halt=self._halt.under(),
            patience_s=self._order.patience_s,
        )

    def _told(self, outcome: Outcome) -> Outcome:
        tell_outcome(self._report, outcome)
        return outcome
