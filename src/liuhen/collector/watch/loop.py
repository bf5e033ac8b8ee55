"""Attending to the devices below a folder, several at once, until somebody says stop."""

from __future__ import annotations

import os
import stat
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from liuhen.collector.errors import CollectorError, DeviceWorkFailedError, SourceMissingError
from liuhen.collector.report import DockReport, Trouble, Watching
from liuhen.collector.source import FolderSource, recordings_among
from liuhen.collector.source.search import shown_path
from liuhen.collector.spool import find_spools
from liuhen.collector.spool.layout import MANIFEST
from liuhen.collector.watch.due import Watcher
from liuhen.core.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from liuhen.collector.report import Report
    from liuhen.collector.source import FileKey
    from liuhen.collector.transport import Halt
    from liuhen.collector.watch.due import Content
    from liuhen.collector.work.order import Order
    from liuhen.collector.work.runner import Runner

__all__ = ["Watch"]

_WAITING_SPOOLS: Final = "/"
"""Stands for the order's spool folder among the names of devices; no file name holds a slash."""
_UNREADABLE: Final[Content] = frozenset({(b"/", 0, 0)})
"""Stands for what cannot be looked at: it is attended to like any device, which says what is wrong with it."""


class Watch:
    """Collects from each folder below `folder` when it is docked or changes, from `at_once` of them side by side.

    `runner` makes a runner that tells a given report. What befalls one device is told and stops no other.
    """

    def __init__(
        self,
        folder: Path,
        *,
        order: Order,
        runner: Callable[[Report], Runner],
        report: Report,
        halt: Halt,
        every_s: float,
        at_once: int,
    ) -> None:
        self._folder = folder
        self._order = order
        self._runner = runner
        self._report = report
        self._halt = halt
        self._every_s = every_s
        self._at_once = at_once
        self._watcher = Watcher()
        self._at_work: dict[str, Future[bool]] = {}
        self._is_missing = False

    def run(self) -> None:
        """Watch until `halt` is called, then let the work that was begun come to rest."""
        self._report.tell(Watching(shown_path(bytes(self._folder))))
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="dock") as pool:
            try:
                while not self._halt.called:
                    self._note_ended()
                    self._begin_due(pool)
                    self._halt.wait(self._every_s)
            finally:
                self._halt.call()

    def _note_ended(self) -> None:
        for name, future in list(self._at_work.items()):
            if future.done():
                del self._at_work[name]
                self._watcher.done(name, self._content_of(name), time.monotonic(), well=future.result())

    def _begin_due(self, pool: ThreadPoolExecutor) -> None:
        found = self._look()
        if found is None:
            return
        due = self._watcher.due(found, time.monotonic(), busy=self._at_work.keys())
        for name in due[: self._at_once - len(self._at_work)]:
            self._at_work[name] = pool.submit(self._attend, name)

    def _attend(self, name: str) -> bool:
        """Collect from one device, or send what waits; say whether nothing of it is worth another try."""
        report = DockReport(self._report, "" if name == _WAITING_SPOOLS else shown_path(os.fsencode(name)))
        try:
            runner = self._runner(report)
            outcomes = runner.send_spools() if name == _WAITING_SPOOLS else runner.collect_here(self._folder / name)
        except CollectorError as error:
            report.tell(Trouble(error))
            return False
        except Exception as error:  # noqa: BLE001 - the edge of one device's work: it is told, the others go on
            *_, last = traceback.extract_tb(error.__traceback__)
            problem = f"{type(error).__name__}, {last.name}:{last.lineno}"
            report.tell(Trouble(DeviceWorkFailedError(path=shown_path(bytes(self._folder / name)), problem=problem)))
            return False
        return not any(outcome.is_worth_another_try for outcome in outcomes)

    def _look(self) -> dict[str, Content] | None:
        """Return what lies in each folder that nobody is at work on; None if the watched folder cannot be read."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except OSError as error:
            if not self._is_missing:
                self._report.tell(
                    Trouble(SourceMissingError(path=shown_path(bytes(self._folder)), reason=reason_of(error)))
                )
            self._is_missing = True
            return None
        self._is_missing = False
        idle = [name for name in names if name not in self._at_work and _is_folder(self._folder / name)]
        if self._order.spool is not None and _WAITING_SPOOLS not in self._at_work:
            idle.append(_WAITING_SPOOLS)
        return {name: self._content_of(name) for name in idle}

    def _content_of(self, name: str) -> Content:
        """Return the recordings, attachments and spools in a folder; nothing if it is gone."""
        if name == _WAITING_SPOOLS:
            return frozenset() if self._order.spool is None else _spools(self._order.spool)
        path = self._folder / name
        if not _is_folder(path):
            return frozenset()
        try:
            with FolderSource(path, lock=False) as source:
                return recordings_among(source.walk(), self._order.grammars) | _spools(path)
        except (OSError, CollectorError):
            return _UNREADABLE


def _is_folder(path: Path) -> bool:
    """Say whether a device may be mounted here; the mount of a dead device fails in its own way and counts."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def _spools(path: Path) -> Content:
    found: set[FileKey] = set()
    for spool in find_spools(path):
        try:
            manifest = (spool / MANIFEST).stat()
        except OSError:
            continue
        found.add((bytes(spool), manifest.st_size, manifest.st_mtime_ns))
    return frozenset(found)
