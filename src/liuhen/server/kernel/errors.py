"""The root of the server's errors, and the error of its clock."""

from __future__ import annotations

from typing import ClassVar

from liuhen.core.errors import LiuhenError

__all__ = ["ClockSetBackError", "ServerError"]


class ServerError(LiuhenError):
    """Base of what the server refuses and of what befalls it; `status` is the HTTP status under which it is told."""

    status: ClassVar[int] = 400


class ClockSetBackError(ServerError):
    """The machine's clock stands far before the newest thing that is known to have happened."""

    code = "clock-set-back"
    status = 503
    zh = "系统时钟 {now} 早于最近一条已知记录的时间 {last}，相差 {seconds} 秒。请先校准服务器时钟，再重试。"
    en = (
        "The system clock {now} stands {seconds} s before the newest known record {last}. "
        "Set the server's clock right, then try again."
    )
