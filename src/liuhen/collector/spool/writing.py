"""Writing a spool: everything durable below a hidden name, then one rename makes it a spool."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from liuhen.collector.errors import (
    CollectorError,
    FileChangedError,
    FileUnreadableError,
    SourceGoneError,
    SpoolUnwritableError,
)
from liuhen.collector.report import FileProgress, FileSkipped, FileStarted, SpoolWritten, Trouble
from liuhen.collector.source import Skip, SkipReason
from liuhen.collector.source.reading import DigestingReader
from liuhen.collector.spool.layout import (
    FILES,
    MANIFEST,
    PARTIAL,
    PREFIX,
    Spool,
    SpooledFile,
    encode_manifest,
    find_spools,
    read_spool,
)
from liuhen.collector.wire import FileDeclaration, new_uuid
from liuhen.core.naming import visible
from liuhen.core.reasons import reason_of
from liuhen.durable import make_folder, sync_folder, write_durably

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

    from liuhen.collector.report import Report
    from liuhen.collector.source import FileKey, Source
    from liuhen.collector.source.tasks import Task, Unit
    from liuhen.collector.state.recognition import Recognition
    from liuhen.collector.transport import Halt

__all__ = ["SpoolOrder", "Spooled", "spooled_keys", "sweep", "write_spool"]


@dataclass(frozen=True, slots=True)
class SpoolOrder:
    """What to write: units and what was left, under a fresh collection opened by `opening` (with `carried` set)."""

    units: tuple[Unit, ...]
    skips: tuple[Skip, ...]
    opening: Mapping[str, Any]
    recognition: Recognition


@dataclass(frozen=True, slots=True)
class Spooled:
    """What came of it: the folder (None where there was nothing to write), files written, what was left and why."""

    folder: Path | None
    files: tuple[SpooledFile, ...]
    skips: tuple[Skip, ...]


def write_spool(parent: Path, order: SpoolOrder, *, source: Source, report: Report, halt: Halt) -> Spooled:
    """Write a spool below `parent`; the device is only read.

    Raises:
        SpoolUnwritableError: no room, or no right; nothing is left behind.
        SourceGoneError: the device went away; nothing is left behind.
        StoppedError: a halt was called; nothing is left behind.
    """
    partial = parent / f".{PREFIX}{new_uuid()}{PARTIAL}"
    with _disk(parent):
        make_folder(parent)
        with _alone(parent):
            _sweep(parent)
            make_folder(partial / FILES)
            lock = _lock(partial)
    try:
        return _Writer(parent, partial, order, source=source, report=report, halt=halt).write()
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    finally:
        os.close(lock)


class _Writer:
    """One spool being written."""

    def __init__(
        self, parent: Path, partial: Path, order: SpoolOrder, *, source: Source, report: Report, halt: Halt
    ) -> None:
        self._parent = parent
        self._partial = partial
        self._order = order
        self._source = source
        self._report = report
        self._halt = halt
        self._collection = new_uuid()
        self._files: list[SpooledFile] = []
        self._skips = list(order.skips)

    def write(self) -> Spooled:
        """Take every unit, then publish what was taken."""
        for unit in self._order.units:
            self._take(unit)
        if not self._files:
            shutil.rmtree(self._partial)
            return Spooled(None, (), tuple(self._skips))
        return Spooled(self._publish(), tuple(self._files), tuple(self._skips))

    def _publish(self) -> Path:
        spool = Spool(self._collection, self._order.opening, tuple(self._files), tuple(self._skips))
        folder = self._parent / f"{PREFIX}{self._collection}"
        with _disk(folder):
            sync_folder(self._partial / FILES)
            write_durably(self._partial / MANIFEST, encode_manifest(spool))
            self._partial.rename(folder)
            sync_folder(self._parent)
        size = sum(file.size for file in self._files)
        self._report.tell(SpoolWritten(visible(str(folder)), len(self._files), size))
        return folder

    def _take(self, unit: Unit) -> None:
        """Write a recording and its attachments, unless every one of them is known already."""
        known = self._known(unit)
        if known is not None:
            for task, reason in zip(unit.tasks, known, strict=True):
                self._skip(task, reason)
            return
        upload = self._write_or_skip(unit.original, None)
        for task in unit.attachments:
            if upload is None:
                self._skip(task, SkipReason.RECORDING_NOT_TAKEN)
            else:
                self._write_or_skip(task, upload)

    def _known(self, unit: Unit) -> list[SkipReason] | None:
        """Return why each file of `unit` need not be spooled, None if one must be."""
        reasons = []
        for task in unit.tasks:
            try:
                recognised = self._order.recognition.look(task, self._source, self._halt.check)
            except (OSError, FileChangedError):
                return None  # writing it meets the same trouble, and tells it
            if recognised is None:
                return None
            reasons.append(recognised.reason)
        return reasons

    def _write_or_skip(self, task: Task, attached_to: str | None) -> str | None:
        """Write one file; return its upload uuid, None if it was left."""
        self._halt.check()
        try:
            return self._write(task, attached_to)
        except OSError as problem:
            reason = reason_of(problem)
            if not self._source.is_there():
                raise SourceGoneError(path=self._source.shown, reason=reason) from problem
            self._report.tell(Trouble(FileUnreadableError(name=task.shown, reason=reason)))
            self._skip(task, SkipReason.UNREADABLE)
        except FileChangedError as problem:
            self._report.tell(Trouble(problem))
            self._skip(task, SkipReason.CHANGED)
        return None

    def _write(self, task: Task, attached_to: str | None) -> str:
        self._report.tell(FileStarted(task.shown, task.size))
        with self._source.open(task.path) as file:
            facts = task.facts(file)
            found = file.stat()
            if (found.size, found.mtime_ns) != (task.size, task.mtime_ns):
                raise FileChangedError(name=task.shown)
            with DigestingReader(file, found, task.shown, self._halt.check) as reader:
                content = self._copy(task, reader)
                digests = reader.finish()
        with _disk(content):
            content.replace(self._partial / FILES / digests.sha256)
        upload = new_uuid()
        declaration = FileDeclaration(upload, self._collection, task.path, task.role, attached_to, facts)
        self._files.append(SpooledFile(declaration, task.size, task.mtime_ns, digests))
        return upload

    def _copy(self, task: Task, reader: DigestingReader) -> Path:
        content = self._partial / FILES / f".part-{len(self._files)}"
        with _disk(content):
            descriptor = os.open(content, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            done = 0
            for chunk in reader.chunks(0, task.size):
                with _disk(content):
                    _write_all(descriptor, chunk)
                done += len(chunk)
                self._report.tell(FileProgress(task.shown, done, task.size))
            with _disk(content):
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        return content

    def _skip(self, task: Task, reason: SkipReason) -> None:
        self._skips.append(Skip(task.shown, reason))
        self._report.tell(FileSkipped(task.shown, reason))


def spooled_keys(parent: Path) -> dict[FileKey, str]:
    """Return the SHA-256 of every file in the spools below `parent`, by what told it apart on its device."""
    found: dict[FileKey, str] = {}
    for folder in find_spools(parent):
        try:
            found.update((file.key, file.digests.sha256) for file in read_spool(folder).files)
        except CollectorError:
            continue
    return found


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Turn a failure of the disk that holds the spool into words; failures of the source are told apart by it."""
    try:
        yield
    except OSError as error:
        raise SpoolUnwritableError(path=visible(str(path.parent)), reason=reason_of(error)) from error


@contextmanager
def _alone(parent: Path, *, wait: bool = True) -> Iterator[None]:
    """Keep others from sweeping a folder that was just made and is not held yet.

    Raises:
        OSError: there is no such folder; or, without waiting, somebody else is at work on it.
    """
    descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _lock(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def sweep(parent: Path) -> None:
    """Remove what killed runs left below `parent` while they wrote or removed a spool; harmless where that cannot be.

    Nothing of it is of use: a spool being written is still on its device, one being removed has all its receipts.
    """
    with suppress(OSError), _alone(parent, wait=False):
        _sweep(parent)


def _sweep(parent: Path) -> None:
    """Do so, alone; a run that is alive holds its folder."""
    for stale in parent.glob(f".{PREFIX}*{PARTIAL}"):
        try:
            os.close(_lock(stale))
        except OSError:
            continue
        shutil.rmtree(stale, ignore_errors=True)
