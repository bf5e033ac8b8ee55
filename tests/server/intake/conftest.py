"""Real intake servers on loopback for these tests."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Protocol

import pytest

from tests.support.live_server import LiveServer, StationClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Small measures, so that a few hundred kilobytes pass through everything that gigabytes would.
PACE = {
    "piece": 64 << 10,
    "flush_bytes": 256 << 10,
    "window_s": 0.2,
    "idle_s": 1.5,
    "stalled_s": 0.5,
    "flush_s": 0.5,
    "checkpoint_s": 1.0,
}


class Starter(Protocol):
    """Starts one more server on an instance of its own."""

    def __call__(self, **settings: str) -> tuple[LiveServer, StationClient]:
        """Return the server and its station; settings are `LIUHEN_` variables without the prefix, in lower case."""
        ...


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance as `tests.support.intake_instance` makes it."""
    home = tmp_path_factory.mktemp("intake-template") / "home"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LIUHEN_")}
    command = [sys.executable, "-m", "tests.support.intake_instance"]
    subprocess.run(command, env={**environment, "LIUHEN_HOME": str(home)}, check=True)
    return home


def _station(server: LiveServer, file: str = "first.json") -> StationClient:
    return StationClient(server, (server.home / "secrets" / file).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server for a module's tests that leave it as they found it."""
    running = LiveServer.copied(template, tmp_path_factory.mktemp("intake") / "home", pace=PACE).start()
    yield running
    running.stop()


@pytest.fixture
def station(server: LiveServer) -> StationClient:
    """The first station."""
    return _station(server)


@pytest.fixture
def second_station(server: LiveServer) -> StationClient:
    """Another station of the same unit."""
    return _station(server, "second.json")


@pytest.fixture
def start(template: Path, tmp_path: Path) -> Iterator[Starter]:
    """Start servers that a test may break."""
    running: list[LiveServer] = []

    def one_more(**given: str) -> tuple[LiveServer, StationClient]:
        settings = {f"LIUHEN_{name.upper()}": value for name, value in given.items()}
        home = tmp_path / f"home-{len(running)}"
        made = LiveServer.copied(template, home, settings=settings, pace=PACE).start()
        running.append(made)
        return made, _station(made)

    yield one_more
    for made in running:
        made.stop()
