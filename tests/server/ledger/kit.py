"""A ledger to break: events written in bulk, a disk that loses power, rows edited behind the guards."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from liuhen.core.events import EventType
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.ledger import selectors, services
from liuhen.server.ledger.disk import Disk
from liuhen.server.ledger.files import LedgerFolder
from liuhen.server.ledger.sequencing import Sequencer
from liuhen.server.ledger.signer import Signer, load_key

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from liuhen.server.ledger.models import Event

__all__ = [
    "AT",
    "CutDisk",
    "FullDisk",
    "PowerCutError",
    "behind_the_guards",
    "run_sql",
    "sequence",
    "sequencer",
    "signer",
    "subject",
    "write",
]

AT: Final = datetime(2026, 11, 23, 8, tzinfo=UTC)


def subject(number: int) -> str:
    """Return a fixed subject."""
    return f"recording/{UUID(int=0x0189_0000_0000_7000_8000_0000_0000_0000 + number)}"


def write(count: int, *, subjects: int = 7, at: datetime = AT, **values: Any) -> list[Event]:
    """Write `count` events of some subjects in one transaction, every third with private details."""
    with transaction.atomic():
        return [
            services.record(
                **{
                    "type": EventType.RECORDING_DIGESTED,
                    "subject": subject(number % subjects),
                    "actor": SYSTEM,
                    "at": at + timedelta(milliseconds=number),
                    "facts": {"number": number},
                    "private": {"name": f"李建国 {number}"} if number % 3 == 0 else None,
                    **values,
                }
            )
            for number in range(count)
        ]


def signer(disk: Disk | None = None) -> Signer:
    """Return this instance's signer."""
    instance = settings.INSTANCE
    return Signer(LedgerFolder(instance.ledger, disk), load_key(instance.ledger_key_file))


def sequencer(disk: Disk | None = None) -> Sequencer:
    """Return a sequencer of this instance, as after a start."""
    return Sequencer(LedgerFolder(settings.INSTANCE.ledger, disk), signer(disk))


def sequence() -> int:
    """Sequence what waits, and return the ledger's size."""
    one = sequencer()
    while one.step(AT):
        pass
    return selectors.latest_checkpoint().size


class PowerCutError(BaseException):
    """The power is gone: nothing of ours may catch it."""


class CutDisk(Disk):
    """A disk whose power fails at call `cut_at`: a write is torn, and names not synced stay or are lost."""

    def __init__(self, cut_at: int, *, lose_names: bool) -> None:
        self._left = cut_at
        self._lose_names = lose_names
        self._undo: deque[tuple[Path, Callable[[], object]]] = deque()

    def make_folder(self, path: Path) -> None:
        self._call()
        super().make_folder(path)
        self._undo.append((path.parent, lambda: shutil.rmtree(path, ignore_errors=True)))

    def write(self, path: Path, data: bytes, mode: int = 0o640) -> None:
        if not path.exists():
            self._undo.append((path.parent, lambda: path.unlink(missing_ok=True)))
        if self._left == 0:
            path.write_bytes(data[: len(data) // 2])
        self._call()
        super().write(path, data, mode)

    def rename(self, source: Path, target: Path) -> None:
        self._call()
        old = target.read_bytes() if target.exists() else None
        new = source.read_bytes()
        super().rename(source, target)

        def undo() -> None:
            source.write_bytes(new)
            if old is None:
                target.unlink(missing_ok=True)
            else:
                target.write_bytes(old)

        self._undo.append((target.parent, undo))

    def remove(self, path: Path) -> None:
        self._call()
        if path.exists():
            data = path.read_bytes()
            self._undo.append((path.parent, lambda: path.write_bytes(data)))
        super().remove(path)

    def remove_folder(self, path: Path) -> None:
        self._call()
        if path.exists():
            self._undo.append((path.parent, lambda: path.mkdir(exist_ok=True)))
        super().remove_folder(path)

    def sync_folder(self, path: Path) -> None:
        self._call()
        super().sync_folder(path)
        self._undo = deque(item for item in self._undo if item[0] != path)

    def _call(self) -> None:
        if self._left == 0:
            while self._lose_names and self._undo:
                self._undo.pop()[1]()
            raise PowerCutError
        self._left -= 1


class FailingDisk(Disk):
    """A disk whose call number `fail_at` fails, before or after its effect; the calls after it succeed again."""

    def __init__(self, fail_at: int, *, after: bool) -> None:
        self._left = fail_at
        self._after = after

    def make_folder(self, path: Path) -> None:
        self._call(lambda: super(FailingDisk, self).make_folder(path))

    def write(self, path: Path, data: bytes, mode: int = 0o640) -> None:
        self._call(lambda: super(FailingDisk, self).write(path, data, mode))

    def rename(self, source: Path, target: Path) -> None:
        self._call(lambda: super(FailingDisk, self).rename(source, target))

    def remove(self, path: Path) -> None:
        self._call(lambda: super(FailingDisk, self).remove(path))

    def remove_folder(self, path: Path) -> None:
        self._call(lambda: super(FailingDisk, self).remove_folder(path))

    def sync_folder(self, path: Path) -> None:
        self._call(lambda: super(FailingDisk, self).sync_folder(path))

    def _call(self, call: Callable[[], None]) -> None:
        self._left -= 1
        if self._left != -1 or self._after:
            call()
        if self._left == -1:
            raise OSError(errno.EIO, "Input/output error")


class FullDisk(Disk):
    """A disk without space for as long as `is_full`."""

    def __init__(self) -> None:
        self.is_full = True

    def write(self, path: Path, data: bytes, mode: int = 0o640) -> None:
        if self.is_full:
            raise OSError(28, "No space left on device", str(path))
        super().write(path, data, mode)


def run_sql(statement: str, *parameters: Any) -> int:
    """Run one statement and return how many rows it changed."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)


@contextlib.contextmanager
def behind_the_guards() -> Iterator[None]:
    """Take the triggers away, as whoever owns the database may, and put them back."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger_%%'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        try:
            yield
        finally:
            for _, sql in triggers:
                cursor.execute(sql)
