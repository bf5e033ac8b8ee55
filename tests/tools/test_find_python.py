"""`make` begins by finding a Python; where it finds none, it says which of two things is missing."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIND = ROOT / "tools" / "find-python"
LATER_THAN_ALL = "99.0.0"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home folder with a space in its name, and on the path beside the shell's own tools nothing."""
    made = tmp_path / "home of somebody"
    (made / "bin").mkdir(parents=True)
    for tool in ("bash", "env", "sort"):
        (made / "bin" / tool).symlink_to(shutil.which(tool) or tool)
    return made


def find(home: Path, script: Path = FIND) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(home / "bin"), "HOME": str(home)}
    return subprocess.run([str(script)], env=environment, capture_output=True, text=True, check=True)


def lone(home: Path) -> Path:
    """Return the script as it would run on a machine without any Python in the places of the whole system."""
    script = home / "find-python"
    text = FIND.read_text(encoding="utf-8")
    for place in ("/opt/python", "/usr/local/bin/python"):
        assert place in text
        text = text.replace(f" {place}", f" {home}/nowhere")
    script.write_text(text, encoding="utf-8")
    script.chmod(0o755)
    return script


def put(path: Path, body: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{shutil.which('bash')}\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def without_venv(path: Path) -> None:
    """Put a real Python there that lacks `ensurepip`, as Debian's does without python3-venv."""
    hidden = "import sys; sys.modules['ensurepip'] = None; exec(sys.argv[1])"
    put(path, f'shift; exec "{sys.executable}" -c "{hidden}" "$@"')


def test_a_python_that_pyenv_holds_is_found_in_a_home_with_a_space(home: Path) -> None:
    hidden = home / ".pyenv" / "versions" / LATER_THAN_ALL / "bin" / "python3"
    put(hidden, f'exec "{sys.executable}" "$@"')

    done = find(home, lone(home))

    assert Path(done.stdout.strip()).samefile(sys.executable)
    assert done.stderr == ""


def test_without_any_python_both_languages_say_what_to_install(home: Path) -> None:
    done = find(home, lone(home))

    assert done.stdout == ""
    assert "No Python 3.12 or newer found" in done.stderr
    assert "未找到 Python 3.12" in done.stderr


def test_a_python_without_its_venv_module_is_told_apart_and_named(home: Path) -> None:
    without_venv(home / "bin" / "python3")

    done = find(home, lone(home))

    assert done.stdout == ""
    assert f"{home}/bin/python3 is new enough, but its venv module is missing" in done.stderr
    assert "apt install python3-venv" in done.stderr
    assert "缺少 venv 模块" in done.stderr
    assert "No Python" not in done.stderr


def test_a_python_without_its_venv_module_does_not_hide_one_that_fits(home: Path) -> None:
    without_venv(home / "bin" / "python3")
    put(home / ".pyenv" / "versions" / "3.12.1" / "bin" / "python3", f'exec "{sys.executable}" "$@"')

    done = find(home, lone(home))

    assert Path(done.stdout.strip()).samefile(sys.executable)
    assert done.stderr == ""


def test_an_old_python_is_no_python(home: Path) -> None:
    put(home / "bin" / "python3", "exit 1")

    done = find(home, lone(home))

    assert done.stdout == ""
    assert "No Python 3.12 or newer found" in done.stderr
