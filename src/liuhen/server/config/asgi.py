"""The front door: one ASGI application.

Bytes of recordings and of the ledger go through plain ASGI handlers that hold no thread while they wait; everything
else is Django in a bounded pool of threads. Measured reasons: docs/adr/0003.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liuhen.server.config.settings")
django.setup()

from a2wsgi import WSGIMiddleware  # noqa: E402 - apps must be loaded first
from django.conf import settings  # noqa: E402

from liuhen.core.errors import LiuhenError  # noqa: E402
from liuhen.server.access import asgi as access  # noqa: E402
from liuhen.server.config.bodies import BodyTooLargeError, read_whole  # noqa: E402
from liuhen.server.config.wsgi import application as pages  # noqa: E402
from liuhen.server.intake import asgi as intake  # noqa: E402
from liuhen.server.ledger import asgi as ledger  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    type Scope = dict[str, Any]
    type Receive = Callable[[], Awaitable[dict[str, Any]]]
    type Send = Callable[[dict[str, Any]], Awaitable[None]]

__all__ = ["application"]

_ROUTES = (("/intake/", intake.app), ("/media/", access.app), ("/ledger/", ledger.app))
# An answer waits in a queue without end, so that a client who reads slowly holds no thread; pages and static files are
# small. a2wsgi's own types are narrower than ASGI's and WSGI's, which both sides keep.
_pages: Any = WSGIMiddleware(cast("Any", pages), workers=settings.INSTANCE.settings.page_threads, send_queue_size=0)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Send each request to the part that serves it."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    for prefix, app in _ROUTES:
        if scope["path"].startswith(prefix):
            await app(scope, receive, send)
            return
    await _page(scope, receive, send)


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    try:
        whole = await read_whole(receive)
    except LiuhenError as error:
        status = 413 if isinstance(error, BodyTooLargeError) else 408
        await _refuse(send, status, error)
        return
    if whole is not None:
        await _pages(scope, whole, send)


async def _refuse(send: Send, status: int, error: LiuhenError) -> None:
    body = json.dumps(error.as_dict(), ensure_ascii=False).encode()
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
