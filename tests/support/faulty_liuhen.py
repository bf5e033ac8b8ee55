"""The real `liuhen` with faults beneath it: `python -m tests.support.faulty_liuhen COMMAND ...`.

The file that `TEST_FAULTS` names says what goes wrong; it is read at every call, so that a test may write it while the
command runs, and remove it again. Faults are injected where the program meets the operating system (see `wrap`).
A fault with a `skip` happens once, at the call after so many that match; without one it happens at each.
A seal waits half a second for its checkpoint, not ten, so that a ledger that cannot be written is told soon.

The file that `TEST_ORDER` names takes down every change to files, one JSON list a line, in order: the call, its path,
and for a move where from.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

__all__ = ["main", "wrap"]

_ERRORS = {"full": errno.ENOSPC, "gone": errno.EIO}
_ON_A_DESCRIPTOR = ("fsync", "fdatasync")
_ON_ONE_NAME = ("unlink", "mkdir", "rmdir")
_ON_TWO_NAMES = ("rename", "replace", "link")

assert shutil.rmtree.avoids_symlink_attacks, "shutil looks once, when it is imported, whether `os` knows descriptors"
_met: Counter[str] = Counter()


def _table() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(Path(os.environ["TEST_FAULTS"]).read_bytes())
    except FileNotFoundError:
        return {}
    return found


def _fault(call: str, where: str) -> str:
    """Return what happens to this call at this path: `full`, `gone`, `kill-before`, `kill-after`; "" for nothing."""
    for fault in _table().get("faults", ()):
        if call not in fault["calls"] or fault["where"] not in where:
            continue
        if "skip" in fault:
            met = json.dumps(fault)
            _met[met] += 1
            if _met[met] != fault["skip"] + 1:
                continue
        return str(fault["how"])
    return ""


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _place(subject: object) -> str:
    if isinstance(subject, int):
        return str(Path(f"/proc/self/fd/{subject}").readlink())
    return os.fsdecode(subject) if isinstance(subject, str | bytes | os.PathLike) else ""


def _named(subject: object, folder: int | None) -> str:
    """Return the path of a name in the folder with this descriptor; of a whole path where there is none."""
    name = _place(subject)
    return name if folder is None or name.startswith("/") else f"{_place(folder)}/{name}"


def _faulty(
    call: str,
    real: Callable[..., Any],
    *,
    subject: int,
    place: Callable[..., str] | None = None,
    note: Callable[..., None] | None = None,
) -> Callable[..., Any]:
    """Return `real` under the faults for `call`; its argument number `subject` is the path or descriptor.

    `place` finds the path out in another way; `note` is told of each call that was carried out.
    """

    def carried_out(*args: Any, **options: Any) -> Any:
        where = _place(args[subject]) if place is None else place(*args, **options)
        how = _fault(call, where)
        if how in _ERRORS:
            raise OSError(_ERRORS[how], os.strerror(_ERRORS[how]))
        if how == "kill-before":
            _kill()
        answer = real(*args, **options)
        if note is not None:
            note(call, where, *args)
        if how == "kill-after":
            _kill()
        return answer

    return carried_out


def _order_keeper() -> Callable[..., None]:
    """Return what takes down a change, and have the making of files taken down too; nothing without `TEST_ORDER`."""
    if "TEST_ORDER" not in os.environ:
        return lambda *_: None
    kept = os.open(os.environ["TEST_ORDER"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def note(call: str, where: str, *args: Any) -> None:
        source = _place(args[0]) if call.removeprefix("os.") in _ON_TWO_NAMES else None
        os.write(kept, json.dumps([call, where, source]).encode() + b"\n")

    def listen(event: str, args: tuple[Any, ...]) -> None:
        if event == "open" and args[2] & os.O_CREAT and not isinstance(args[0], int):
            note("os.open", _place(args[0]))

    sys.addaudithook(listen)
    return note


def _wrap_system(note: Callable[..., None]) -> None:
    def of_one(subject: object, *_: object, dir_fd: int | None = None, **__: object) -> str:
        return _named(subject, dir_fd)

    def of_two(_: object, target: object, *, dst_dir_fd: int | None = None, **__: object) -> str:
        return _named(target, dst_dir_fd)

    for names, place in ((_ON_A_DESCRIPTOR, None), (_ON_ONE_NAME, of_one), (_ON_TWO_NAMES, of_two)):
        for name in names:
            setattr(os, name, _faulty(f"os.{name}", getattr(os, name), subject=0, place=place, note=note))


def _transaction() -> str:
    """Return which of our functions are at work where a transaction ends, a decorated one that has just ended too."""
    frame: FrameType | None = sys._getframe(1)
    found: list[str] = []
    while frame is not None:
        decorated = frame.f_locals.get("func") if frame.f_code.co_name == "inner" else None
        name = f"{frame.f_globals.get('__name__')}.{frame.f_code.co_qualname}"
        found += [f"{decorated.__module__}.{decorated.__qualname__}"] if decorated is not None else [name]
        frame = frame.f_back
    return " ".join(name for name in found if name.startswith("liuhen."))


def _wrap_methods(kind: type, part: str, *names: str, note: Callable[..., None] | None = None) -> None:
    for name in names:
        setattr(kind, name, _faulty(f"{part}.{name}", getattr(kind, name), subject=1, note=note))


def _wrap_single_writes() -> None:
    """Let a kill meet each statement that changes rows outside a transaction, as `database.write` with its text."""
    from django.db.backends.signals import connection_created

    def write(execute: Callable[..., Any], sql: str, params: Any, many: Any, context: dict[str, Any]) -> Any:
        if context["connection"].in_atomic_block or not sql.startswith(("INSERT", "UPDATE", "DELETE")):
            return execute(sql, params, many, context)
        how = _fault("database.write", sql)
        if how == "kill-before":
            _kill()
        answer = execute(sql, params, many, context)
        if how == "kill-after":
            _kill()
        return answer

    def begin(connection: Any, **_: Any) -> None:
        connection.execute_wrappers.append(write)

    connection_created.connect(begin, weak=False)


def _wrap_server(note: Callable[..., None]) -> None:
    from liuhen.server.config import setup
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.sqlite.base import DatabaseWrapper
    from liuhen.server.ledger.disk import Disk
    from liuhen.server.vault.adapters._posix import Posix

    _wrap_single_writes()
    _wrap_methods(Posix, "vault", "mkdir", "fdatasync", "fsync", "rename")
    _wrap_methods(Posix, "vault", "pwrite", note=note)
    _wrap_methods(Disk, "ledger", "make_folder", "write", "rename", "sync_folder")
    database: Any = DatabaseWrapper
    system: Any = clock.SystemClock
    real_commit, real_now, real_open = database._commit, system.now, setup.open_instance

    def commit(wrapper: Any) -> None:
        where = _transaction()
        how = _fault("database.commit", where)
        if how == "full":
            with wrapper.wrap_database_errors:
                raise wrapper.Database.OperationalError("database or disk is full")
        if how == "kill-before":
            _kill()
        real_commit(wrapper)
        note("database.commit", where)
        if how == "kill-after":
            _kill()

    def now(source: clock.SystemClock) -> Any:
        from datetime import timedelta

        return real_now(source) + timedelta(seconds=_table().get("clock_s", 0))

    def open_instance(**options: Any) -> Any:
        opened = real_open(**options)
        from liuhen.server.intake.asgi import handler

        handler._pace = replace(handler._pace, checkpoint_s=0.5)
        return opened

    database._commit = commit
    system.now = now
    setup.open_instance = open_instance


def _wrap_collector() -> None:
    real_time_ns = time.time_ns
    time.time_ns = lambda: real_time_ns() + int(_table().get("clock_s", 0) * 10**9)
    from liuhen.collector.source import folder

    system = {name: getattr(os, name) for name in dir(os)}
    for name in ("pread", "scandir", "open"):
        system[name] = _faulty(f"device.{name}", getattr(os, name), subject=0)
    vars(folder)["os"] = SimpleNamespace(**system)


def wrap(command: str) -> None:
    """Wrap what `liuhen <command>` meets."""
    note = _order_keeper()
    _wrap_system(note)
    if command == "collect":
        _wrap_collector()
    else:
        _wrap_server(note)


def main() -> int:
    """Wrap what the command meets, then run it as `liuhen` would."""
    from liuhen.cli import main as liuhen

    wrap(sys.argv[1])
    return liuhen(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
