"""The server as a process: what it starts, how it ends, and where it refuses to begin."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import LIUHEN, environment, free_port, is_alive, liuhen
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60.0


class Server:
    """`liuhen serve` as a process."""

    def __init__(self, home: Path, *words: str, **settings: str) -> None:
        self.port = free_port()
        self.process = subprocess.Popen(
            [*LIUHEN, "serve", *words],
            env=environment(home, port=str(self.port), **settings),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def answers(self, host: str = "127.0.0.1") -> bool:
        assert self.process.poll() is None, f"ended with {self.process.returncode}"
        try:
            with urllib.request.urlopen(f"http://{host}:{self.port}/ledger/checkpoint", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def children(self) -> dict[int, str]:
        """Return the command line of each child process by its number."""
        pid = self.process.pid
        found: dict[int, str] = {}
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text(encoding="ascii").split():
                line = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
                found[int(child)] = line
        return found

    def worker(self) -> int | None:
        return next((pid for pid, line in self.children().items() if line.endswith(" worker")), None)

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """Send a signal; return the exit code and what was said."""
        self.process.send_signal(number)
        said = self.process.communicate(timeout=PATIENCE_S)[1]
        return self.process.returncode, said


@pytest.fixture
def server(home: Path) -> Iterator[Server]:
    running = Server(home)
    wait_for(running.answers)
    yield running
    if running.process.poll() is None:
        running.process.kill()
    running.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_and_its_worker_in_an_orderly_way(server: Server, number: int) -> None:
    worker = wait_for(server.worker)
    assert worker is not None
    code, said = server.stop(number)
    assert code == 0, said
    assert "Traceback" not in said
    assert not is_alive(worker)


def test_a_worker_that_died_is_started_again(server: Server) -> None:
    first = wait_for(server.worker)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    second = wait_for(lambda: server.worker() not in {first, None} and server.worker())
    assert second != first
    assert server.stop()[0] == 0


def test_a_server_that_is_killed_takes_its_worker_with_it(server: Server) -> None:
    worker = wait_for(server.worker)
    assert worker is not None
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    wait_for(lambda: not is_alive(worker))


def test_without_a_worker_it_has_no_child(home: Path) -> None:
    running = Server(home, "--no-worker")
    wait_for(running.answers)
    assert running.children() == {}
    assert running.stop()[0] == 0


def test_it_starts_again_on_what_it_left(server: Server, home: Path) -> None:
    assert server.stop()[0] == 0
    again = Server(home, "--no-worker")
    wait_for(again.answers)
    assert again.stop()[0] == 0


def test_a_port_that_is_taken_is_said_and_nothing_is_started(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = liuhen(home, "serve", port=str(other.getsockname()[1]))
    assert done.returncode == 10
    assert "[port-taken]" in done.stderr
    assert "worker" not in done.stderr


@pytest.mark.parametrize(
    "host",
    ["203.0.113.7", "2001:db8::7", "no such host", "a..b"],
    ids=["other-machine", "ipv6", "no-name", "empty-label"],
)
def test_an_address_that_is_not_this_machines_is_said(home: Path, host: str) -> None:
    done = liuhen(home, "serve", host=host)
    assert done.returncode == 11
    assert "[address-unusable]" in done.stderr
    assert host in done.stderr


def test_it_listens_on_ipv6_where_it_is_told_to(home: Path) -> None:
    running = Server(home, "--no-worker", host="::1")
    wait_for(lambda: running.answers("[::1]"))
    assert running.stop()[0] == 0


def test_at_every_address_it_listens_on_both_ipv6_and_ipv4(home: Path) -> None:
    running = Server(home, "--no-worker", host="::")
    wait_for(lambda: running.answers("[::1]"))
    assert running.answers("127.0.0.1")
    assert running.stop()[0] == 0


def test_a_database_of_an_older_version_is_not_served(home: Path) -> None:
    back = liuhen(home, "manage", "migrate", "recordings", "0001")
    assert back.returncode == 0, back.stderr
    done = liuhen(home, "serve")
    assert done.returncode == 11
    assert "recordings.0002_text_index" in done.stderr
    assert "[migrations-pending]" in done.stderr
