"""The root of the server's errors."""

from __future__ import annotations

from typing import ClassVar

from liuhen.core.errors import LiuhenError

__all__ = ["ServerError"]


class ServerError(LiuhenError):
    """Base of what the server refuses and of what befalls it; `status` is the HTTP status under which it is told."""

    status: ClassVar[int] = 400
