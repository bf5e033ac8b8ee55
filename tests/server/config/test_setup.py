"""Making an instance, with the real command; a run cut short at any step is completed by the next."""

from __future__ import annotations

import resource
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.commands import LIUHEN, beside, environment, liuhen

if TYPE_CHECKING:
    from pathlib import Path


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance that `liuhen init` made."""
    home = tmp_path_factory.mktemp("made") / "below" / "home"
    done = liuhen(home, "init")
    assert done.returncode == 0, done.stderr
    assert "made" in done.stderr
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of that instance, to be damaged."""
    return shutil.copytree(made, tmp_path / "home")


def test_init_makes_an_instance_that_is_its_owners_alone(made: Path) -> None:
    assert mode(made) == 0o700
    assert mode(made / "secrets") == 0o700
    assert {mode(path) for path in (made / "secrets").iterdir()} == {0o600}
    assert {"django.key", "ledger.key"} <= {path.name for path in (made / "secrets").iterdir()}
    assert (made / "ledger" / "checkpoint").exists()


def test_a_fresh_instance_passes_every_check_but_that_of_the_example_domain(made: Path) -> None:
    done = liuhen(made, "manage", "check", "--deploy", "--fail-level", "ERROR")
    assert done.returncode == 0, done.stderr
    assert "liuhen.E" not in done.stderr


def test_init_once_more_changes_nothing(home: Path) -> None:
    before = {path: path.read_bytes() for path in (home / "secrets").iterdir()}
    done = liuhen(home, "init")
    assert (done.returncode, "unchanged" in done.stderr) == (0, True)
    assert {path: path.read_bytes() for path in (home / "secrets").iterdir()} == before


def test_an_init_that_was_cut_off_before_its_end_is_completed_on_the_same_ledger(home: Path) -> None:
    key = (home / "secrets" / "ledger.key").read_bytes()
    (home / "secrets" / "django.key").unlink()
    (home / "secrets" / ".django.key.part").write_text("half", encoding="ascii")
    assert liuhen(home, "person", "list").returncode == 11, "it is not open before that"
    done = liuhen(home, "init")
    assert done.returncode == 0, done.stderr
    assert (home / "secrets" / "ledger.key").read_bytes() == key
    assert {path.name for path in (home / "secrets").iterdir()} == {"django.key", "ledger.key"}
    assert liuhen(home, "person", "list").returncode == 0


def test_of_two_that_init_at_once_one_makes_the_instance_and_the_other_finds_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    two = [
        subprocess.Popen([*LIUHEN, "init"], env=environment(home), stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate()[1] for process in two]
    assert [process.returncode for process in two] == [0, 0], said
    assert sorted("unchanged" in words for words in said) == [False, True]


def test_a_folder_that_cannot_be_made_is_named_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = liuhen(tmp_path / "file" / "home", "init")
    assert done.returncode == 11
    assert "[instance-folder]" in done.stderr
    assert str(tmp_path / "file" / "home") in done.stderr
    assert "Not a directory" in done.stderr


def test_a_database_that_does_not_grow_is_told_with_what_to_do(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    with beside([*LIUHEN, "init"], environment(tmp_path / "home"), limit=limit) as process:
        # One line; a tool that measures the process may complain of the same limit behind it.
        said = process.communicate()[1].splitlines()[0]
    assert process.returncode == 11
    assert "the database did not take the change" in said
    assert "free space" in said
    assert liuhen(tmp_path / "home", "init").returncode == 0, "with room it is completed"


def test_a_ledger_that_cannot_be_written_is_told_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "ledger").touch()
    done = liuhen(tmp_path, "init")
    assert done.returncode == 11, done.stderr
    assert "[instance-folder]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", ["person list", "manage migrate", "serve", "worker"])
def test_a_command_on_a_folder_without_an_instance_says_how_to_make_one(tmp_path: Path, words: str) -> None:
    done = liuhen(tmp_path / "empty", *words.split())
    assert done.returncode == 11
    assert "[instance-missing]" in done.stderr
    assert "liuhen init" in done.stderr
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize("command", ["init", "serve", "worker", "person", "manage"])
def test_a_wrong_setting_stops_every_command_before_anything_is_done(tmp_path: Path, command: str) -> None:
    home = tmp_path / "home"
    words = {"person": ["list"], "manage": ["check"]}.get(command, [])
    done = liuhen(home, command, *words, port="no")
    assert done.returncode == 11
    assert "[settings-invalid]" in done.stderr
    assert not home.exists()


WRITE_AN_EVENT_OF_TOMORROW = """
from datetime import timedelta
from liuhen.server.config.setup import open_instance
open_instance()
from liuhen.server.accounts.services import create_unit
from liuhen.server.kernel import clock
from liuhen.server.kernel.actor import SYSTEM
create_unit(code="t", name="t", parent=None, actor=SYSTEM, at=clock.now() + timedelta(days=1))
"""


def test_a_clock_set_back_is_noticed_before_anything_is_written(home: Path) -> None:
    """The newest entry is of tomorrow: as the machine would see it whose clock was set back by a day."""
    subprocess.run([sys.executable, "-c", WRITE_AN_EVENT_OF_TOMORROW], env=environment(home), check=True)
    done = liuhen(home, "person", "unit", "u", "执法大队")
    assert done.returncode == 1
    assert "[clock-set-back]" in done.stderr
    assert liuhen(home, "person", "unit", "u", "执法大队").returncode == 1, "nor the second time"
