"""One collection, from a source to its close at the server.

Order of the promises, each durable before the next: the journal knows the collection and the file; the server knows
them; the bytes are with the server; the journal has their digests; the receipt is verified and stored; the journal
says received; the device may be cleared; the server has the summary; the journal forgets.
"""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from liuhen.collector.errors import (
    CollectorError,
    DigestsDifferError,
    FileChangedError,
    FileRefusedError,
    FileUnreadableError,
    NotClearedError,
    SourceGoneError,
    SpoolDamagedError,
    StoppedError,
    UploadLostError,
)
from liuhen.collector.report import CollectionStarted, FileSkipped, Trouble
from liuhen.collector.report.outcome import Outcome, Taken
from liuhen.collector.source import Skip, SkipReason
from liuhen.collector.state import Item, ItemState
from liuhen.collector.wire import FileDeclaration, new_uuid
from liuhen.collector.work.clearing import clear_unit
from liuhen.collector.work.handin import hand_in
from liuhen.collector.work.settling import discard_quietly, settle
from liuhen.core.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any

    from liuhen.collector.clock import StationClock
    from liuhen.collector.source import FileKey, Source
    from liuhen.collector.source.tasks import Task, Unit
    from liuhen.collector.state import Collection, Journal
    from liuhen.collector.work.handin import Means

__all__ = ["Collecting", "Plan"]

_REASONS: dict[type[CollectorError], SkipReason] = {
    FileChangedError: SkipReason.CHANGED,
    FileUnreadableError: SkipReason.UNREADABLE,
    DigestsDifferError: SkipReason.DIGEST_MISMATCH,
    FileRefusedError: SkipReason.REFUSED,
    UploadLostError: SkipReason.REFUSED,
    SpoolDamagedError: SkipReason.SPOOL_DAMAGED,
}
_FILE_TROUBLES: tuple[type[OSError | CollectorError], ...] = (OSError, *_REASONS)


@dataclass(frozen=True, slots=True)
class Plan:
    """What one source gives to do.

    `resumed` is the collection that an earlier run began with these files; `begin` gives uuid and opening body of a
    new one when the first file needs it. `skips` are what was left when the source was looked through.
    """

    units: tuple[Unit, ...]
    skips: tuple[Skip, ...]
    resumed: Collection | None
    begin: Callable[[], tuple[str, Mapping[str, Any]]]
    clear: bool
    parallel: int


class Collecting:
    """Carries out a `plan` on `source`; used once, from one thread."""

    def __init__(self, plan: Plan, *, source: Source, journal: Journal, means: Means, clock: StationClock) -> None:
        self._plan = plan
        self._source = source
        self._journal = journal
        self._means = means
        self._clock = clock
        self._collection = plan.resumed
        self._announced = False
        self._guard = threading.Lock()
        self._skips = list(plan.skips)
        self._kept: list[str] = []
        self._items: dict[FileKey, Item] = {}
        for item in plan.resumed.items() if plan.resumed is not None else ():
            self._items[item.key] = item

    def run(self) -> Outcome:
        """Hand in, clear if asked, close; the outcome tells what ended it early, if anything did."""
        tasks = [task for unit in self._plan.units for task in unit.tasks]
        size = sum(task.size for task in tasks)
        resumed = self._plan.resumed is not None
        self._means.report.tell(CollectionStarted(self._source.shown, len(tasks), size, resumed=resumed))
        for skip in self._plan.skips:
            self._means.report.tell(FileSkipped(skip.shown, skip.reason))
        error: CollectorError | None = None
        try:
            self._hand_in_all()
            self._settle_the_missing({task.key for task in tasks})
            if self._plan.clear:
                self._clear_all()
            self._close()
        except CollectorError as problem:
            error = problem
            self._release()
        except BaseException:
            self._release()
            raise
        return self._outcome(error)

    @property
    def received(self) -> frozenset[FileKey]:
        """The keys of the files that have a receipt."""
        with self._guard:
            return frozenset(key for key, item in self._items.items() if item.state.has_receipt)

    # Handing in

    def _hand_in_all(self) -> None:
        with ThreadPoolExecutor(self._plan.parallel, thread_name_prefix="hand-in") as pool:
            futures = [pool.submit(self._hand_in_unit, unit) for unit in self._plan.units]
            wait(futures, return_when=FIRST_EXCEPTION)
            for future in futures:
                future.cancel()
        for future in futures:
            problem = None if future.cancelled() else future.exception()
            if problem is not None and not isinstance(problem, StoppedError):
                raise problem
        self._means.halt.check()

    def _hand_in_unit(self, unit: Unit) -> None:
        try:
            upload = self._hand_in(unit.original, None)
            for task in unit.attachments:
                if upload is None:
                    self._skip(task.shown, SkipReason.RECORDING_NOT_TAKEN)
                else:
                    self._hand_in(task, upload)
        except BaseException:
            self._means.halt.call()
            raise

    def _hand_in(self, task: Task, attached_to: str | None) -> str | None:
        """Hand in one file; return its upload uuid, None if it was not taken."""
        self._means.halt.check()
        item = self._items.get(task.key)
        try:
            if item is not None and item.state is ItemState.SENT:
                # Cut off between its receipt and the journal, it has a note as well, and yet it is this collection's.
                item = self._sent(task, item, attached_to)
            elif item is None or not item.state.has_receipt:
                item = self._recognised(task, attached_to) or self._sent(task, item, attached_to)
        except _FILE_TROUBLES as problem:
            trouble = self._blame(task.shown, problem) if isinstance(problem, OSError) else problem
            self._fail(task, trouble)
            return None
        self._keep(task, item)
        return item.declaration.upload

    def _sent(self, task: Task, item: Item | None, attached_to: str | None) -> Item:
        if item is None or item.state is ItemState.FAILED:
            item = self._declared(task, attached_to)
        self._keep(task, item)
        collection = self._opened()
        return hand_in(item, source=self._source, collection=collection, means=self._means, expected=task.expected)

    def _declared(self, task: Task, attached_to: str | None) -> Item:
        """Return a new item for `task`, stored in the journal."""
        with self._source.open(task.path) as file:
            facts = task.facts(file)
        collection = self._begun()
        declaration = FileDeclaration(
            upload=task.upload or new_uuid(),
            collection=collection.id,
            path=task.path,
            role=task.role,
            attached_to=attached_to,
            facts=facts,
        )
        return collection.put(Item(declaration, task.size, task.mtime_ns))

    def _recognised(self, task: Task, attached_to: str | None) -> Item | None:
        """Return a received item for `task` if an earlier collection brought exactly these bytes, else None."""
        recognised = self._means.recognition.look(task, self._source, self._means.halt.check)
        if recognised is None or recognised.known is None:
            return None
        self._skip(task.shown, recognised.reason)
        known = recognised.known
        declaration = FileDeclaration(known.upload, "", task.path, task.role, attached_to)
        item = Item(declaration, task.size, task.mtime_ns, ItemState.RECEIVED, recognised.digests)
        return replace(item, recording=known.recording, receipt=known.receipt, reason=recognised.reason)

    # The collection

    def _begun(self) -> Collection:
        """Return the collection, stored in the journal before anybody hears of it."""
        with self._guard:
            if self._collection is None:
                self._collection = self._journal.begin(*self._plan.begin())
            return self._collection

    def _opened(self) -> Collection:
        """Return the collection, known to the server."""
        collection = self._begun()
        with self._guard:
            if not self._announced:
                patience = self._means.patience()
                patience.until_done(lambda: self._means.transport.open_collection(collection.id, collection.body))
                self._announced = True
        return collection

    def _close(self) -> None:
        if self._collection is None:
            return
        self._opened()
        settle(self._collection, self._skips, means=self._means, clock=self._clock)
        self._collection.finish()

    def _release(self) -> None:
        if self._collection is not None:
            self._collection.release()

    def _settle_the_missing(self, present: set[FileKey]) -> None:
        """Bring the items whose files are no longer on the device to their end."""
        for key, item in list(self._items.items()):
            if key in present or self._collection is None:
                continue
            match item.state:
                case ItemState.CLEARING | ItemState.CLEARED:
                    self._items[key] = self._collection.put(replace(item, state=ItemState.CLEARED))
                    self._means.known.remove(key)
                case ItemState.PLANNED | ItemState.SENT:
                    self._items[key] = self._finish_missing(item, self._collection)
                case ItemState.RECEIVED | ItemState.FAILED:
                    pass

    def _finish_missing(self, item: Item, collection: Collection) -> Item:
        """Seal what had been sent whole; give up the rest, which is no longer there to be sent."""
        if item.state is ItemState.SENT:
            self._opened()
            try:
                return hand_in(item, source=self._source, collection=collection, means=self._means, expected=None)
            except _FILE_TROUBLES:
                pass
        discard_quietly(self._means.transport, item)
        self._skip(item.shown, SkipReason.GONE)
        return collection.put(replace(item, state=ItemState.FAILED, reason=SkipReason.GONE))

    # Clearing

    def _clear_all(self) -> None:
        for unit in self._plan.units:
            items = [self._items.get(task.key) for task in unit.tasks]
            if all(item is not None and item.state.has_receipt for item in items):
                self._clear([item for item in items if item is not None])
            elif any(item is not None and item.state.has_receipt for item in items):
                self._kept.extend(task.shown for task in unit.tasks)

    def _clear(self, items: Sequence[Item]) -> None:
        collection = self._begun()
        for item in items:
            if item.reason is SkipReason.ALREADY_RECEIVED:
                declaration = replace(item.declaration, collection=collection.id)
                self._items[item.key] = collection.put(replace(item, declaration=declaration))
        self._opened()
        items = [self._items[item.key] for item in items]
        try:
            clear_unit(items, source=self._source, collection=collection, means=self._means)
        except NotClearedError as problem:
            self._kept.append(str(problem.where["name"]))
            self._means.report.tell(Trouble(problem))
        except OSError as problem:
            self._kept.append(items[0].shown)
            self._means.report.tell(Trouble(self._blame(items[0].shown, problem)))

    # Failures

    def _fail(self, task: Task, problem: CollectorError) -> None:
        told = problem.about(task.shown) if isinstance(problem, FileRefusedError) else problem
        self._means.report.tell(Trouble(told))
        reason = next(reason for kind, reason in _REASONS.items() if isinstance(problem, kind))
        if self._collection is not None:
            for item in self._collection.items():
                if item.key == task.key:
                    discard_quietly(self._means.transport, item)
                    self._keep(task, self._collection.put(replace(item, state=ItemState.FAILED, reason=reason)))
        self._skip(task.shown, reason)

    def _skip(self, shown: str, reason: SkipReason) -> None:
        with self._guard:
            self._skips.append(Skip(shown, reason))
        self._means.report.tell(FileSkipped(shown, reason))

    def _keep(self, task: Task, item: Item) -> None:
        with self._guard:
            self._items[task.key] = item

    def _blame(self, shown: str, problem: OSError) -> CollectorError:
        """Tell a file that cannot be read from a device that is gone; the latter is raised.

        Raises:
            SourceGoneError: nothing of the source can be read.
        """
        reason = reason_of(problem)
        if not self._source.is_there():
            raise SourceGoneError(path=self._source.shown, reason=reason) from problem
        return FileUnreadableError(name=shown, reason=reason)

    def _outcome(self, error: CollectorError | None) -> Outcome:
        items = [item for item in self._items.values() if item.reason is not SkipReason.ALREADY_RECEIVED]
        taken = tuple(
            Taken(item.shown, item.size, item.recording or "", item.duplicate)
            for item in items
            if item.state.has_receipt
        )
        cleared = () if self._collection is None else self._collection.items()
        return Outcome(
            source=self._source.shown,
            collection=None if self._collection is None else self._collection.id,
            taken=taken,
            skipped=tuple(self._skips),
            cleared=tuple(item.shown for item in cleared if item.state is ItemState.CLEARED),
            kept=tuple(self._kept),
            error=error,
        )
