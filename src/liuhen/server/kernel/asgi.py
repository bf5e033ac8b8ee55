"""What the plain ASGI handlers share: the words of ASGI, threads beside the event loop, whose request it is, refusals.

A handler is plain where bytes must not pass through Django (docs/adr/0003).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import close_old_connections
from django.http import parse_cookie

if TYPE_CHECKING:
    from liuhen.server.kernel.errors import ServerError

__all__ = [
    "JSON_TYPE",
    "NOSNIFF",
    "Headers",
    "Message",
    "Receive",
    "Scope",
    "Send",
    "Threads",
    "field_values",
    "send_error",
    "session_key_of",
]

type Message = dict[str, Any]
type Scope = dict[str, Any]
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type Headers = list[tuple[bytes, bytes]]

JSON_TYPE: Final = (b"content-type", b"application/json; charset=utf-8")
NOSNIFF: Final = (b"x-content-type-options", b"nosniff")


class Threads:
    """The few threads in which a handler does what would block the event loop."""

    def __init__(self, name: str, count: int) -> None:
        self._pool = ThreadPoolExecutor(count, thread_name_prefix=name)

    def begin[R](self, call: Callable[[], R]) -> asyncio.Future[R]:
        """Begin `call`, which does not touch the database."""
        return asyncio.get_running_loop().run_in_executor(self._pool, call)

    async def run[R](self, call: Callable[[], R]) -> R:
        """Run `call`, which does not touch the database."""
        return await self.begin(call)

    async def with_database[R](self, call: Callable[[], R]) -> R:
        """Run `call` on a database connection that is known to be usable."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, _on_fresh_connection, call)


def _on_fresh_connection[R](call: Callable[[], R]) -> R:
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()


def field_values(scope: Scope, name: bytes) -> list[str]:
    """Return the values of the header field `name` (lower case), one for each time that it was sent."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key == name]


def session_key_of(scope: Scope) -> str:
    """Return the key in the request's session cookie, "" where there is none; nothing says that it is a live one."""
    # Django's own reading, as for the pages: another program's odd cookie on this host must not end playback.
    cookies = parse_cookie("; ".join(field_values(scope, b"cookie")))
    return cookies.get(settings.SESSION_COOKIE_NAME, "")


async def send_error(send: Send, error: ServerError, *, headers: Headers, with_body: bool = True) -> None:
    """Answer with `error` under its status, as JSON: its code and both sentences; to HEAD without the body."""
    body = json.dumps(error.as_dict(), ensure_ascii=False).encode()
    fields = [*headers, JSON_TYPE, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": error.status, "headers": fields})
    await send({"type": "http.response.body", "body": body if with_body else b""})
