"""Killing the real program at a named step: what the tests of docs/durability.md have in common."""

from __future__ import annotations

import atexit
import functools
import json
import signal
import subprocess
import sys
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liuhen.server.kernel.sqlite.version import driver
from tests.support.commands import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ACTS", "FAULTY", "Kill", "Program", "after", "before"]

ACTS = "tests.durability.acts"
FAULTY = "tests.support.faulty_liuhen"


@functools.cache
def _nursery() -> subprocess.Popen[str]:
    """Start the process of which every run is a fork; it ends with this one."""
    own = environment(ROOT) | {"PYTHONPATH": f"{ROOT}/src:{ROOT}", "PYTHONIOENCODING": "utf-8"}
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.durability.nursery"],
        cwd=ROOT,
        env=own,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(started.communicate)
    return started


def _begun(module: str, words: Sequence[str], own: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a module's `main` in a process with the environment `own`, to its end."""
    nursery = _nursery()
    assert nursery.stdin is not None
    assert nursery.stdout is not None
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder) / "out", Path(folder) / "err"
        order = {"module": module, "words": words, "environment": dict(own), "out": str(out), "err": str(err)}
        nursery.stdin.write(f"{json.dumps(order)}\n")
        nursery.stdin.flush()
        code = int(nursery.stdout.readline())
        return subprocess.CompletedProcess(
            words, code, out.read_text(encoding="utf-8"), err.read_text(encoding="utf-8")
        )


@dataclass(frozen=True, slots=True)
class Kill:
    """SIGKILL at one step: `how` (before or after) at the call after `skip` others to a path that holds `where`."""

    how: str
    call: str
    where: str = ""
    skip: int = 0

    def as_fault(self) -> dict[str, Any]:
        """Return it as `faulty_liuhen` reads it."""
        return {"how": self.how, "calls": [self.call], "where": self.where, "skip": self.skip}


def before(call: str, where: str = "", skip: int = 0) -> Kill:
    """Return a kill right before the step."""
    return Kill("kill-before", call, where, skip)


def after(call: str, where: str = "", skip: int = 0) -> Kill:
    """Return a kill right after the step."""
    return Kill("kill-after", call, where, skip)


@dataclass(frozen=True, slots=True)
class Program:
    """The real `liuhen`, or single acts of it, on the instance in `home`; `order` takes down what changes files."""

    home: Path
    program: str = FAULTY
    order: Path | None = None

    def run(
        self, *words: str, kill: Kill | None = None, clock_s: float = 0, program: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, killed at `kill`; the server's clock is `clock_s` ahead."""
        above = next(folder for folder in self.home.parents if folder.exists())
        faults = above / f"{self.home.name}-faults.json"
        table = {"faults": [] if kill is None else [kill.as_fault()], "clock_s": clock_s}
        faults.write_text(json.dumps(table), encoding="utf-8")
        own = {"TEST_FAULTS": str(faults), "PYTHONPATH": f"{ROOT}/src:{ROOT}"}
        if self.order is not None:
            own["TEST_ORDER"] = str(self.order)
        return _begun(program or self.program, words, environment(self.home) | own)

    def dies(self, kill: Kill, *words: str, clock_s: float = 0) -> str:
        """Run a command, see to it that it was killed at `kill`, and return what it had printed by then."""
        done = self.run(*words, kill=kill, clock_s=clock_s)
        assert done.returncode == -signal.SIGKILL, f"{kill} was never reached: {done.returncode} {done.stderr}"
        return done.stdout

    def does(self, *words: str, clock_s: float = 0) -> str:
        """Run a command that succeeds and return what it printed."""
        done = self.run(*words, clock_s=clock_s)
        assert done.returncode == 0, f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read from the database."""
        with closing(driver().connect(f"file:{self.home / 'liuhen.sqlite3'}?mode=ro", uri=True)) as database:
            return list(database.execute(statement, parameters))

    def events(self, *types: str) -> int:
        """Return how many events of these types there are."""
        marks = ", ".join("?" * len(types))
        ((count,),) = self.rows(f"SELECT count(*) FROM ledger_event WHERE type IN ({marks})", *types)  # noqa: S608
        return int(count)

    def agrees(self) -> None:
        """Check that ledger, rows and vault agree."""
        checked = self.run("ledger", "fsck", "--deep", program=FAULTY)
        assert checked.returncode == 0, checked.stdout

    def names(self, folder: Path | str) -> Sequence[str]:
        """Return the paths of all files below a folder of the instance, in order."""
        root = self.home / folder
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())
