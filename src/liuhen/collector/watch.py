"""Attending to the devices below a folder, one after the other, until somebody says stop."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from liuhen.collector.errors import CollectorError
from liuhen.collector.report import Trouble, Watching
from liuhen.collector.source import FolderSource, find
from liuhen.collector.source.finding import shown_path
from liuhen.collector.spool import find_spools
from liuhen.collector.spool.layout import MANIFEST
from liuhen.collector.tasks import units_of
from liuhen.collector.watching import Watcher

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.collector.order import Order
    from liuhen.collector.report import Report
    from liuhen.collector.running import Runner
    from liuhen.collector.transport import Halt
    from liuhen.collector.watching import Content

__all__ = ["watch"]

_WAITING_SPOOLS: Final = "/"
"""Stands for the order's spool folder among the names of devices; no file name holds a slash."""


def watch(folder: Path, *, order: Order, runner: Runner, report: Report, halt: Halt, every_s: float) -> None:
    """Collect from each folder below `folder` when it is docked or changes; return when `halt` is called."""
    report.tell(Watching(shown_path(bytes(folder))))
    watcher = Watcher()
    while not halt.called:
        for name in watcher.due(_look(folder, order), time.monotonic()):
            if halt.called:
                return
            well = _attend(folder, name, runner, report)
            watcher.done(name, _look(folder, order).get(name, frozenset()), time.monotonic(), well=well)
        halt.wait(every_s)


def _attend(folder: Path, name: str, runner: Runner, report: Report) -> bool:
    """Collect from one device, or send what waits; say whether nothing ended it early."""
    try:
        outcomes = runner.send_spools() if name == _WAITING_SPOOLS else runner.collect(folder / name)
    except CollectorError as error:
        report.tell(Trouble(error))
        return False
    return all(outcome.error is None for outcome in outcomes)


def _look(folder: Path, order: Order) -> dict[str, Content]:
    """Return what lies in each folder below `folder`, and in the spool that waits."""
    found: dict[str, Content] = {}
    try:
        folders = [path for path in folder.iterdir() if path.is_dir()]
    except OSError:
        folders = []
    for path in folders:
        found[path.name] = _content(path, order)
    if order.spool is not None:
        found[_WAITING_SPOOLS] = _spools(order.spool)
    return found


def _content(path: Path, order: Order) -> Content:
    """Return the recordings, attachments and spools in a folder; nothing if it cannot be read just now."""
    try:
        with FolderSource(path, lock=False) as source:
            units = units_of(find(source.walk(), order.grammars).finds, None)
    except (OSError, CollectorError):
        return frozenset()
    return _spools(path) | {task.key for unit in units for task in unit.tasks}


def _spools(path: Path) -> Content:
    found: set[tuple[bytes, int, int]] = set()
    for spool in find_spools(path):
        try:
            manifest = (spool / MANIFEST).stat()
        except OSError:
            continue
        found.add((bytes(spool), manifest.st_size, manifest.st_mtime_ns))
    return frozenset(found)
