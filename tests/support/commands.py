"""The real `liuhen` in a process of its own, on an instance of the test's."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["LIUHEN", "environment", "liuhen"]

LIUHEN = (sys.executable, "-m", "liuhen.cli")


def environment(home: Path, **settings: str) -> dict[str, str]:
    """Return the environment for the instance in `home`: English, and each setting as its `LIUHEN_` variable."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LIUHEN_", "LC_", "LANG"))}
    own = {f"LIUHEN_{name.upper()}": value for name, value in settings.items()}
    return kept | own | {"LIUHEN_HOME": str(home), "LANG": "en_US.UTF-8"}


def liuhen(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a `liuhen` command to its end."""
    return subprocess.run(
        [*LIUHEN, *words],
        env=environment(home, **settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
