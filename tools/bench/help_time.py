"""How long `liuhen --help` takes, beside a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from tools.bench.harness import Row, median

__all__ = ["run"]


def run() -> list[Row]:
    """Measure both in turn, 15 times after a warm-up."""
    ours, peer = [], []
    liuhen = [str(Path(sys.executable).parent / "liuhen"), "--help"]
    for _ in range(16):
        ours.append(_seconds(liuhen))
        peer.append(_seconds([sys.executable, "-c", "pass"]))
    mine, bare = median(ours[1:]) * 1000, median(peer[1:]) * 1000
    ratio = f"{mine / bare:.1f}"
    return [Row("liuhen --help", f"{mine:.0f} ms", f"{bare:.0f} ms (python -c pass)", ratio, "< 150 ms", mine < 150)]


def _seconds(command: list[str]) -> float:
    began = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began
