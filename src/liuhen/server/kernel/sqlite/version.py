"""Which SQLite is in use, and whether its write-ahead log may be trusted.

SQLite 3.7.0 to 3.51.2 can corrupt a database in WAL mode (the WAL-reset race, fixed in 3.51.3). A bundled newer
SQLite is taken where its wheel exists; elsewhere an affected version is used with the rollback journal.
"""

from __future__ import annotations

import importlib
import importlib.util
import sqlite3
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

__all__ = ["driver", "driver_in_place", "wal_is_safe"]

_FIRST_AFFECTED: Final = (3, 7, 0)
_FIRST_FIXED: Final = (3, 51, 3)


def wal_is_safe(version: tuple[int, int, int]) -> bool:
    """Tell whether WAL mode of this SQLite version is free of the WAL-reset race."""
    return not _FIRST_AFFECTED <= version < _FIRST_FIXED


def driver() -> ModuleType:
    """Return the DB-API module to use: the bundled one where the standard SQLite is affected and there is one."""
    if wal_is_safe(sqlite3.sqlite_version_info) or importlib.util.find_spec("pysqlite3") is None:
        return sqlite3
    return importlib.import_module("pysqlite3")


@contextmanager
def driver_in_place() -> Iterator[ModuleType]:
    """Let `import sqlite3` mean the chosen driver within the block; Django's backend is imported inside it."""
    chosen = driver()
    standard = {name: sys.modules[name] for name in ("sqlite3", "sqlite3.dbapi2")}
    sys.modules["sqlite3"] = chosen
    sys.modules["sqlite3.dbapi2"] = importlib.import_module(f"{chosen.__name__}.dbapi2")
    try:
        yield chosen
    finally:
        sys.modules.update(standard)
