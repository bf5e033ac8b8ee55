"""Requests and answers of the plain ASGI handler."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from liuhen.server.intake.errors import BodyTooLargeError, BodyTooSlowError, as_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liuhen.server.kernel.asgi import Receive, Scope, Send
    from liuhen.server.kernel.errors import ServerError

__all__ = ["Body", "BodyBrokenError", "Request", "Response", "answer", "json_response", "read_request", "refusal"]

_BODY_S: Final = 20.0
_LINGER_S: Final = 5.0
_LINGER_BYTES: Final = 64 << 20
_JSON: Final = "application/json; charset=utf-8"


class BodyBrokenError(Exception):
    """The client went away before its body was whole. There is nobody to answer."""


class Body:
    """A request's body as it arrives. `length` is what Content-Length says, None for a chunked body."""

    def __init__(self, receive: Receive, *, length: int | None, expected: bool) -> None:
        self._receive = receive
        self.length = length
        self.expected = expected
        self.ended = not expected

    async def next(self) -> bytes:
        """Return what arrived, b"" at the end (and where a message is empty: see `ended`). Safe to be cancelled.

        Raises:
            BodyBrokenError: the client is gone.
        """
        if self.ended:
            return b""
        message = await self._receive()
        if message["type"] != "http.request":
            self.ended = True
            raise BodyBrokenError
        self.ended = not message.get("more_body", False)
        data: bytes = message.get("body", b"")
        return data

    async def whole(self, limit: int) -> bytes:
        """Return the whole body.

        Raises:
            BodyTooLargeError: it exceeds `limit` bytes.
            BodyTooSlowError: it was not there in time.
            BodyBrokenError: the client is gone.
        """
        if self.length is not None and self.length > limit:
            raise BodyTooLargeError(limit=limit)
        data = bytearray()
        try:
            async with asyncio.timeout(_BODY_S):
                while not self.ended:
                    data += await self.next()
                    if len(data) > limit:
                        raise BodyTooLargeError(limit=limit)
        except TimeoutError:
            raise BodyTooSlowError(seconds=int(_BODY_S)) from None
        return bytes(data)

    async def linger(self) -> None:
        """Read on, within limits, what a client still sends to a request that was refused.

        A connection that is closed with bytes unread is reset, and the reset may overtake the answer.
        """
        passed = 0
        try:
            async with asyncio.timeout(_LINGER_S):
                while not self.ended and passed < _LINGER_BYTES:
                    passed += len(await self.next())
        except (TimeoutError, BodyBrokenError):
            return


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case, a repeated header's values joined by commas."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Body


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""


def read_request(scope: Scope, receive: Receive) -> Request:
    """Return the request that an ASGI scope describes."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1").strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    length = headers.get("content-length", "")
    known = int(length) if length.isascii() and length.isdigit() else None
    chunked = "transfer-encoding" in headers
    body = Body(receive, length=None if chunked else known, expected=chunked or bool(known))
    return Request(scope["method"], scope["path"], headers, body)


def json_response(status: int, value: Any, *headers: tuple[str, str]) -> Response:
    """Return `value` as JSON in UTF-8."""
    content = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(status, (("content-type", _JSON), *headers), content)


def refusal(error: ServerError) -> Response:
    """Return the answer that tells of `error`; a header repeats the code, since an answer to HEAD has no body."""
    status = error.status
    headers = [("liuhen-code", error.code)]
    if status == 401:  # noqa: PLR2004 - RFC 9110 section 15.5.2 asks for the header
        headers.append(("www-authenticate", 'Bearer realm="intake"'))
    return json_response(status, as_json(error), *headers)


async def answer(send: Send, request: Request, response: Response) -> None:
    """Send `response`; where the body was not read to its end, read on for a while, then have the connection closed."""
    unread = not request.body.ended
    headers = [
        *response.headers,
        ("cache-control", "no-store"),
        *([("connection", "close")] if unread else []),
        *([] if response.status == 204 else [("content-length", str(len(response.content)))]),  # noqa: PLR2004
    ]
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": response.status, "headers": encoded})
    content = b"" if request.method == "HEAD" else response.content
    if unread:
        await send({"type": "http.response.body", "body": content, "more_body": True})
        await request.body.linger()
        content = b""
    await send({"type": "http.response.body", "body": content, "more_body": False})
