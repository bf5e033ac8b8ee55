"""All static gates, one line each; the output of a gate that fails is shown. Exit code 1 when any fails."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

GATES: dict[str, list[str]] = {
    "ruff check": [str(BIN / "ruff"), "check", "--no-cache", "."],
    "ruff format": [str(BIN / "ruff"), "format", "--no-cache", "--check", "."],
    "import contracts": [str(BIN / "lint-imports")],
    "size budget": [sys.executable, "tools/size_budget.py"],
    "templates": [str(BIN / "djlint"), "src/liuhen/server", "--lint", "--quiet"],
    "translations": [sys.executable, "tools/i18n.py", "check"],
    "messages": [sys.executable, "-m", "tools.messages", "--check"],
    "repository": [sys.executable, "tools/repository.py"],
    "shell scripts": ["bash", "-n", "tools/test-setup", "tools/find-python", "tools/lock.sh", ".ci/run"],
    "deploy check": [sys.executable, "-m", "liuhen.cli", "manage", "check", "--deploy", "--fail-level", "ERROR"],
    "migrations": [sys.executable, "-m", "liuhen.cli", "manage", "makemigrations", "--check", "--dry-run"],
    "mypy": [str(BIN / "mypy")],
}


def _run(name: str, environment: dict[str, str]) -> tuple[str, int, str, float]:
    began = time.monotonic()
    done = subprocess.run(
        GATES[name], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return name, done.returncode, done.stdout, time.monotonic() - began


def main() -> int:
    """Run the gates, two at a time, on an instance made for the purpose."""
    with tempfile.TemporaryDirectory(prefix="liuhen-check-") as home:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LIUHEN_")}
        environment |= {"LIUHEN_HOME": home, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-m", "liuhen.cli", "init"], cwd=ROOT, env=environment, check=True)
        with ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda name: _run(name, environment), GATES))
    failed = 0
    for name, code, output, seconds in results:
        print(f"{'ok' if code == 0 else 'FAILED':<8}{name:<20}{seconds:6.1f} s")
        if code != 0:
            failed += 1
            print(output)
    print(f"{len(results) - failed} gates passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
