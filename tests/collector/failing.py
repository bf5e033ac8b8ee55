"""A device that fails on purpose, at the border where the collector asks it for bytes."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from liuhen.collector.source import folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

__all__ = ["BadDevice", "bad_device"]


@dataclass
class BadDevice:
    """What goes wrong: names whose reading fails, from which offset on; whether the whole device is gone."""

    unreadable: dict[bytes, int] = field(default_factory=dict)
    gone: bool = False
    before_read: Callable[[bytes, int], None] = lambda _name, _offset: None

    def at_reading(self, name: bytes, act: Callable[[], object], *, offset: int = 0, nth: int = 1) -> None:
        """Do `act` just before `offset` of a file whose name ends in `name` is read for the nth time."""
        numbers = count(1)

        def before(read: bytes, at: int) -> None:
            if read.endswith(name) and at == offset and next(numbers) == nth:
                act()

        self.before_read = before

    def pull(self) -> None:
        """Let the device be gone."""
        self.gone = True

    def mend(self) -> None:
        """Let nothing go wrong from now on."""
        self.unreadable.clear()
        self.gone, self.before_read = False, lambda _name, _offset: None


@contextmanager
def bad_device(patch: pytest.MonkeyPatch) -> Iterator[BadDevice]:
    """Let every folder source behave as the yielded `BadDevice` says; the system calls beneath it fail."""
    bad = BadDevice()
    real_pread, real_scandir, real_open = os.pread, os.scandir, os.open

    def name_of(descriptor: int) -> bytes:
        return os.path.basename(os.fsencode(os.readlink(f"/proc/self/fd/{descriptor}")))  # noqa: PTH115, PTH119 - a path of bytes

    def pread(descriptor: int, size: int, offset: int) -> bytes:
        name = name_of(descriptor)
        bad.before_read(name, offset)
        if bad.gone or offset + size > bad.unreadable.get(name, 1 << 60):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real_pread(descriptor, size, offset)

    class System:
        """The `os` that the folder source sees."""

        def __getattr__(self, name: str) -> object:
            return getattr(os, name)

        def pread(self, descriptor: int, size: int, offset: int) -> bytes:
            return pread(descriptor, size, offset)

        def scandir(self, descriptor: int) -> object:
            if bad.gone:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return real_scandir(descriptor)

        def open(self, *args: object, **kwargs: object) -> int:
            if bad.gone:
                raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
            return real_open(*args, **kwargs)  # type: ignore[arg-type] # passed on as it came

    patch.setattr(folder, "os", System())
    yield bad
