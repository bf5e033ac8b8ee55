"""The few threads in which the media handler does what would block the event loop: database and disk."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from django.db import close_old_connections

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["with_database", "without_database"]

_THREADS: Final = 8
_pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="media")


async def without_database[R](call: Callable[[], R]) -> R:
    """Run `call`, which does not touch the database, in a thread."""
    return await asyncio.get_running_loop().run_in_executor(_pool, call)


async def with_database[R](call: Callable[[], R]) -> R:
    """Run `call` in a thread with a database connection that is known to be usable."""
    return await asyncio.get_running_loop().run_in_executor(_pool, _fresh, call)


def _fresh[R](call: Callable[[], R]) -> R:
    close_old_connections()
    try:
        return call()
    finally:
        close_old_connections()
