"""The whole test suite: pytest with branch coverage on two processes, the coverage floors, a station's install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from tools.i18n import LANGUAGES, LOCALE

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).resolve().parent.parent
FLOORS = (("src/liuhen/core/*", 100), ("src/liuhen/*", 95))


def _call(*command: str, environment: dict[str, str] | None = None) -> int:
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def _pip(python: str) -> list[str]:
    """Return how `python` installs: from ./wheels alone where that folder is, as the Makefile does."""
    offline = ["--no-index", "--find-links", "wheels"] if (ROOT / "wheels").is_dir() else []
    return [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "install", *offline]


def _build_wheel(python: str, folder: Path) -> int:
    """Build the wheel into `folder` from a copy without anything compiled, as in a fresh clone."""
    copy = folder / "clone"
    for name in ("src", "tools"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("*.mo", "*.egg-info", "__pycache__"))
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "NOTICE"):
        shutil.copy(ROOT / name, copy / name)
    build = [python, "-m", "pip", "--disable-pip-version-check", "--quiet", "wheel", "--no-index", "--no-deps"]
    return _call(*build, "--no-build-isolation", "--wheel-dir", str(folder), str(copy))


def _wheel_speaks_chinese(wheel: Path) -> int:
    """Return 1, saying so, unless the wheel holds the compiled catalogues."""
    held = set(zipfile.ZipFile(wheel).namelist())
    needed = {f"{LOCALE.relative_to(ROOT / 'src')}/{language}/LC_MESSAGES/django.mo" for language in LANGUAGES}
    missing = sorted(needed - held)
    if missing:
        print(f"{wheel.name} lacks {', '.join(missing)}: an installed system would be English only; see setup.py")
    return 1 if missing else 0


def _station_install() -> int:
    """Install what a station needs, and nothing else, into an empty environment and run the collector's tests there."""
    with tempfile.TemporaryDirectory(prefix="liuhen-station-") as name:
        folder = Path(name)
        python = str(folder / "station" / "bin" / "python")
        install = _pip(python)
        steps: tuple[Callable[[], int], ...] = (
            lambda: _call(sys.executable, "-m", "venv", str(folder / "station")),
            lambda: _call(*install, "--require-hashes", "-r", "requirements/collector.lock"),
            lambda: _build_wheel(python, folder),
            lambda: _wheel_speaks_chinese(next(folder.glob("liuhen-*.whl"))),
            lambda: _call(*install, "--no-deps", *map(str, folder.glob("liuhen-*.whl"))),
            lambda: _call(python, "tools/station_smoke.py"),
        )
        return next((code for step in steps if (code := step())), 0)


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
