"""`make bench`: all benchmarks in one run; writes docs/benchmarks.md."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from tools.bench import help_time, intake, ledger, media
from tools.bench.harness import ROOT, Row

PARTS = {"intake": intake.run, "ledger": ledger.run, "media": media.run, "help": help_time.run}


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="ascii").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _machine() -> list[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii")
    return [
        f"- {os.cpu_count()} cores, {_processor()}, SHA extensions: {'yes' if ' sha_ni' in flags else 'no'}",
        f"- {memory:.0f} GiB of memory, Linux {platform.release()}, Python {platform.python_version()}",
        f"- commit {commit.stdout.strip()}, {datetime.now(UTC).date()}",  # noqa: TID251 - the report's day
    ]


def _table(rows: list[Row]) -> list[str]:
    words = {True: "yes", False: "**no**", None: "-"}
    lines = ["| what | Liuhen | beside it | ratio | asked | met |", "|---|---|---|---|---|---|"]
    return lines + [f"| {r.what} | {r.ours} | {r.peer} | {r.ratio} | {r.target} | {words[r.met]} |" for r in rows]


def main() -> int:
    """Run the parts named on the command line, or all; only a full run is written down."""
    chosen = sys.argv[1:] or list(PARTS)
    began = time.monotonic()
    rows: list[Row] = []
    for name in chosen:
        rows += PARTS[name]()
        print("\n".join(_table(rows)), flush=True)
    if chosen == list(PARTS):
        text = [
            "# Benchmarks",
            "",
            "Written by `make bench`: a figure and the one beside it were measured in one run on one machine;",
            "figures are medians of three rounds, taken in turn.",
            "",
            *_machine(),
            f"- the run took {(time.monotonic() - began) / 60:.0f} minutes",
            "",
            *_table(rows),
            "",
        ]
        (ROOT / "docs" / "benchmarks.md").write_text("\n".join(text), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
