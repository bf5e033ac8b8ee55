"""`make run` in a fresh checkout: it says what it is doing, and what to do where it cannot go on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = ("Makefile", "pyproject.toml", "setup.py", "requirements", "tools")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What `make run` reads before it has packages, in a folder with a space and Chinese characters in its name."""
    made = tmp_path / "留痕 of somebody"
    made.mkdir()
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, made / name)
        else:
            shutil.copy(ROOT / name, made / name)
    for language in ("zh_Hans", "en"):
        catalogue = Path("src/liuhen/server/web/locale") / language / "LC_MESSAGES" / "django.po"
        (made / catalogue).parent.mkdir(parents=True)
        shutil.copy(ROOT / catalogue, made / catalogue)
    return made


def make_run(checkout: Path, python: str) -> subprocess.CompletedProcess[str]:
    """Run it with a package index where nobody answers."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "LIUHEN_", "MAKE"))}
    index = {"PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0"}
    return subprocess.run(
        ["make", "run", f"PYTHON={python}"],
        cwd=checkout,
        env=kept | index,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_an_index_it_says_what_it_was_at_and_what_to_do(checkout: Path) -> None:
    done = make_run(checkout, sys.executable)

    assert done.returncode == 2
    steps = ["making a Python environment", "Installing packages", "The Python packages could not be installed"]
    places = [done.stderr.index(step) for step in steps]
    assert places == sorted(places)
    assert "未能安装 Python 软件包" in done.stderr
    assert "make wheels" in done.stderr
    assert "Traceback" not in done.stderr


def test_with_a_python_that_is_not_there_it_names_it_and_leaves_nothing_behind(checkout: Path) -> None:
    done = make_run(checkout, "/nowhere/python3")

    assert done.returncode == 2
    assert "/nowhere/python3 made no environment" in done.stderr
    assert "须为 Python 3.12 或更新版本" in done.stderr
    assert not (checkout / ".venv").exists()
