"""What the benchmarks share: a throw-away instance with its server, medians, memory readings, rows of the report."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["LIUHEN", "ROOT", "BenchInstance", "Row", "free_port", "instance", "median", "peak_rss_mb", "wait_for"]

ROOT = Path(__file__).resolve().parents[2]
LIUHEN = [sys.executable, "-m", "liuhen.cli"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the report; `target` is what the project asks, "" where it only asks to report."""

    what: str
    ours: str
    peer: str
    ratio: str
    target: str
    met: bool | None


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def free_port() -> int:
    """Return a port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def peak_rss_mb(pid: int) -> float:
    """Return the largest resident size that process `pid` has had, in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError(f"process {pid} tells no VmHWM")


def wait_for(url: str, *, seconds: float = 30.0) -> None:
    """Wait until `url` answers."""
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


@dataclass(frozen=True, slots=True)
class BenchInstance:
    """A running throw-away instance."""

    home: Path
    url: str
    server_pid: int
    station_key: Path
    environment: dict[str, str]

    def inside(self, action: str, *arguments: str) -> Any:
        """Run an action of `tools.bench.inside` on the instance and return what it printed as JSON."""
        command = [sys.executable, "-m", "tools.bench.inside", action, *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True, check=True)
        return json.loads(done.stdout.splitlines()[-1])


@contextlib.contextmanager
def instance(*, worker: bool = False) -> Iterator[BenchInstance]:
    """Make an instance on the disk of this checkout and serve it."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-", dir=build, ignore_cleanup_errors=True) as name:
        home = Path(name)
        port = free_port()
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LIUHEN_")}
        environment |= {"LIUHEN_HOME": name, "LIUHEN_PORT": str(port)}
        key = home / "secrets" / "station.json"
        station = ["station", "add", "bench", "--unit", "u", "--out", str(key)]
        for words in (["init"], ["person", "unit", "u", "unit"], station):
            subprocess.run([*LIUHEN, *words], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        options = [] if worker else ["--no-worker"]
        server = subprocess.Popen([*LIUHEN, "serve", *options], cwd=ROOT, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_for(f"{url}/ledger/checkpoint")
            yield BenchInstance(home, url, server.pid, key, environment)
        finally:
            server.terminate()
            server.wait(30)
            subprocess.run(["chattr", "-R", "-i", name], stderr=subprocess.DEVNULL, check=False)
