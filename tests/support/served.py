"""A real instance, served by the real command in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.support.commands import LIUHEN, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Served", "made_instance", "served"]

_START_S = 60.0


@dataclass(slots=True)
class Served:
    """An instance with one unit (`u`) and one station; `start` and `stop` may be called again and again."""

    home: Path
    port: int
    environment: dict[str, str]
    station_key: Path
    process: subprocess.Popen[bytes] | None = None
    options: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The front door's address."""
        return f"http://127.0.0.1:{self.port}"

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a `liuhen` command on this instance."""
        done = subprocess.run([*LIUHEN, *words], env=self.environment, capture_output=True, text=True, check=False)
        assert not check or done.returncode == 0, (
            f"liuhen {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    def collect(self, source: Path, *words: str) -> subprocess.CompletedProcess[str]:
        """Hand in what lies in `source` with the real collector; machine output on stdout."""
        command = ["collect", str(source), "--server", self.url, "--station-key-file", str(self.station_key)]
        command += ["--state-dir", str(self.home / "state"), "--json", "--language", "en", *words]
        return self.run(*command)

    def start(self) -> None:
        """Serve, and return when the front door answers."""
        self.process = subprocess.Popen([*LIUHEN, "serve", *self.options], env=self.environment)
        end = time.monotonic() + _START_S
        while not self.answers():
            assert self.process.poll() is None, f"liuhen serve ended with {self.process.returncode}"
            assert time.monotonic() < end, "liuhen serve does not answer"
            time.sleep(0.05)

    def answers(self) -> bool:
        """Tell whether the front door answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/ledger/checkpoint", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Send a signal and wait for the end."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(30)
        self.process = None

    def receipts(self) -> list[Path]:
        """Return the receipts that the collector keeps."""
        return sorted((self.home / "state").rglob("*.receipt.json"))


def made_instance(home: Path) -> Served:
    """Make an instance with one unit and one station in `home`."""
    port = free_port()
    environment = {key: value for key, value in os.environ.items() if not key.startswith("LIUHEN_")}
    environment |= {"LIUHEN_HOME": str(home), "LIUHEN_PORT": str(port)}
    made = Served(home, port, environment, home / "secrets" / "station.json")
    made.run("init")
    made.run("person", "unit", "u", "执法大队")
    made.run("station", "add", "一号采集站", "--unit", "u", "--out", str(made.station_key))
    return made


@contextlib.contextmanager
def served(home: Path, *options: str) -> Iterator[Served]:
    """Make an instance in `home` and serve it until the block ends."""
    made = made_instance(home)
    made.options = list(options)
    made.start()
    try:
        yield made
    finally:
        made.stop()
