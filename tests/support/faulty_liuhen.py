"""The real `liuhen` with faults beneath it: `python -m tests.support.faulty_liuhen COMMAND ...`.

The file that `TEST_FAULTS` names says what goes wrong; it is read at every call, so that a test may write it while the
command runs, and remove it again. Faults are injected where the program meets the operating system (see `_wrap_all`).
A seal waits half a second for its checkpoint, not ten, so that a ledger that cannot be written is told soon.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["main"]

_ERRORS = {"full": errno.ENOSPC, "gone": errno.EIO}


def _table() -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(Path(os.environ["TEST_FAULTS"]).read_bytes())
    except FileNotFoundError:
        return {}
    return found


def _fault(call: str, where: str) -> str:
    """Return what happens to this call at this path: `full`, `gone`, `kill-before`, `kill-after`; "" for nothing."""
    for fault in _table().get("faults", ()):
        if call in fault["calls"] and fault["where"] in where:
            return str(fault["how"])
    return ""


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _place(subject: object) -> str:
    if isinstance(subject, int):
        return str(Path(f"/proc/self/fd/{subject}").readlink())
    return os.fsdecode(subject) if isinstance(subject, str | bytes | os.PathLike) else ""


def _faulty(call: str, real: Callable[..., Any], *, subject: int) -> Callable[..., Any]:
    """Return `real` under the faults for `call`; its argument number `subject` is the path or descriptor."""

    def carried_out(*args: Any, **options: Any) -> Any:
        how = _fault(call, _place(args[subject]))
        if how in _ERRORS:
            raise OSError(_ERRORS[how], os.strerror(_ERRORS[how]))
        if how == "kill-before":
            _kill()
        answer = real(*args, **options)
        if how == "kill-after":
            _kill()
        return answer

    return carried_out


def _wrap_methods(kind: type, part: str, *names: str) -> None:
    for name in names:
        setattr(kind, name, _faulty(f"{part}.{name}", getattr(kind, name), subject=1))


def _wrap_server() -> None:
    from liuhen.server.config import setup
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.sqlite.base import DatabaseWrapper
    from liuhen.server.ledger.disk import Disk
    from liuhen.server.vault.adapters._posix import Posix

    _wrap_methods(Posix, "vault", "mkdir", "pwrite", "fdatasync", "fsync", "rename")
    _wrap_methods(Disk, "ledger", "write", "rename", "sync_folder")
    database: Any = DatabaseWrapper
    system: Any = clock.SystemClock
    real_commit, real_now, real_open = database._commit, system.now, setup.open_instance

    def commit(wrapper: Any) -> None:
        how = _fault("database.commit", "")
        if how == "full":
            with wrapper.wrap_database_errors:
                raise wrapper.Database.OperationalError("database or disk is full")
        if how == "kill-before":
            _kill()
        real_commit(wrapper)
        if how == "kill-after":
            _kill()

    def now(source: clock.SystemClock) -> Any:
        from datetime import timedelta

        return real_now(source) + timedelta(seconds=_table().get("clock_s", 0))

    def open_instance(**options: Any) -> Any:
        opened = real_open(**options)
        from liuhen.server.intake.asgi import app

        app._pace = replace(app._pace, checkpoint_s=0.5)
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


def main() -> int:
    """Wrap what the command meets, then run it as `liuhen` would."""
    from liuhen.cli import main as liuhen

    if sys.argv[1] == "collect":
        _wrap_collector()
    else:
        _wrap_server()
    return liuhen(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
