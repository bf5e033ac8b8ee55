"""Intake of 4 GiB in 8 files, from folder to verified receipts, beside `cp` + `sync` + `sha256sum` of these bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from tools.bench.harness import LIUHEN, ROOT, Row, instance, median, peak_rss_mb

__all__ = ["run"]

FILES = 8
FILE_BYTES = int(os.environ.get("BENCH_FILE_MIB", "512")) << 20
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))


def run() -> list[Row]:
    """Measure both in turn, `ROUNDS` times."""
    build = ROOT / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="bench-source-", dir=build) as name:
        source = Path(name)
        _make(source)
        ours, peer, server_mb, collector_mb = [], [], [], []
        for _ in range(ROUNDS):
            peer.append(_copy(source, build))
            seconds, server, collector = _collect(source)
            ours.append(seconds)
            server_mb.append(server)
            collector_mb.append(collector)
    total = FILES * FILE_BYTES / 1e6
    ratio = median(peer) / median(ours)
    return [
        Row(
            f"intake of {FILES * FILE_BYTES / 2**30:.1f} GiB in {FILES} files",
            f"{total / median(ours):.0f} MB/s",
            f"{total / median(peer):.0f} MB/s (cp + sync + sha256sum)",
            f"{ratio:.2f}",
            ">= 0.60",
            ratio >= 0.6,
        ),
        Row("server, peak memory", f"{max(server_mb):.0f} MB", "", "", "< 200 MB", max(server_mb) < 200),
        Row("collector, peak memory", f"{max(collector_mb):.0f} MB", "", "", "< 200 MB", max(collector_mb) < 200),
    ]


def _make(source: Path) -> None:
    folder = source / "DCIM" / "20261123"
    folder.mkdir(parents=True)
    for number in range(FILES):
        path = folder / f"7654321_650012_20261123{9 + number:02d}4210_{number:04d}.mp4"
        with path.open("wb") as file:
            for _ in range(FILE_BYTES >> 20):
                file.write(os.urandom(1 << 20))
    subprocess.run(["sync"], check=True)


def _copy(source: Path, build: Path) -> float:
    with tempfile.TemporaryDirectory(prefix="bench-copy-", dir=build) as name:
        began = time.monotonic()
        subprocess.run(["cp", "-r", str(source), name], check=True)
        subprocess.run(["sync"], check=True)
        files = sorted(str(path) for path in Path(name).rglob("*.mp4"))
        subprocess.run(["sha256sum", *files], check=True, stdout=subprocess.DEVNULL)
        return time.monotonic() - began


def _collect(source: Path) -> tuple[float, float, float]:
    with instance() as served:
        state = served.home / "station"
        command = [*LIUHEN, "collect", str(source), "--server", served.url, "--state-dir", str(state)]
        command += ["--station-key-file", str(served.station_key), "--device", "7654321"]
        began = time.monotonic()
        collector = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        collector_mb = 0.0
        while collector.poll() is None:
            try:
                collector_mb = max(collector_mb, peak_rss_mb(collector.pid))
            except (RuntimeError, OSError):
                break
            time.sleep(0.1)
        _, words = collector.communicate()
        seconds = time.monotonic() - began
        if collector.returncode != 0:
            raise RuntimeError(f"the collector ended with {collector.returncode}: {words.decode()[-2000:]}")
        receipts = len(list(state.rglob("*.receipt.json")))
        if receipts != FILES:
            raise RuntimeError(f"{receipts} receipts for {FILES} files")
        server_mb = peak_rss_mb(served.server_pid)
        shutil.rmtree(state)
    return seconds, server_mb, collector_mb
