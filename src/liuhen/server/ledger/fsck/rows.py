"""The database's rows against the entries of the tree."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from django.db import connection

from liuhen.core.digests import hmac_sha256
from liuhen.core.entry import Entry, EntryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liuhen.server.ledger.fsck.report import Discrepancies

__all__ = ["PlacedRows", "Row", "as_bytes", "check_columns", "parse_row", "row_of_event", "rows_beyond"]

_PLACED: Final = 'WHERE "index" < %s ORDER BY "index"'
_BEYOND: Final = 'WHERE "index" IS NULL OR "index" >= %s ORDER BY seq'
_ONE: Final = "WHERE id = %s"
_CHUNK: Final = 512


class Row(NamedTuple):
    """One row of the events table as the database driver gives it; whoever edits it need not keep to its types."""

    place: int | None
    id: Any
    type: str
    time: Any
    subject: str
    n: int
    actor: str
    leaf: bytes
    leaf_hash: bytes
    salt: bytes | None
    private: bytes | None

    @property
    def name(self) -> str:
        """How the event is named in a report."""
        try:
            return f"event {uuid.UUID(str(self.id))}"
        except ValueError:
            return f"event {self.id}"


class PlacedRows:
    """The rows by their places; one whose place no entry has, or another row has too, is named and passed over."""

    def __init__(self, size: int, found: Discrepancies) -> None:
        self._rows = _rows(_PLACED, size)
        self._ahead = next(self._rows, None)
        self._found = found

    def at(self, index: int) -> Row | None:
        """Return the row with place `index`; to be asked in ascending order, at the end for the tree's size."""
        while self._ahead is not None and (self._ahead.place or 0) < index:
            place = self._ahead.place
            zh, en = f"序号 {place} 不是它独有的账本序号", f"its place {place} is none that it alone can have"
            self._found.altered(self._ahead.name, zh, en)
            self._ahead = next(self._rows, None)
        if self._ahead is None or self._ahead.place != index:
            return None
        row, self._ahead = self._ahead, next(self._rows, None)
        return row


def rows_beyond(size: int) -> Iterator[Row]:
    """Yield the rows without a place and those whose place is `size` or more, in the order written."""
    return _rows(_BEYOND, size)


def row_of_event(event_id: uuid.UUID) -> Row | None:
    """Return the row with this id."""
    return next(_rows(_ONE, event_id if connection.features.has_native_uuid_field else event_id.hex), None)


def check_columns(row: Row, entry: Entry, leaf: bytes, found: Discrepancies) -> None:
    """Name what in `row` is not as `entry` has it; the row's leaf bytes are the entry's, their hash is `leaf`."""
    expected = (
        entry.id if isinstance(row.id, uuid.UUID) else entry.id.hex,
        entry.type.value,
        entry.time if isinstance(row.time, datetime) else str(entry.time.replace(tzinfo=None)),
        entry.subject,
        entry.n,
        entry.actor,
        leaf,
    )
    stored = (row.id, row.type, row.time, row.subject, row.n, row.actor, row.leaf_hash)
    if stored != expected:
        names = ("id", "type", "time", "subject", "n", "actor", "leaf_hash")
        wrong = ", ".join(name for name, one, other in zip(names, stored, expected, strict=True) if one != other)
        zh, en = f"数据库中的 {wrong} 与账本条目不符", f"its columns {wrong} differ from its entry"
        found.altered(f"event {entry.id}", zh, en)
    _check_opening(row, entry, found)


def parse_row(row: Row, found: Discrepancies) -> Entry | None:
    """Return the entry that the row's leaf bytes are, None where they are none."""
    try:
        return Entry.from_bytes(row.leaf)
    except EntryError as error:
        found.altered(row.name, f"条目内容无法读取（{error.code}）", f"its entry cannot be read ({error.code})")
        return None


def _check_opening(row: Row, entry: Entry, found: Discrepancies) -> None:
    where = f"event {entry.id}"
    if entry.private is None:
        if row.salt is not None or row.private is not None:
            found.surplus(where, "有账本条目未承诺的明细", "it has private details that its entry does not commit to")
    elif row.salt is None or row.private is None:
        found.missing(where, "账本条目所承诺的明细缺失", "the private details that its entry commits to are gone")
    elif hmac_sha256(row.salt, row.private).hex() != entry.private:
        found.altered(where, "明细与账本条目中的承诺不符", "its private details do not open its entry's commitment")


def _rows(condition: str, parameter: Any) -> Iterator[Row]:
    # On SQLite the time is read as the text that it is: the driver's reader of times fails on any other text.
    time = "CAST(time AS TEXT)" if connection.vendor == "sqlite" else "time"
    columns = f'"index", id, type, {time}, subject, n, actor, leaf, leaf_hash, salt, private'
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {columns} FROM ledger_event {condition}", [parameter])  # noqa: S608 - constants
        while chunk := cursor.fetchmany(_CHUNK):
            for place, event_id, type_, time, subject, n, actor, leaf, digest, salt, private in chunk:
                yield Row(
                    place,
                    event_id,
                    type_,
                    time,
                    subject,
                    n,
                    actor,
                    as_bytes(leaf),
                    as_bytes(digest),
                    None if salt is None else as_bytes(salt),
                    None if private is None else as_bytes(private),
                )


def as_bytes(value: Any) -> bytes:
    """Return a column of bytes; SQLite lets whoever edits it put text there, which then agrees with nothing."""
    return value if isinstance(value, bytes) else str(value).encode()
