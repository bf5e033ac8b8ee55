"""When to try again, and when to stop: waiting between attempts, and a halt that every thread heeds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from liuhen.collector.errors import ServerUnreachableError, StoppedError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Halt", "Patience"]

# Of the whole patience: with the default of two minutes the waits go from a quarter of a second to 15 seconds.
_FIRST_WAIT: Final = 1 / 480
_LONGEST_WAIT: Final = 1 / 8
_LOOK_EVERY_S: Final = 0.1


class Halt:
    """A stop for all threads of one piece of work; a halt also stops the works begun under it.

    It holds no lock, because a signal handler calls it: a lock that the interrupted thread holds would never come free.
    """

    def __init__(self, above: Halt | None = None) -> None:
        self._above = above
        self._called = False

    def under(self) -> Halt:
        """Return a halt of its own that is also called when this one is."""
        return Halt(self)

    def call(self) -> None:
        """Ask every thread to stop."""
        self._called = True

    @property
    def called(self) -> bool:
        """Whether it was called."""
        return self._called or (self._above is not None and self._above.called)

    def check(self) -> None:
        """Raise `StoppedError` if a halt was called."""
        if self.called:
            raise StoppedError

    def wait(self, seconds: float) -> bool:
        """Wait; return True soon after a halt is called."""
        end = time.monotonic() + seconds
        while not self.called:
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, _LOOK_EVERY_S))
        return True


class Patience:
    """Tries an exchange again until it succeeds or `seconds` passed without progress, counted from the first failure.

    A request that stood still for long and then broke off is so tried again too. Waits start short and double, in
    proportion to `seconds`. One object serves one chain of requests; only `renew` tells it that there was progress,
    since a server that answers one request and never another makes none.
    """

    def __init__(self, seconds: float, halt: Halt, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._halt = halt
        self._monotonic = monotonic
        self.renew()

    def renew(self) -> None:
        """Begin the patience anew."""
        self._end: float | None = None
        self._wait = self._seconds * _FIRST_WAIT

    def until_done[Result](self, exchange: Callable[[], Result]) -> Result:
        """Return what `exchange` returns, trying again while the server is unreachable.

        Raises:
            ServerUnreachableError: the patience is over; the last failure.
            StoppedError: a halt was called.
        """
        while True:
            self._halt.check()
            try:
                return exchange()
            except ServerUnreachableError as error:
                self.bear(error)

    def bear(self, error: ServerUnreachableError) -> None:
        """Wait after a failure, or raise it when the patience is over."""
        now = self._monotonic()
        if self._end is None:
            self._end = now + self._seconds
        if now >= self._end:
            raise error
        if self._halt.wait(min(self._wait, self._end - now)):
            raise StoppedError
        self._wait = min(self._wait * 2, self._seconds * _LONGEST_WAIT)
