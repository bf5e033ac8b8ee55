"""Ctrl-C and SIGTERM: the first asks the work to come to rest, the second ends the process where it stands."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from liuhen.core.exits import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from liuhen.collector.transport import Halt

__all__ = ["stopped_by_signals"]

_SHOW_CURSOR: Final = b"\x1b[?25h\n"


@contextmanager
def stopped_by_signals(halt: Halt) -> Iterator[None]:
    """Let the signals call `halt`, and put their handlers back at the end. For the main thread."""

    def stop(_number: int, _frame: FrameType | None) -> None:
        if halt.called:
            _end_at_once()
        halt.call()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_at_once() -> None:
    """End without a word, as a power cut would; whoever asks twice does not wait for a server to answer."""
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), _SHOW_CURSOR)
    os._exit(ExitCode.INTERRUPTED)
