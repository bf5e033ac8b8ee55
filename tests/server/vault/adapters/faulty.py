"""The operating system with one fault in it."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

from liuhen.server.vault.adapters._posix import Posix

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["CALLS", "Died", "FaultyPosix", "Unsynced"]

CALLS = tuple(name for name, value in vars(Posix).items() if callable(value) and not name.startswith("_"))


class Unsynced(Posix):
    """Syncs nothing, since no power is cut but in a model; a test that opens hundreds of stores has no time for it."""

    def fsync(self, fd: int) -> None:
        os.fstat(fd)

    def fdatasync(self, fd: int) -> None:
        os.fstat(fd)


class Died(BaseException):
    """The process is gone: nothing of it runs on, `finally` and `__exit__` blocks apart, whose calls do nothing."""


class FaultyPosix(Unsynced):
    """Counts its calls, and lets one of them go wrong.

    fail: number of the call (from 1) that raises `error` instead of being carried out; a write is half carried out,
        and a close gives the descriptor up, as the kernel does.
    die: number of the call after which the process is gone.
    """

    def __init__(self, *, fail: int = 0, error: int = 0, die: int = 0) -> None:
        self.calls: list[str] = []
        self._fail = fail
        self._error = error
        self._die = die
        self._open: set[int] = set()
        self.is_dead = False

    def bury(self) -> None:
        """Close what the dead process had open, as the kernel does; its locks go with it."""
        for fd in self._open:
            with suppress(OSError):
                os.close(fd)

    def carry_out(self, name: str, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Carry the call `name` out, or not."""
        if self.is_dead:
            raise Died
        self.calls.append(name)
        if len(self.calls) == self._fail:
            self._spoil(name, *args)
            raise OSError(self._error, os.strerror(self._error))
        try:
            answer = call(self, *args, **options)
            self._note(name, answer, *args)
        finally:
            if len(self.calls) == self._die:
                self.is_dead = True
                raise Died
        return answer

    def _spoil(self, name: str, *args: Any) -> None:
        if name == "close":
            Posix.close(self, args[0])
            self._open.discard(args[0])
        elif name == "pwrite":
            fd, data, offset = args
            Posix.pwrite(self, fd, data[: len(data) // 2], offset)

    def _note(self, name: str, answer: Any, *args: Any) -> None:
        if name == "open":
            self._open.add(answer)
        elif name == "close":
            self._open.discard(args[0])


def _routed(name: str) -> Callable[..., Any]:
    original = getattr(Unsynced, name)

    @wraps(original)
    def call(self: FaultyPosix, *args: Any, **options: Any) -> Any:
        return self.carry_out(name, original, *args, **options)

    return call


for _name in CALLS:
    setattr(FaultyPosix, _name, _routed(_name))
