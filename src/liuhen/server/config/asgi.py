"""The front door: one ASGI application.

Bytes of recordings and of the ledger go through plain ASGI handlers that hold no thread while they wait; everything
else is Django in a bounded pool of threads. Measured reasons: docs/adr/0003.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liuhen.server.config.settings")
django.setup()

from a2wsgi import WSGIMiddleware  # noqa: E402 - apps must be loaded first
from django.conf import settings  # noqa: E402

from liuhen.server.access import asgi as access  # noqa: E402
from liuhen.server.config.bodies import read_whole  # noqa: E402
from liuhen.server.config.wsgi import application as pages  # noqa: E402
from liuhen.server.intake import asgi as intake  # noqa: E402
from liuhen.server.kernel.asgi import NOSNIFF, send_error  # noqa: E402
from liuhen.server.kernel.errors import ServerError  # noqa: E402
from liuhen.server.ledger import asgi as ledger  # noqa: E402

if TYPE_CHECKING:
    from liuhen.server.kernel.asgi import Receive, Scope, Send

__all__ = ["application"]

_ROUTES = (("/intake/", intake.handler), ("/media/", access.handler), ("/ledger/", ledger.handler))
# An answer waits in a queue without end, so that a client who reads slowly holds no thread; pages and static files are
# small. a2wsgi's own types are narrower than ASGI's and WSGI's, which both sides keep.
_pages: Any = WSGIMiddleware(cast("Any", pages), workers=settings.INSTANCE.settings.page_threads, send_queue_size=0)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Send each request to the part that serves it."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    for prefix, handler in _ROUTES:
        if scope["path"].startswith(prefix):
            await handler(scope, receive, send)
            return
    await _page(scope, receive, send)


async def _page(scope: Scope, receive: Receive, send: Send) -> None:
    try:
        whole = await read_whole(receive)
    except ServerError as error:
        await send_error(send, error, headers=[NOSNIFF, (b"connection", b"close")])
        return
    if whole is not None:
        await _pages(scope, whole, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
