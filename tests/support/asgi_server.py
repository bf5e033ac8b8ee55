"""An ASGI application on a real socket, served by uvicorn on a thread of the test's own process."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["serving"]


@contextlib.contextmanager
def serving(application: Any) -> Iterator[tuple[str, int]]:
    """Serve `application` on loopback and yield its address until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(application, log_config=None, ws="none", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield listening.getsockname()
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
