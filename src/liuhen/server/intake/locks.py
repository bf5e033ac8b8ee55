"""One lock for each upload that somebody is at work on: one request at a time, in this process.

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

__all__ = ["UploadLock", "UploadLocks", "Writing"]

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
        """End: keep what has come and let the upload go. Harmless when repeated."""
        ...


class UploadLock:
    """The lock of one upload; `writing` is the body that its holder is taking in, if one is."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.writing: Writing | None = None
        self.users = 0


class UploadLocks:
    """All locks of one event loop."""

    def __init__(self) -> None:
        self._locks: dict[uuid.UUID, UploadLock] = {}

    @asynccontextmanager
    async def held(self, upload: uuid.UUID, *, patience_s: float = 0.0) -> AsyncIterator[UploadLock]:
        """Hold the upload's lock for the length of the block.

        Somebody who only finishes, or whose client has gone silent, is waited for; anybody else is waited for
        `patience_s` seconds, one who is taking in a body not at all.

        Raises:
            UploadLockedError: another request is at work on the upload.
        """
        held = self._locks.setdefault(upload, UploadLock())
        held.users += 1
        try:
            await _take(held, upload, patience_s)
            try:
                yield held
            finally:
                held.lock.release()
        finally:
            held.users -= 1
            if not held.users:
                del self._locks[upload]

    def standing(self, upload: uuid.UUID) -> int | None:
        """Return the offset that may be told while a body is being taken in; None when none is."""
        known = self._locks.get(upload)
        return None if known is None or known.writing is None else known.writing.standing


async def _take(wanted: UploadLock, upload: uuid.UUID, patience_s: float) -> None:
    if wanted.lock.locked() and wanted.writing is not None:
        if not wanted.writing.is_ending:
            raise UploadLockedError(upload=upload)
        wanted.writing.break_off()
        patience_s = _ENDING_S
    try:
        async with asyncio.timeout(patience_s if wanted.lock.locked() else None):
            await wanted.lock.acquire()
    except TimeoutError:
        raise UploadLockedError(upload=upload) from None
