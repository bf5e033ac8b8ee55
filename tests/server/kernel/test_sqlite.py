"""Django's database on a real file: durable, in the right journal mode, its writers one after another."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction
from django.db.utils import ConnectionHandler

from liuhen.server.kernel.sqlite import base
from tests.server.kernel.test_gate import held_elsewhere
from tests.support.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import DjangoDbBlocker

WRITER = """
import sys
from django.conf import settings
settings.configure(DATABASES={"default": {"ENGINE": "liuhen.server.kernel.sqlite", "NAME": sys.argv[1]}})
from django.db import connection, transaction
def write(text):
    with connection.cursor() as cursor:
        (present,) = cursor.execute("SELECT value FROM counter").fetchone()
        cursor.execute("UPDATE counter SET value = %s", [present + 1])
        cursor.execute("INSERT INTO note (text) VALUES (%s)", [text])
"""
CHECKED_AT_COMMIT = "REFERENCES note DEFERRABLE INITIALLY DEFERRED"
WRITE_FORTY = "for _ in range(40):\n    with transaction.atomic():\n        write('child')\n"
HANG_WHILE_WRITING = (
    "with transaction.atomic():\n    write('torn')\n    print('writing', flush=True)\n    sys.stdin.read()\n"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "liuhen.sqlite3"


@pytest.fixture
def side(path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[Any]:
    """The connection "side" to a database file of its own, with a counter at 0 and a table of notes."""
    with django_db_blocker.unblock():
        configured = ConnectionHandler(
            {"side": {"ENGINE": "liuhen.server.kernel.sqlite", "NAME": str(path)}, "default": {}}
        )
        connections.databases["side"] = configured.databases["side"]
        run("CREATE TABLE counter (value INTEGER)")
        run("INSERT INTO counter VALUES (0)")
        run(f"CREATE TABLE note (text TEXT, id INTEGER PRIMARY KEY, about INTEGER {CHECKED_AT_COMMIT})")
        yield connections["side"]
        connections["side"].close()
        del connections["side"]
        del connections.databases["side"]


def run(sql: str) -> Any:
    """Run `sql` on "side" and return the first column of the first row, if there is one."""
    with connections["side"].cursor() as cursor:
        row = cursor.execute(sql).fetchone()
        return row[0] if row else None


def count_up() -> None:
    """Read the counter and write it back greater by one, which loses counts unless writers take turns."""
    with transaction.atomic(using="side"):
        present = run("SELECT value FROM counter")
        with connections["side"].cursor() as cursor:
            cursor.execute("UPDATE counter SET value = %s", [present + 1])


def gate_is_held(path: Path) -> bool:
    return held_elsewhere(path.with_name(f"{path.name}.gate"))


def begin() -> None:
    connections["side"].set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)


def child(path: Path, script: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER + script, str(path)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.mark.usefixtures("side")
def test_a_commit_is_synced_to_the_disk_and_foreign_keys_hold() -> None:
    assert run("PRAGMA synchronous") == 2
    assert run("PRAGMA foreign_keys") == 1


def test_the_journal_mode_is_the_one_that_is_safe(side: Any) -> None:
    assert run("PRAGMA journal_mode") == side.journal_mode


def test_an_unsound_sqlite_goes_back_to_the_rollback_journal(side: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    side.close()
    monkeypatch.setattr(base, "wal_is_safe", lambda _version: False)
    assert run("PRAGMA journal_mode") == "delete"
    side.close()
    monkeypatch.setattr(base, "wal_is_safe", lambda _version: True)
    assert run("PRAGMA journal_mode") == "wal"


def test_an_unsound_sqlite_does_not_open_a_database_that_others_use_in_wal_mode(
    side: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "wal_is_safe", lambda _version: True)
    assert run("PRAGMA journal_mode") == "wal"
    monkeypatch.setattr(base, "wal_is_safe", lambda _version: False)
    side.settings_dict["OPTIONS"]["timeout"] = 0
    with pytest.raises(OperationalError, match="locked"):
        side.copy().ensure_connection()


@pytest.mark.usefixtures("side")
def test_eight_threads_that_write_see_no_locked_database_and_lose_no_update() -> None:
    def count_to_forty() -> None:
        for _ in range(40):
            count_up()

    raised = in_threads(8, count_to_forty)
    assert raised == []
    assert run("SELECT value FROM counter") == 320


@pytest.mark.usefixtures("side")
def test_four_processes_that_write_lose_no_update(path: Path) -> None:
    writers = [child(path, WRITE_FORTY) for _ in range(4)]
    for writer in writers:
        writer.communicate()
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    assert run("SELECT value FROM counter") == 160
    assert run("SELECT count(*) FROM note") == 160


@pytest.mark.usefixtures("side")
def test_of_a_writer_killed_inside_its_transaction_nothing_remains_and_the_next_goes_on(path: Path) -> None:
    with child(path, HANG_WHILE_WRITING) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        assert gate_is_held(path)
        writer.kill()
    count_up()
    assert run("SELECT value FROM counter") == 1
    assert run("SELECT count(*) FROM note") == 0


@pytest.mark.usefixtures("side")
def test_readers_do_not_wait_for_the_writer() -> None:
    with transaction.atomic(using="side"):
        run("UPDATE counter SET value = 7")
        seen: list[int] = []
        assert in_threads(1, lambda: seen.append(run("SELECT value FROM counter"))) == []
        assert seen == [0]


def test_the_gate_is_held_from_the_first_statement_to_the_end_of_the_transaction(side: Any, path: Path) -> None:
    with transaction.atomic(using="side"):
        assert gate_is_held(path)
        with transaction.atomic(using="side"):
            run("UPDATE counter SET value = 1")
        assert gate_is_held(path), "a savepoint's end is not the transaction's"
    assert not gate_is_held(path)
    with pytest.raises(OperationalError, match="syntax"), transaction.atomic(using="side"):
        run("UPDATE counter SET value = 2 + no SQL at all")
    assert not gate_is_held(path)
    assert run("SELECT value FROM counter") == 1
    assert side.get_autocommit()


@pytest.mark.usefixtures("side")
def test_a_commit_that_fails_keeps_the_gate_until_it_is_rolled_back(path: Path) -> None:
    begin()
    run("INSERT INTO note (about) VALUES (404)")
    with pytest.raises(IntegrityError):
        connections["side"].commit()
    assert gate_is_held(path), "SQLite's transaction is still open"
    connections["side"].rollback()
    assert not gate_is_held(path)
    connections["side"].set_autocommit(True)
    count_up()


@pytest.mark.usefixtures("side")
def test_a_service_whose_commit_fails_leaves_the_gate_open() -> None:
    with pytest.raises(IntegrityError), transaction.atomic(using="side"):
        run("INSERT INTO note (about) VALUES (404)")
    assert in_threads(1, count_up) == []


def test_a_transaction_that_cannot_begin_leaves_the_gate_open(side: Any, path: Path) -> None:
    stranger = side.Database.connect(path, isolation_level=None)
    stranger.execute("BEGIN IMMEDIATE")
    side.close()
    side.settings_dict["OPTIONS"]["timeout"] = 0
    with pytest.raises(OperationalError, match="locked"):
        count_up()
    assert not gate_is_held(path)
    stranger.close()
    count_up()


@pytest.mark.usefixtures("side")
def test_closing_the_connection_ends_its_transaction_and_lets_go(path: Path) -> None:
    with transaction.atomic(using="side"):
        run("UPDATE counter SET value = 9")
        connections["side"].close()
        assert not gate_is_held(path)
    assert run("SELECT value FROM counter") == 0


def test_a_database_in_memory_stays_open_with_its_transaction(django_db_blocker: DjangoDbBlocker) -> None:
    with django_db_blocker.unblock():
        handler = ConnectionHandler({"default": {"ENGINE": "liuhen.server.kernel.sqlite", "NAME": ":memory:"}})
        memory: Any = handler["default"]
        memory.ensure_connection()
        memory.set_autocommit(False, force_begin_transaction_with_broken_autocommit=True)
        memory.close()
        assert memory._gate._held
        memory.rollback()
        assert not memory._gate._held
        memory.connection.close()
