"""Which SQLite is taken, both ways: in processes of their own, since a process can choose but once."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from liuhen.server.kernel.sqlite.version import driver, driver_in_place, wal_is_safe

if TYPE_CHECKING:
    from pathlib import Path

# The standard SQLite shows itself as the version given first; the bundled one is as the second says.
CHOOSE = """
import sqlite3, sys
version, bundled = tuple(map(int, sys.argv[1].split("."))), sys.argv[2]
sqlite3.sqlite_version_info = sqlite3.dbapi2.sqlite_version_info = version
if bundled == "absent":
    sys.modules["pysqlite3"] = None
from liuhen.server.kernel.sqlite.version import driver
print(driver().__name__)
"""
OPEN = """
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "liuhen.server.kernel.sqlite", "NAME": sys.argv[3]}})
from django.db import connection
with connection.cursor() as cursor:
    print(cursor.execute("PRAGMA journal_mode").fetchone()[0])
"""
STAND_IN = """
from sqlite3 import *
from sqlite3 import dbapi2
"""


def chosen(*arguments: str, script: str = CHOOSE, path: Path | None = None) -> str:
    """Return what the script prints."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["PYTHONPATH"] = os.pathsep.join([*([str(path)] if path else []), *filter(None, sys.path)])
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


@pytest.fixture
def with_bundled(tmp_path: Path) -> Path:
    """A folder in which a bundled SQLite is found, also on machines for which there is none."""
    package = tmp_path / "pysqlite3"
    package.mkdir()
    (package / "__init__.py").write_text(STAND_IN, encoding="ascii")
    (package / "dbapi2.py").write_text("from sqlite3.dbapi2 import *\n", encoding="ascii")
    return tmp_path


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 6, 23), True),
        ((3, 7, 0), False),
        ((3, 40, 1), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 53, 4), True),
        ((4, 0, 0), True),
    ],
)
def test_wal_is_safe_outside_the_versions_with_the_reset_race(version: tuple[int, int, int], *, safe: bool) -> None:
    assert wal_is_safe(version) is safe


def test_a_sound_standard_sqlite_is_taken_although_there_is_a_bundled_one(with_bundled: Path) -> None:
    assert chosen("3.51.3", "present", path=with_bundled) == "sqlite3"


def test_an_affected_standard_sqlite_gives_way_to_the_bundled_one(with_bundled: Path) -> None:
    assert chosen("3.40.1", "present", path=with_bundled) == "pysqlite3"


def test_an_affected_standard_sqlite_is_taken_where_there_is_no_other() -> None:
    assert chosen("3.40.1", "absent") == "sqlite3"


def test_an_affected_sqlite_is_used_with_the_rollback_journal(tmp_path: Path) -> None:
    printed = chosen("3.40.1", "absent", str(tmp_path / "a.sqlite3"), script=CHOOSE + OPEN)
    assert printed.split() == ["sqlite3", "delete"]


def test_a_sound_sqlite_is_used_with_the_write_ahead_log(tmp_path: Path) -> None:
    printed = chosen("3.51.3", "absent", str(tmp_path / "a.sqlite3"), script=CHOOSE + OPEN)
    assert printed.split() == ["sqlite3", "wal"]


def test_the_name_sqlite3_means_the_chosen_driver_within_the_block_only() -> None:
    before = sys.modules["sqlite3"], sys.modules["sqlite3.dbapi2"]
    with driver_in_place() as taken:
        assert taken is driver()
        assert sys.modules["sqlite3"] is taken
        assert sys.modules["sqlite3.dbapi2"] is taken.dbapi2
    assert (sys.modules["sqlite3"], sys.modules["sqlite3.dbapi2"]) == before


def test_a_backend_that_is_bound_to_another_sqlite_already_is_refused(with_bundled: Path) -> None:
    """Two SQLites in one process would undo each other's file locks."""
    (with_bundled / "pysqlite3" / "__init__.py").write_text(STAND_IN + "sqlite_version = '3.99.0'\n", encoding="ascii")
    script = (
        CHOOSE
        + """
import django.db.backends.sqlite3.base
try:
    import liuhen.server.kernel.sqlite.base
except RuntimeError as error:
    print(error)
"""
    )
    assert "was imported before" in chosen("3.40.1", "present", script=script, path=with_bundled)
