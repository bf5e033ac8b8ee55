"""The write gate on real files, threads and processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from liuhen.server.kernel.sqlite.gate import WriteGate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOLDER = """
import sys
from pathlib import Path
from liuhen.server.kernel.sqlite.gate import WriteGate
gate = WriteGate(Path(sys.argv[1]))
gate.acquire()
print("held", flush=True)
sys.stdin.readline()
gate.release()
print("released", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "liuhen.sqlite3.gate"


@pytest.fixture
def holder(path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the gate until it reads a line."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


class Waiter:
    """A thread that waits for the gate and says when it has it."""

    def __init__(self, gate: WriteGate) -> None:
        self.entered = threading.Event()
        self._gate = gate
        self._thread = threading.Thread(target=self._wait)
        self._thread.start()

    def _wait(self) -> None:
        self._gate.acquire()
        self.entered.set()
        self._gate.close()

    def gets_in(self) -> bool:
        self._thread.join(30)
        return self.entered.is_set()


def held_elsewhere(path: Path) -> bool:
    """Tell whether somebody holds the gate."""
    probe = "import fcntl, sys; fcntl.flock(open(sys.argv[1], 'a'), fcntl.LOCK_EX | fcntl.LOCK_NB)"
    return (
        subprocess.run([sys.executable, "-c", probe, str(path)], stderr=subprocess.DEVNULL, check=False).returncode != 0
    )


def test_the_lock_file_is_the_owners_alone(path: Path) -> None:
    gate = WriteGate(path)
    gate.acquire()
    assert path.stat().st_mode & 0o777 == 0o600
    gate.close()


def test_who_holds_the_gate_keeps_other_connections_of_the_process_out(path: Path) -> None:
    first, second = WriteGate(path), WriteGate(path)
    first.acquire()
    waiter = Waiter(second)
    assert held_elsewhere(path)
    assert not waiter.entered.is_set()
    first.release()
    assert waiter.gets_in()
    first.close()


def test_the_gate_may_be_taken_again_after_it_was_released(path: Path) -> None:
    gate = WriteGate(path)
    for _ in range(3):
        gate.acquire()
        assert held_elsewhere(path)
        gate.release()
        assert not held_elsewhere(path)
    gate.close()


def test_closing_lets_go(path: Path) -> None:
    gate = WriteGate(path)
    gate.acquire()
    gate.close()
    gate.close()
    assert not held_elsewhere(path)
    gate.acquire()
    gate.close()


@pytest.mark.parametrize("on_file", [True, False], ids=["file", "in-memory"])
def test_taking_it_twice_is_a_wrong_call_and_releasing_it_twice_is_harmless(path: Path, *, on_file: bool) -> None:
    gate = WriteGate(path if on_file else None)
    gate.release()
    gate.acquire()
    with pytest.raises(RuntimeError, match="holds the write gate already"):
        gate.acquire()
    gate.release()
    gate.release()
    gate.close()


def test_databases_in_memory_share_one_lock_of_the_process() -> None:
    first, second = WriteGate(None), WriteGate(None)
    first.acquire()
    waiter = Waiter(second)
    assert not waiter.entered.is_set()
    first.close()
    assert waiter.gets_in()


def test_another_process_keeps_us_out_until_it_releases(path: Path, holder: subprocess.Popen[str]) -> None:
    waiter = Waiter(WriteGate(path))
    assert not waiter.entered.is_set()
    assert holder.stdin is not None
    holder.stdin.write("\n")
    holder.stdin.flush()
    assert waiter.gets_in()
    assert holder.poll() is None, "it lives on and only let go"


def test_a_process_killed_while_it_holds_the_gate_lets_go(path: Path, holder: subprocess.Popen[str]) -> None:
    waiter = Waiter(WriteGate(path))
    assert not waiter.entered.is_set()
    holder.kill()
    assert waiter.gets_in()


def test_a_program_that_the_holder_starts_does_not_inherit_the_gate(path: Path) -> None:
    gate = WriteGate(path)
    gate.acquire()
    with subprocess.Popen(["sleep", "60"], close_fds=False) as child:
        gate.close()
        assert not held_elsewhere(path)
        child.kill()
