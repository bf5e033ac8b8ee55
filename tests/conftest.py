"""Set-up that every test shares: an instance folder of its own, made before Django reads its settings.

pytest-django reads settings named in an ini file or in the environment before any conftest. They are named here
instead, and taken out of the environment again, so that each process of a run has its own folder and database.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import connections, transaction
from hypothesis import settings as properties

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.support.cast import Cast

_home = Path(tempfile.mkdtemp(prefix="liuhen-test-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith("LIUHEN_")]:
    del os.environ[_name]
os.environ["LIUHEN_HOME"] = str(_home)
(_home / "secrets").mkdir(mode=0o700)
(_home / "secrets" / "django.key").write_text("a key for tests only, " + "0" * 40, encoding="ascii")
(_home / "secrets" / "django.key").chmod(0o600)

if not settings.configured:
    os.environ["DJANGO_SETTINGS_MODULE"] = "liuhen.server.config.settings"
# Argon2 takes 50 ms for each of the cast's passwords; a test of its own looks at the hashers that are set.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
os.environ.pop("DJANGO_SETTINGS_MODULE", None)


# How long an example takes is the machine's business; speed is shown by the benchmarks.
properties.register_profile("liuhen", deadline=None)
properties.load_profile("liuhen")

# A shell that runs the suite in the background has it ignore Ctrl-C, and every process that a test starts after it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def removable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take the immutable flag off the originals that were sealed in temporary folders, so that those can be removed."""
    yield
    from tests.support.thawing import make_removable

    make_removable(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """Use a database file, as an instance does: one in memory has other locks and no write-ahead log."""
    connections["default"].settings_dict["TEST"]["NAME"] = str(_home / "test.sqlite3")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Let the flush that ends a test with real transactions past the triggers of append-only tables.

    It also empties the words of the text index, which are no model's table.
    """
    del django_db_setup
    operations = connections["default"].ops
    flush = operations.execute_sql_flush

    def flush_all(statements: Iterable[str]) -> None:
        with transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'")
            guards = cursor.fetchall()
            for name, _ in guards:
                cursor.execute(f'DROP TRIGGER "{name}"')
            flush(statements)
            cursor.execute("DELETE FROM recordings_words")
            for _, sql in guards:
                cursor.execute(sql)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(operations, "execute_sql_flush", flush_all)
        yield


@pytest.fixture
def cast(db: None) -> Cast:
    """The same people in every test: one for each role, one without any, one of another unit."""
    del db
    from tests.support.cast import make_cast

    return make_cast()
