"""One desk for each upload that somebody is at work on: one request at a time, in this process.

Other processes are kept out by the staging area's own lock.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Protocol

from liuhen.server.intake.errors import UploadLockedError

if TYPE_CHECKING:
    import uuid
    from collections.abc import AsyncIterator

__all__ = ["Desk", "Desks", "Writing"]

_ENDING_S: Final = 20.0


class Writing(Protocol):
    """A request that is taking in a body."""

    @property
    def standing(self) -> int:
        """Bytes that will stay whatever becomes of this request."""
        ...

    @property
    def is_ending(self) -> bool:
        """Whether it takes in nothing more, or nothing has come for so long that its client is likely gone."""
        ...

    def break_off(self) -> None:
        """End: keep what has come and leave the desk. Harmless when repeated."""
        ...


class Desk:
    """The place where one upload is worked on; `writing` is the body being taken in, if one is."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.writing: Writing | None = None
        self.visitors = 0


class Desks:
    """All desks of one event loop."""

    def __init__(self) -> None:
        self._desks: dict[uuid.UUID, Desk] = {}

    @asynccontextmanager
    async def at(self, upload: uuid.UUID, *, patience_s: float = 0.0) -> AsyncIterator[Desk]:
        """Hold the upload's desk for the length of the block.

        Somebody who only finishes, or whose client has gone silent, is waited for; anybody else is waited for
        `patience_s` seconds, one who is taking in a body not at all.

        Raises:
            UploadLockedError: another request is at work on the upload.
        """
        desk = self._desks.setdefault(upload, Desk())
        desk.visitors += 1
        try:
            await _take(desk, upload, patience_s)
            try:
                yield desk
            finally:
                desk.lock.release()
        finally:
            desk.visitors -= 1
            if not desk.visitors:
                del self._desks[upload]

    def standing(self, upload: uuid.UUID) -> int | None:
        """Return the offset that may be told while a body is being taken in; None when none is."""
        desk = self._desks.get(upload)
        return None if desk is None or desk.writing is None else desk.writing.standing


async def _take(desk: Desk, upload: uuid.UUID, patience_s: float) -> None:
    if desk.lock.locked() and desk.writing is not None:
        if not desk.writing.is_ending:
            raise UploadLockedError(upload=upload)
        desk.writing.break_off()
        patience_s = _ENDING_S
    try:
        async with asyncio.timeout(patience_s if desk.lock.locked() else None):
            await desk.lock.acquire()
    except TimeoutError:
        raise UploadLockedError(upload=upload) from None
