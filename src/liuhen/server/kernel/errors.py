"""The root of the server's errors, and those that every app may meet."""

from __future__ import annotations

from typing import ClassVar

from liuhen.core.errors import LiuhenError

__all__ = ["ClockSetBackError", "NameInvalidError", "ReadOnlyError", "ServerError"]


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


class NameInvalidError(ServerError):
    """A name is empty, too long, or holds something that nobody can see."""

    code = "name-invalid"
    zh = "{what}“{name}”不可用：应为 1 至 {limit} 个可见字符，不得换行。请更正后重试。"
    en = "The {what} “{name}” cannot be used: 1 to {limit} visible characters in one line. Correct it and try again."


class ReadOnlyError(ServerError):
    """What is only read was asked for by another method than GET or HEAD."""

    code = "read-only"
    status = 405
    zh = "{path} 只供读取，不接受 {method} 请求。请用 GET 或 HEAD。"
    en = "{path} is only read; {method} is not accepted. Use GET or HEAD."
