"""The database wrapper that Django loads for ENGINE `liuhen.server.kernel.sqlite`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from liuhen.server.kernel.sqlite.gate import WriteGate
from liuhen.server.kernel.sqlite.version import driver, driver_in_place, wal_is_safe

_loaded = sys.modules.get("django.db.backends.sqlite3.base")
if _loaded is not None and _loaded.Database.sqlite_version != driver().sqlite_version:
    raise RuntimeError("django.db.backends.sqlite3 was imported before liuhen.server.kernel.sqlite chose the SQLite")
with driver_in_place():
    from django.db.backends.sqlite3 import base

__all__ = ["DatabaseWrapper"]


class DatabaseWrapper(base.DatabaseWrapper):
    """SQLite with durable commits, WAL where that is safe, and every transaction behind the write gate."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gate: WriteGate | None = None

    @property
    def journal_mode(self) -> str:
        """Return `wal` where this SQLite's WAL is sound, else `delete`, the rollback journal."""
        return "wal" if wal_is_safe(base.Database.sqlite_version_info) else "delete"

    def get_new_connection(self, conn_params: Any) -> Any:
        """Open a connection with full durability."""
        connection = super().get_new_connection(conn_params)
        connection.execute(f"PRAGMA journal_mode={self.journal_mode}")
        connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _start_transaction_under_autocommit(self) -> None:
        gate = self._write_gate()
        gate.acquire()
        try:
            self.cursor().execute("BEGIN IMMEDIATE")
        except BaseException:
            gate.release()
            raise

    def _commit(self) -> None:
        super()._commit()
        self._write_gate().release()

    def _rollback(self) -> None:
        try:
            super()._rollback()
        finally:
            self._write_gate().release()

    def _close(self) -> None:
        try:
            super()._close()
        finally:
            if self._gate is not None:
                self._gate.close()
                self._gate = None

    def _write_gate(self) -> WriteGate:
        if self._gate is None:
            name = str(self.settings_dict["NAME"])
            in_memory = self.is_in_memory_db()
            self._gate = WriteGate(None if in_memory else Path(f"{name}.gate"))
        return self._gate
