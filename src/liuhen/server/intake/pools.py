"""The threads of intake. The event loop only moves bytes; disk and database wait here.

Three pools, so that no kind of work can hold up another: bytes (short, disk), looks (short reads of the database), acts
(writes, which may queue at the write gate; seals, which may read a whole file and wait for a checkpoint).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from liuhen.server.kernel.asgi import Threads

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["act", "begin", "disk", "done", "look"]

_disk: Final = Threads("intake-bytes", 4)
_looks: Final = Threads("intake-looks", 4)
_acts: Final = Threads("intake-acts", 8)


def begin[R](call: Callable[[], R]) -> asyncio.Future[R]:
    """Begin `call`, which touches the disk and not the database; `done` waits for it."""
    return _disk.begin(call)


async def done[R](begun: asyncio.Future[R]) -> R:
    """Return what a begun call returns. Who is cancelled meanwhile waits for its end all the same.

    A staging area is one thread's at a time: nobody may go on to it while a thread that cannot be stopped is in it.
    """
    try:
        return await asyncio.shield(begun)
    except asyncio.CancelledError:
        await asyncio.wait([begun])
        raise


async def disk[R](call: Callable[[], R]) -> R:
    """Run `call`, which touches the disk and not the database, to its end."""
    return await done(begin(call))


async def look[R](call: Callable[[], R]) -> R:
    """Run `call`, which reads the database for a moment."""
    return await _looks.with_database(call)


async def act[R](call: Callable[[], R]) -> R:
    """Run `call`, which changes the database or takes long."""
    return await _acts.with_database(call)
