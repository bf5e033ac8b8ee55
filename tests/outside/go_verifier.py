"""The outside verifier: tests/outside/gotlog, built with Debian's Go and its golang.org/x/mod."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = ["GoVerifier", "Verdict", "build_gotlog"]

_SOURCE: Final = Path(__file__).parent / "gotlog"
_GOPATH: Final = "/usr/share/gocode"
_ACCEPTED, _REFUSED = 0, 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier said: whether it accepts, and its one line why."""

    accepted: bool
    line: str


@dataclass(frozen=True, slots=True)
class GoVerifier:
    """The built program."""

    program: Path

    def export(self, folder: Path, key_file: Path, *, old: Path | None = None, every: int = 1) -> Verdict:
        """Check an exported ledger; `old` is an older checkpoint, each `every`-th inclusion is proven."""
        against = [] if old is None else ["-old", str(old)]
        return self._run(*against, "-every", str(every), str(folder), str(key_file))

    def receipt(self, file: Path, key_file: Path) -> Verdict:
        """Check the proof in a receipt."""
        return self._run("-receipt", str(file), str(key_file))

    def _run(self, *arguments: str) -> Verdict:
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode in {_ACCEPTED, _REFUSED}, done.stderr
        return Verdict(done.returncode == _ACCEPTED, done.stdout.strip())


def build_gotlog(folder: Path) -> GoVerifier:
    """Build the verifier into `folder`."""
    go = shutil.which("go")
    assert go, "Go is missing: install golang-go and golang-golang-x-mod-dev"
    environment = os.environ | {
        "GO111MODULE": "off",
        "GOPATH": _GOPATH,
        "GOCACHE": str(folder / "cache"),
        "GOFLAGS": "",
        "CGO_ENABLED": "0",
    }
    program = folder / "gotlog"
    done = subprocess.run(
        [go, "build", "-o", program, "."],
        cwd=_SOURCE,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"golang-golang-x-mod-dev may be missing: {done.stderr}"
    return GoVerifier(program)
