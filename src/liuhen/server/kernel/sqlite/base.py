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
    from django.db.backends.sqlite3 import base, features

__all__ = ["DatabaseWrapper"]


class _Features(features.DatabaseFeatures):
    """SQLite's features; the bundled driver cannot be asked for its limits."""

    max_query_params = 32_766  # SQLite's own default since 3.32; both drivers are built with at least that


class DatabaseWrapper(base.DatabaseWrapper):
    """SQLite with durable commits, WAL where that is safe, and every transaction behind the write gate."""

    features_class = _Features

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gate: WriteGate | None = None

    @property
    def journal_mode(self) -> str:
        """Return `wal` where this SQLite's WAL is sound, else `delete`, the rollback journal."""
        return "wal" if wal_is_safe(self.Database.sqlite_version_info) else "delete"

    def get_new_connection(self, conn_params: Any) -> Any:
        """Open a connection with full durability.

        Where a change of journal mode is called for and others have the database open, SQLite refuses it, and so
        does this: an unsound SQLite never works on a database in WAL mode.
        """
        connection = super().get_new_connection(conn_params)
        try:
            connection.execute(f"PRAGMA journal_mode={self.journal_mode}")
            connection.execute("PRAGMA synchronous=FULL")
        except BaseException:
            connection.close()
            raise
        return connection

    def commit(self) -> None:
        """Commit, and let the next writer in."""
        try:
            super().commit()
        finally:
            self._leave_gate()

    def rollback(self) -> None:
        """Roll back, and let the next writer in."""
        try:
            super().rollback()
        finally:
            self._leave_gate()

    def close(self) -> None:
        """Close the connection and with it whatever transaction it is in."""
        try:
            super().close()
        finally:
            if self._gate is not None and (self.connection is None or self.closed_in_transaction):
                self._gate.close()
                self._gate = None

    def _start_transaction_under_autocommit(self) -> None:
        gate = self._write_gate()
        gate.acquire()
        try:
            self.cursor().execute("BEGIN IMMEDIATE")
        except BaseException:
            gate.release()
            raise

    def _leave_gate(self) -> None:
        # A COMMIT that failed or was interrupted may have left the transaction open: the gate stays shut as long as it.
        if self._gate is not None and not (self.connection is not None and self.connection.in_transaction):
            self._gate.release()

    def _write_gate(self) -> WriteGate:
        if self._gate is None:
            name = str(self.settings_dict["NAME"])
            in_memory = self.is_in_memory_db()
            self._gate = WriteGate(None if in_memory else Path(f"{name}.gate"))
        return self._gate
