"""Killing the real program at a named step: what the tests of docs/durability.md have in common."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from liuhen.server.kernel.sqlite.version import driver
from tests.support.commands import ROOT, environment

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["ACTS", "FAULTY", "Kill", "Program", "after", "before"]

ACTS = (sys.executable, "-m", "tests.durability.acts")
FAULTY = (sys.executable, "-m", "tests.support.faulty_liuhen")


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
    program: tuple[str, ...] = FAULTY
    order: Path | None = None

    def run(
        self, *words: str, kill: Kill | None = None, clock_s: float = 0, program: tuple[str, ...] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, killed at `kill`; the server's clock is `clock_s` ahead."""
        above = next(folder for folder in self.home.parents if folder.exists())
        faults = above / f"{self.home.name}-faults.json"
        table = {"faults": [] if kill is None else [kill.as_fault()], "clock_s": clock_s}
        faults.write_text(json.dumps(table), encoding="utf-8")
        own = {"TEST_FAULTS": str(faults), "PYTHONPATH": f"{ROOT}/src:{ROOT}"}
        if self.order is not None:
            own["TEST_ORDER"] = str(self.order)
        return subprocess.run(
            [*(program or self.program), *words],
            cwd=ROOT,
            env=environment(self.home) | own,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

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
