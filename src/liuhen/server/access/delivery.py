"""Sending a span of an object, ending it the moment it must end, and writing down what was sent.

Between two pieces a delivery holds no thread and no open file: a slow client costs a coroutine. While it waits for the
client, it asks again and again whether it may go on; a ticket that was ended takes effect within `RECHECK_S` and the
time of one look-up. What the connection was handed before that is gone: at most one piece and what the network buffers.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from django.db import IntegrityError

from liuhen.server.access.models import RangeServed
from liuhen.server.access.services import note_ranges
from liuhen.server.kernel.asgi import Threads
from liuhen.server.kernel.errors import ServerError
from liuhen.server.kernel.ids import new_id

if TYPE_CHECKING:
    import uuid
    from collections.abc import Callable
    from datetime import datetime

    from liuhen.server.access.content import Content
    from liuhen.server.access.ranges import Span
    from liuhen.server.kernel.asgi import Receive, Send

__all__ = ["PIECE", "RECHECK_S", "Delivery", "RangeRecorder", "threads"]

PIECE: Final = 256 << 10
RECHECK_S: Final = 2.0

threads: Final = Threads("media", 8)
_log = logging.getLogger(__name__)


class RangeRecorder:
    """Writes down what responses will send and have sent; those that come while a write is under way share the next."""

    def __init__(self) -> None:
        self._waiting: list[RangeServed] = []
        self._writing = asyncio.Lock()

    async def note(self, row: RangeServed) -> None:
        """Return when the row is committed. A row of an end that could not be written waits for the next write.

        Raises:
            DatabaseError: it could not be written.
        """
        self._waiting.append(row)
        async with self._writing:
            if row not in self._waiting:
                return  # another's write had it among its own
            rows, self._waiting = self._waiting, []
            try:
                await self._write(rows, own=row)
            except IntegrityError:
                # One of them can never be written. This one stands for itself; the others come to their own turn.
                self._waiting = [other for other in rows if other is not row] + self._waiting
                await self._write([row], own=row)

    async def _write(self, rows: list[RangeServed], *, own: RangeServed) -> None:
        try:
            await threads.with_database(partial(note_ranges, served=rows))
        except IntegrityError:
            raise
        except BaseException:
            # Others whose rows were among these try once more themselves; nothing begins that is not written down.
            kept = [row for row in rows if row is not own or row.sent is not None]
            self._waiting = kept + self._waiting
            raise


@dataclass(slots=True)
class Delivery:
    """One response's body; `sent` counts the bytes that the connection has taken."""

    content: Content
    span: Span
    viewing_id: uuid.UUID
    response: uuid.UUID = field(default_factory=new_id)
    sent: int = 0

    async def run(self, *, receive: Receive, send: Send, may_go_on: Callable[[], object]) -> None:
        """Send the span until its end, the client's end, or until `may_go_on`, called in a thread, refuses.

        Raises:
            ServerError, DatabaseError: it broke off by a fault of the vault or the database.
        """
        pump = asyncio.ensure_future(self._pump(send))
        others = [asyncio.ensure_future(_until_gone(receive)), asyncio.ensure_future(_until_refused(may_go_on))]
        try:
            await asyncio.wait([pump, *others], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (pump, *others):
                task.cancel()
            await asyncio.gather(pump, *others, return_exceptions=True)
        for task in (pump, *others):
            if not task.cancelled() and (fault := task.exception()) is not None:
                raise fault

    def row(self, at: datetime, *, ended: bool) -> RangeServed:
        """Return what to write down before the first byte, or at the end."""
        return RangeServed(
            viewing_id=self.viewing_id,
            response=self.response,
            sha256=self.content.sha256,
            start=self.span.start,
            end=self.span.end,
            sent=self.sent if ended else None,
            at=at,
        )

    async def _pump(self, send: Send) -> None:
        offset, end = self.span.start, self.span.end
        while offset < end:
            length = min(PIECE, end - offset)
            data = await threads.run(partial(self.content.store.read_range, self.content.sha256, offset, length))
            offset += length
            await send({"type": "http.response.body", "body": data, "more_body": offset < end})
            self.sent += length


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _until_refused(may_go_on: Callable[[], object]) -> None:
    while True:
        await asyncio.sleep(RECHECK_S)
        try:
            await threads.with_database(may_go_on)
        except ServerError as refusal:
            _log.info("delivery ended: %s", refusal)
            return
