"""What a page refuses of its own."""

from __future__ import annotations

from liuhen.server.kernel.errors import ServerError

__all__ = ["TableTooLongError"]


class TableTooLongError(ServerError):
    """The list has more rows than a table may have."""

    code = "table-too-long"
    zh = "列表共 {count} 件，超过一次导出的上限 {limit} 件。请先按日期、类型等缩小范围，再分次导出。"
    en = "The list has {count} recordings, more than the {limit} of one table. Narrow it by date or kind, then export."
