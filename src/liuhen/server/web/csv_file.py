"""Tables as CSV files that office programs open with their Chinese intact."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

from django.http import StreamingHttpResponse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["csv_response"]

_BYTE_ORDER_MARK: Final = "\ufeff"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_response(name: str, header: Iterable[object], rows: Iterable[Iterable[object]]) -> StreamingHttpResponse:
    """Return a download called `name` (ASCII) of `rows` below `header`: UTF-8 with a byte order mark, RFC 4180.

    A cell that an office program would run as a formula is kept from it by an apostrophe: file names come from devices.
    """
    response = StreamingHttpResponse(_lines(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "no-store"
    return response


class _Line:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def _lines(header: Iterable[object], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    write = csv.writer(_Line()).writerow
    yield _BYTE_ORDER_MARK + write([str(cell) for cell in header])
    for row in rows:
        yield write([_inert(cell) for cell in row])


def _inert(cell: object) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) and not isinstance(cell, int) else text
