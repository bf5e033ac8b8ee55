"""Taking one body into a staging area.

Arriving bytes are gathered into pieces; a piece is digested and written by a thread while the next one is gathered. Two
pieces are in memory at any time, and a client that is faster than the disk is held back by its own connection.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from typing import TYPE_CHECKING, Final, assert_never

from liuhen.core.errors import LiuhenError
from liuhen.server.intake import pools
from liuhen.server.intake.errors import UploadChecksumError, UploadLongerError, UploadSilentError
from liuhen.server.intake.http import BodyBrokenError

if TYPE_CHECKING:
    import uuid
    from collections.abc import Awaitable, Callable

    from liuhen.server.intake.http import Body
    from liuhen.server.intake.live import Live
    from liuhen.server.intake.tus import Checksum
    from liuhen.server.vault.interfaces import Staged

__all__ = ["Pace", "Writer"]


@dataclass(frozen=True, slots=True)
class Pace:
    """The measures of intake, in bytes and seconds.

    Attributes:
        piece: what is handed to a thread at a time.
        window_s: a piece that fills more slowly than this is written as it is.
        idle_s: silence after which a body counts as broken off.
        stalled_s: silence after which another request may take over.
        flush_bytes: at most so much is not yet durable while a body still comes.
        flush_s: and for not much longer than this.
        seal_patience_s: how long a seal waits for another one of the same upload.
        checkpoint_s: how long a seal waits for the checkpoint.
    """

    piece: int = 1 << 20
    window_s: float = 5.0
    idle_s: float = 30.0
    stalled_s: float = 5.0
    flush_bytes: int = 64 << 20
    flush_s: float = 10.0
    seal_patience_s: float = 60.0
    checkpoint_s: float = 10.0


class _End(Enum):
    """Why no more bytes are taken in."""

    WHOLE = auto()
    BROKEN = auto()
    SILENT = auto()
    LONGER = auto()


class Writer:
    """Takes one body into `staged`, whose size is the body's offset. Implements `locks.Writing`.

    `length` is the upload's. `guard` is awaited whenever bytes were made durable while more come, and raises to end it.
    """

    def __init__(
        self,
        staged: Staged,
        body: Body,
        live: Live,
        *,
        upload: uuid.UUID,
        length: int,
        checksum: Checksum | None,
        guard: Callable[[], Awaitable[None]],
        pace: Pace,
    ) -> None:
        self._staged = staged
        self._body = body
        self._live = live
        self._upload = upload
        self._length = length
        self._checksum = checksum
        self._guard = guard
        self._pace = pace
        self._begin: Final = staged.size
        self._kept = staged.size
        self._arrived = staged.size
        self._rest = memoryview(b"")
        self._end: _End | None = None
        self._broken_off = False
        self._window: asyncio.Timeout | None = None
        self._excused_s = 0.0
        self._flushed_at = time.monotonic()
        live.stand(staged.size)

    @property
    def standing(self) -> int:
        """Return the bytes that stay whatever becomes of this body."""
        return self._kept

    @property
    def is_ending(self) -> bool:
        """Return whether nothing more is taken in, or nothing has come for long."""
        return self._end is not None or self._broken_off or self._silence >= self._pace.stalled_s

    @property
    def _silence(self) -> float:
        """Seconds of listening in which the client sent nothing; while the disk is waited for, it may not send."""
        return 0.0 if self._window is None else self._live.silence - self._excused_s

    def break_off(self) -> None:
        """Take in nothing more; keep what has come."""
        self._broken_off = True
        if self._window is not None:
            self._window.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> int:
        """Take in the body and return the offset after it, durable.

        Raises:
            BodyBrokenError: the client is gone; what had come is kept.
            UploadSilentError: the body stopped coming; what had come is kept.
            UploadLongerError: it goes past the upload's length; what was told durable before is kept.
            UploadChecksumError: it is not what was digested; nothing of it is kept.
            LiuhenError: the vault's errors and the guard's; what had come is kept as far as the vault could.
        """
        pending: asyncio.Future[bool] | None = None
        gathering, writing = bytearray(self._pace.piece), bytearray(self._pace.piece)
        try:
            while self._end is None:
                filled = await self._gather(memoryview(gathering))
                began = time.monotonic()
                if pending is not None and await pools.done(pending):
                    await self._guard()
                self._excused_s += time.monotonic() - began
                gathering, writing = writing, gathering
                pending = pools.begin(partial(self._write, memoryview(writing)[:filled])) if filled else None
            if pending is not None:
                await pools.done(pending)
        except BaseException:
            await self._keep()
            raise
        return await self._finish(self._end)

    async def _gather(self, room: memoryview) -> int:
        """Fill `room` with what arrives within the window; return how many bytes did."""
        filled = 0
        try:
            async with asyncio.timeout(0 if self._broken_off else self._pace.window_s) as self._window:
                while filled < len(room) and self._end is None:
                    if not self._rest:
                        await self._receive()
                    count = min(len(room) - filled, len(self._rest))
                    room[filled : filled + count] = self._rest[:count]
                    self._rest = self._rest[count:]
                    filled += count
        except TimeoutError:
            if self._broken_off or self._silence >= self._pace.idle_s:
                self._end = _End.SILENT
        finally:
            self._window = None
        return filled

    async def _receive(self) -> None:
        if self._body.ended:
            self._end = _End.WHOLE
            return
        try:
            data = await self._body.next()
        except BodyBrokenError:
            self._end = _End.BROKEN
            return
        if self._arrived + len(data) > self._length:
            self._arrived += len(data)
            self._end = _End.LONGER
            return
        self._arrived += len(data)
        self._live.add(len(data))
        self._excused_s = 0.0
        self._rest = memoryview(data)

    def _write(self, piece: memoryview) -> bool:
        """Write a piece; return whether it and all before it are durable. Runs in a thread."""
        self._staged.append(piece)
        if self._checksum is not None:
            self._checksum.engine.update(piece)
        now = time.monotonic()
        due = self._staged.written - self._staged.size >= self._pace.flush_bytes
        if not due and now - self._flushed_at < self._pace.flush_s:
            return False
        size = self._staged.flush()
        self._flushed_at = now
        if self._checksum is None:
            self._kept = size
        return True

    async def _keep(self) -> None:
        """After an error, make durable what was written."""
        self._end = self._end or _End.BROKEN
        try:
            await pools.disk(self._staged.flush)
        except (LiuhenError, ValueError):  # the vault closed the area; what was durable before still is
            return

    async def _finish(self, end: _End) -> int:
        match end:
            case _End.WHOLE:
                await self._check()
                return await pools.disk(self._staged.flush)
            case _End.BROKEN:
                await pools.disk(self._staged.flush)
                raise BodyBrokenError
            case _End.SILENT:
                offset = await pools.disk(self._staged.flush)
                raise UploadSilentError(upload=self._upload, seconds=int(self._live.silence), offset=offset)
            case _End.LONGER:
                await pools.disk(partial(self._staged.truncate, self._kept))
                raise UploadLongerError(upload=self._upload, length=self._length, end=self._arrived)
            case _:
                assert_never(end)

    async def _check(self) -> None:
        if self._checksum is None:
            return
        received = self._checksum.engine.digest()
        if received == self._checksum.declared:
            return
        await pools.disk(partial(self._staged.truncate, self._begin))
        raise UploadChecksumError(
            algorithm=self._checksum.algorithm,
            declared=self._checksum.declared.hex(),
            received=received.hex(),
            offset=self._begin,
        )
