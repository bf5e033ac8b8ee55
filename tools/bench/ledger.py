"""The ledger: durable events per second, fsck of a long ledger, verification of one receipt."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import time
from pathlib import Path

from tools.bench.harness import ROOT, Row, instance, median

__all__ = ["run"]

EVENTS = int(os.environ.get("BENCH_EVENTS", "8000"))
LONG = int(os.environ.get("BENCH_LEDGER", "100000"))
WRITERS = 8


def run() -> list[Row]:
    """Measure on one instance whose server sequences."""
    rows = []
    with instance() as served:
        rates = [float(served.inside("events", str(WRITERS), str(EVENTS))["per_second"]) for _ in range(3)]
        peer = median([_plain_commits() for _ in range(3)])
        rate = median(rates)
        rows.append(
            Row(
                f"durable ledger events, {WRITERS} writers, sequenced and checkpointed",
                f"{rate:.0f} /s",
                f"{peer:.0f} /s (one-row SQLite commits, WAL, FULL, one writer)",
                f"{rate / peer:.2f}",
                ">= 1,000 /s",
                rate >= 1000,
            )
        )
        verified = served.inside("verify-receipt")
        seconds = float(verified["median_ms"])
        rows.append(Row("verification of a receipt", f"{seconds:.2f} ms", "", "", "< 5 ms", seconds < 5))
    with instance() as served:
        checked = served.inside("fsck", str(LONG))
        seconds = float(checked["median_s"])
        what = f"fsck of a ledger of {checked['entries']:,} entries"
        rows.append(Row(what, f"{seconds:.2f} s", "", "", "< 5 s", seconds < 5))
    return rows


def _plain_commits(count: int = 2000) -> float:
    """Return how many one-row transactions a second SQLite alone commits on the same disk."""
    with tempfile.TemporaryDirectory(dir=ROOT / "build") as name:
        connection = sqlite3.connect(Path(name) / "peer.sqlite3", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE t (leaf BLOB)")
        began = time.monotonic()
        for _ in range(count):
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t VALUES (?)", (b"x" * 600,))
            connection.execute("COMMIT")
        seconds = time.monotonic() - began
        connection.close()
    return count / seconds
