"""What is happening at this moment: bytes that have arrived for each upload, durable or not, and how fast.

Memory of the front door's process, for the intake page only; nothing that must be right depends on it. The event loop
writes it, page threads read it; every access is one operation on a dict or an attribute.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterator

__all__ = ["Live", "checking", "enter", "forget", "look"]

_WINDOW_S: Final = 5.0
_MOST: Final = 10_000


@dataclass(slots=True)
class Live:
    """One upload. `received` in bytes; `checking` while the server compares and seals it."""

    received: int = 0
    checking: bool = False
    arrived: float = field(default_factory=time.monotonic)
    _marks: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=64))

    def stand(self, received: int) -> None:
        """Begin at `received` bytes."""
        self.arrived = time.monotonic()
        self.received = received
        self._marks.clear()

    def add(self, count: int) -> None:
        """Take note of `count` bytes that arrived now."""
        self.arrived = time.monotonic()
        self.received += count
        if not self._marks or self.arrived - self._marks[-1][0] > _WINDOW_S / 32:
            self._marks.append((self.arrived, self.received))

    @property
    def silence(self) -> float:
        """Return the seconds since bytes arrived last."""
        return time.monotonic() - self.arrived

    @property
    def rate(self) -> float:
        """Return the speed in bytes per second over the last seconds; 0 when none arrive."""
        now = time.monotonic()
        recent = [mark for mark in list(self._marks) if now - mark[0] <= _WINDOW_S]
        if not recent or now - recent[0][0] <= 0:
            return 0.0
        return (self.received - recent[0][1]) / (now - recent[0][0])


_lives: dict[uuid.UUID, Live] = {}


def enter(upload: uuid.UUID) -> Live:
    """Return the upload's entry, made if there is none; the oldest goes where there are too many."""
    found = _lives.get(upload)
    if found is None:
        while len(_lives) >= _MOST:
            _lives.pop(next(iter(_lives)), None)
        found = _lives.setdefault(upload, Live())
    return found


def look(upload: uuid.UUID) -> Live | None:
    """Return the upload's entry, None when nothing has arrived for it since this process began."""
    return _lives.get(upload)


@contextmanager
def checking(upload: uuid.UUID) -> Iterator[None]:
    """Show, for the length of the block, that the upload is being compared and sealed."""
    found = enter(upload)
    found.checking = True
    try:
        yield
    finally:
        found.checking = False


def forget(upload: uuid.UUID) -> None:
    """Drop the upload's entry."""
    _lives.pop(upload, None)
