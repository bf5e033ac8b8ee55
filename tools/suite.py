"""The whole test suite: pytest with branch coverage on two processes, the coverage floors, a station's install."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLOORS = (("src/liuhen/core/*", 100), ("src/liuhen/*", 95))


def _call(*command: str, environment: dict[str, str] | None = None) -> int:
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def _station_install() -> int:
    """Install what a station needs, and nothing else, into an empty environment and run the collector's tests there."""
    with tempfile.TemporaryDirectory(prefix="liuhen-station-") as folder:
        python = str(Path(folder) / "bin" / "python")
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        steps = (
            [sys.executable, "-m", "venv", folder],
            [*pip, "--require-hashes", "-r", "requirements/collector.lock"],
            [*pip, "--no-deps", "--no-build-isolation", "."],
            [python, "tools/station_smoke.py"],
        )
        return next((code for step in steps if (code := _call(*step))), 0)


def _measured(*arguments: str) -> int:
    """Run pytest under coverage, in a folder of temporary files of its own, and combine what all processes measured.

    Coverage starts in every Python process of this environment, the two workers of the run included; pytest-cov would
    combine while servers that the tests have ended are still writing theirs.
    """
    environment = {**os.environ, "COVERAGE_FILE": str(ROOT / ".coverage")}
    for stale in ROOT.glob(".coverage*"):
        stale.unlink()
    with tempfile.TemporaryDirectory(prefix="liuhen-suite-", ignore_cleanup_errors=True) as folder:
        pytest = [sys.executable, "-m", "coverage", "run", "-m", "pytest", "-n", "2", "--dist", "loadgroup"]
        code = _call(*pytest, f"--basetemp={Path(folder, 'run')}", *arguments, environment=environment)
    # A process that a test killed may have left a file that cannot be read; it is passed over, and said.
    return code or _call(sys.executable, "-m", "coverage", "combine", "--quiet", environment=environment)


def main() -> int:
    """Run everything; the exit code is the first failure's."""
    code = _measured(*sys.argv[1:])
    for pattern, floor in FLOORS:
        report = [sys.executable, "-m", "coverage", "report", "--skip-covered", "--show-missing"]
        code = code or _call(*report, f"--include={pattern}", f"--fail-under={floor}")
    return code or _station_install()


if __name__ == "__main__":
    sys.exit(main())
