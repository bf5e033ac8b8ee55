"""Small, whole request bodies for the pages.

A page occupies a thread from its first byte to its last. A client that trickles its form would hold that thread, so the
front door reads a page's body whole, within a size and a time, before a thread is taken.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from liuhen.server.kernel.errors import ServerError

if TYPE_CHECKING:
    from liuhen.server.kernel.asgi import Message, Receive

__all__ = ["BODY_LIMIT", "BODY_SECONDS", "FormTooLargeError", "FormTooSlowError", "read_whole"]

BODY_LIMIT: Final = 2 << 20
BODY_SECONDS: Final = 20.0

# A client that still sends reads no answer: so much of a body past the limit is read and dropped before it gets one.
_DROPPED: Final = 64 << 20


class FormTooLargeError(ServerError):
    """A page was sent more than its forms need."""

    code = "form-too-large"
    status = 413
    zh = "提交内容超过 {limit} 字节上限，未予处理。请减少内容后重试；音像记录请经采集站采集入库。"
    en = "What was sent is over the limit of {limit} bytes and was not taken. Send less; recordings go by a station."


class FormTooSlowError(ServerError):
    """A page's body did not arrive in time."""

    code = "form-too-slow"
    status = 408
    zh = "提交内容在 {seconds:g} 秒内未到齐，未予处理。请检查网络后重试。"
    en = "What was sent did not arrive within {seconds:g} s and was not taken. Check the network and try again."


async def read_whole(receive: Receive) -> Receive | None:
    """Read a request's body and return a `receive` that gives it in one message, then waits for the disconnect.

    None when the client left before its body was whole: there is nobody to answer, and nothing to act on.

    Raises:
        FormTooLargeError: more than `BODY_LIMIT` bytes came.
        FormTooSlowError: it was not whole after `BODY_SECONDS`.
    """
    body = bytearray()
    more = True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more and len(body) <= BODY_LIMIT:
                message = await receive()
                if message["type"] != "http.request":
                    return None
                body += message.get("body", b"")
                more = message.get("more_body", False)
    except TimeoutError:
        raise FormTooSlowError(seconds=BODY_SECONDS) from None
    if len(body) > BODY_LIMIT:
        if more:
            await _drop(receive)
        raise FormTooLargeError(limit=BODY_LIMIT)
    whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

    async def replay() -> Message:
        return whole.pop() if whole else await receive()

    return replay


async def _drop(receive: Receive) -> None:
    dropped = 0
    with suppress(TimeoutError):
        async with asyncio.timeout(BODY_SECONDS):
            while dropped < _DROPPED:
                message = await receive()
                dropped += len(message.get("body", b""))
                if not message.get("more_body", False):
                    return
