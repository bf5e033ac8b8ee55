"""The two signals of a person at the keyboard and of a service manager."""

from __future__ import annotations

import os
import signal
import sys

import pytest

from liuhen.collector.transport import Halt
from liuhen.collector.work.stopping import stopped_by_signals


class _Ended(Exception):  # noqa: N818 - stands for the end of the process
    """The process has ended, with a code."""


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> None:
    def end(code: int) -> None:
        raise _Ended(code)

    monkeypatch.setattr(os, "_exit", end)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_calls_the_halt_and_the_handlers_are_put_back(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    halt = Halt()
    with stopped_by_signals(halt):
        assert not halt.called
        signal.raise_signal(number)
        assert halt.called

    assert signal.getsignal(number) is before


@pytest.mark.usefixtures("ending")
def test_the_second_signal_ends_the_process() -> None:
    with stopped_by_signals(Halt()):
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(_Ended, match="130"):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("ending")
def test_a_terminal_gets_its_cursor_back(monkeypatch: pytest.MonkeyPatch) -> None:
    controller, terminal = os.openpty()
    with os.fdopen(terminal, "w") as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with stopped_by_signals(Halt()):
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(_Ended):
                signal.raise_signal(signal.SIGINT)
        shown = os.read(controller, 100)
    os.close(controller)

    assert b"\x1b[?25h" in shown
