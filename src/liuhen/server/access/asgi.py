"""`/media/<ticket>/<part>`: content to the holder of a live ticket, by byte ranges.

A plain ASGI handler: Django has no ranges, and a thread per slow viewer would stop the pages (docs/adr/0003).
"""

from __future__ import annotations

import logging
import re
import uuid
from typing import TYPE_CHECKING, Final

from django.db import DatabaseError

from liuhen.core.forms import UUID_FORM
from liuhen.server.access.content import Content, Part, content_of
from liuhen.server.access.delivery import Delivery, RangeRecorder, threads
from liuhen.server.access.errors import (
    ContentMissingError,
    RangeNotRecordedError,
    RangeRefusedError,
)
from liuhen.server.access.ranges import Span, span_of
from liuhen.server.access.selectors import Admission, admit
from liuhen.server.kernel import clock
from liuhen.server.kernel.asgi import NOSNIFF, field_values, send_error, session_key_of
from liuhen.server.kernel.errors import ReadOnlyError, ServerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from liuhen.server.kernel.asgi import Headers, Receive, Scope, Send

__all__ = ["MediaHandler", "handler"]

_path = re.compile(f"/media/({UUID_FORM})/({'|'.join(Part)})").fullmatch
# Nothing of this may stay in a cache, be read by another site, or run as a page.
_GUARDS: Final[Headers] = [
    (b"cache-control", b"no-store"),
    NOSNIFF,
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"default-src 'none'; sandbox"),
]

_log = logging.getLogger(__name__)


class MediaHandler:
    """Answers `/media/*` and has what it sends written down. Belongs to one event loop."""

    def __init__(self) -> None:
        self._recorder: Final = RangeRecorder()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            asked, admission, content = await _look_up(scope)
            span = _span(scope, content)
        except ServerError as error:
            await _refuse(send, error, head=scope["method"] == "HEAD")
            return
        delivery = Delivery(content, span, admission.viewing_id)
        sends_content = scope["method"] != "HEAD" and span.length > 0
        try:
            if sends_content:
                await self._recorder.note(delivery.row(clock.now(), ended=False))
        except DatabaseError:
            _log.exception("%s: not written down, so not sent", scope["path"])
            await _refuse(send, RangeNotRecordedError(), head=False)
            return
        status, headers = _head(content, span)
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if not sends_content:
            await send({"type": "http.response.body", "body": b""})
            return
        try:
            await delivery.run(receive=receive, send=send, may_go_on=asked)
        except (ServerError, DatabaseError):
            # The head is out: all that is left is to break off, so that the client sees a short body.
            _log.exception("%s broke off", scope["path"])
        finally:
            await self._recorder.note(delivery.row(clock.now(), ended=True))


async def _look_up(scope: Scope) -> tuple[Callable[[], Admission], Admission, Content]:
    """Return the question whether the request is still admitted, its present answer, and the content.

    Raises:
        ServerError: it is not admitted, or there is no such content.
    """
    match = _path(scope["path"])
    if match is None:
        raise ContentMissingError(part=scope["path"][:80])
    if scope["method"] not in {"GET", "HEAD"}:
        raise ReadOnlyError(path=scope["path"][:80], method=scope["method"][:20])
    ticket_id, part = uuid.UUID(match[1]), Part(match[2])
    session_key = session_key_of(scope)

    def ask() -> Admission:
        return admit(session_key=session_key, ticket_id=ticket_id, at=clock.now())

    def look_up() -> tuple[Admission, Content]:
        admission = ask()
        return admission, content_of(admission.recording, part)

    return ask, *await threads.with_database(look_up)


def _span(scope: Scope, content: Content) -> Span:
    ranges = field_values(scope, b"range") if scope["method"] == "GET" else []
    conditions = field_values(scope, b"if-range")
    return span_of(
        size=content.size,
        asked=",".join(ranges) if ranges else None,
        if_range=conditions[0] if conditions else None,
        etag=_etag(content),
    )


def _etag(content: Content) -> str:
    return f'"{content.sha256}"'


def _head(content: Content, span: Span) -> tuple[int, Headers]:
    headers = [
        *_GUARDS,
        (b"content-type", content.media_type.encode("ascii")),
        (b"content-length", str(span.length).encode()),
        (b"content-disposition", b"inline"),
        (b"accept-ranges", b"bytes"),
        (b"etag", _etag(content).encode()),
    ]
    if not span.partial:
        return 200, headers
    return 206, [*headers, (b"content-range", span.content_range.encode())]


async def _refuse(send: Send, error: ServerError, *, head: bool) -> None:
    await send_error(send, error, headers=[*_GUARDS, *_hints(error)], with_body=not head)


def _hints(error: ServerError) -> Iterable[tuple[bytes, bytes]]:
    if isinstance(error, RangeRefusedError):
        yield b"content-range", f"bytes */{error.where['size']}".encode()
    if isinstance(error, ReadOnlyError):
        yield b"allow", b"GET, HEAD"


handler = MediaHandler()
