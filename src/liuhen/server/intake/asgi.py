"""`/intake/*`: the intake protocol (docs/spec/intake-protocol.md), a plain ASGI handler (docs/adr/0003).

A request is authenticated, parsed, given to one function in a thread, and answered. Only the bodies of uploads are
taken in here, by `writer`.
"""

from __future__ import annotations

import logging
import re
import secrets
import uuid
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import DatabaseError

from liuhen.core.forms import UUID_FORM, format_time
from liuhen.server.intake import live, messages, sealing, services, stations, tus, uploads
from liuhen.server.intake.errors import (
    AddressUnknownError,
    DatabaseFaultError,
    IntakeFaultError,
    MethodNotAllowedError,
    UploadDiffersError,
    UploadLockedError,
    UploadLongerError,
    UploadOffsetError,
    UploadUnknownError,
    is_refusal,
)
from liuhen.server.intake.http import BodyBrokenError, Response, answer, json_response, read_request, refusal
from liuhen.server.intake.locks import UploadLock, UploadLocks
from liuhen.server.intake.models import KEPT, Upload
from liuhen.server.intake.pools import act, disk, look
from liuhen.server.intake.writer import Pace, Writer
from liuhen.server.kernel import clock
from liuhen.server.vault import stores
from liuhen.server.vault.errors import VaultFullError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from liuhen.server.intake.http import Request
    from liuhen.server.intake.interfaces import Caller
    from liuhen.server.intake.tus import Checksum
    from liuhen.server.kernel.asgi import Receive, Scope, Send
    from liuhen.server.kernel.errors import ServerError
    from liuhen.server.vault.interfaces import Store

    type Handler = Callable[[Request, Caller, uuid.UUID], Awaitable[Response]]
    type Routes = tuple[tuple[Callable[[str], re.Match[str] | None], Mapping[str, Handler]], ...]

__all__ = ["IntakeHandler", "handler"]

_SMALL_BODY: Final = 64 << 10
_SUMMARY_BODY: Final = 8 << 20
_UUID: Final = f"({UUID_FORM})"
_NONE: Final = uuid.UUID(int=0)
_LOGGED: Final = 200
_PATIENCE_S: Final = 2.0  # whoever only looks where an upload stands, or is about to begin, holds it for a moment
_RECEIPT_TYPE: Final = (("content-type", "application/json"),)
_log = logging.getLogger(__name__)


def _address(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(f"/intake/{pattern}").fullmatch


class IntakeHandler:
    """Answers `/intake/*`; belongs to one event loop. `store` gives the originals, `pace` the measures of bodies."""

    def __init__(self, store: Callable[[], Store] = stores.originals, pace: Pace | None = None) -> None:
        self._store = store
        self._pace = pace or Pace()
        self._locks = UploadLocks()
        self._routes: Routes = (
            (_address("time()"), {"GET": self._time}),
            (_address(f"collections/{_UUID}"), {"PUT": self._open_collection}),
            (_address(f"collections/{_UUID}/close"), {"POST": self._close_collection}),
            (_address("uploads()"), {"OPTIONS": self._discover, "POST": self._create}),
            (
                _address(f"uploads/{_UUID}"),
                {"OPTIONS": self._discover, "HEAD": self._head, "PATCH": self._patch, "DELETE": self._delete},
            ),
            (_address(f"uploads/{_UUID}/seal"), {"POST": self._seal}),
            (_address(f"uploads/{_UUID}/receipt"), {"GET": self._receipt}),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = read_request(scope, receive)
        try:
            response = await self._respond(request)
        except BodyBrokenError:
            return
        except Exception as error:  # noqa: BLE001 - the edge of the process: the station is told, the log keeps all
            response = self._refusal(request, _told(request, error))
        await answer(send, request, response)

    async def _respond(self, request: Request) -> Response:
        for address, methods in self._routes:
            match = address(request.path)
            if match is None:
                continue
            handler = methods.get(request.method)
            if handler is None:
                allowed = ", ".join(methods)
                raise MethodNotAllowedError(path=request.path, method=request.method, allowed=allowed)
            caller = await look(partial(stations.authenticate, request.headers.get("authorization", "")))
            return await handler(request, caller, uuid.UUID(match[1]) if match[1] else _NONE)
        raise AddressUnknownError(path=request.path[:200])

    @staticmethod
    def _refusal(request: Request, error: ServerError) -> Response:
        response = refusal(error)
        headers = [*response.headers]
        if request.path.startswith("/intake/uploads"):
            headers.append(tus.RESUMABLE)
        if response.status == 412:  # noqa: PLR2004 - tus asks for the versions with this status
            headers.append(("tus-version", tus.VERSION))
        if isinstance(error, MethodNotAllowedError):
            headers.append(("allow", str(error.where["allowed"])))
        return Response(response.status, tuple(headers), response.content)

    async def _time(self, _request: Request, _caller: Caller, _none: uuid.UUID) -> Response:
        return json_response(200, {"time": format_time(clock.now())})

    async def _open_collection(self, request: Request, caller: Caller, collection: uuid.UUID) -> Response:
        opening = messages.parse_opening(await request.body.whole(_SMALL_BODY))
        made = await act(
            lambda: services.open_collection(collection=collection, opening=opening, caller=caller, at=clock.now())
        )
        return json_response(201 if made else 200, {"collection": str(collection)})

    async def _close_collection(self, request: Request, caller: Caller, collection: uuid.UUID) -> Response:
        data = await request.body.whole(_SUMMARY_BODY)

        def close() -> None:
            # A summary of 100,000 files takes a second to read, which must not be the event loop's.
            closing = messages.parse_closing(data)
            services.close_collection(collection=collection, closing=closing, caller=caller, at=clock.now())

        await act(close)
        return json_response(200, {"collection": str(collection)})

    async def _discover(self, _request: Request, _caller: Caller, _upload: uuid.UUID) -> Response:
        return Response(204, tus.discovery(settings.INSTANCE.settings.upload_limit_bytes))

    async def _create(self, request: Request, caller: Caller, _none: uuid.UUID) -> Response:
        tus.check_request(request.headers)
        length = tus.length_of(request.headers)
        encoded, metadata = tus.declaration_of(request.headers)
        declaration = messages.parse_declaration(encoded)
        checksum = tus.checksum_of(request.headers)
        if request.body.expected:
            tus.check_chunk_type(request.headers)
        upload = declaration.upload
        async with self._held(upload, caller, stranger=UploadDiffersError) as held:
            created = await act(
                lambda: uploads.declare(
                    declaration, length=length, metadata=metadata, caller=caller, store=self._store(), at=clock.now()
                )
            )
            offset = 0 if created.made else await disk(partial(uploads.present_offset, created.upload, self._store()))
            if request.body.expected and offset == 0:
                offset = await self._write(held, created.upload, request, caller, offset=0, checksum=checksum)
        return Response(
            201 if created.made else 200,
            (("location", f"/intake/uploads/{upload}"), *_standing(created.upload, offset)),
        )

    async def _head(self, request: Request, caller: Caller, upload: uuid.UUID) -> Response:
        tus.check_request(request.headers)

        def find() -> Upload:
            return services.find_upload(upload=upload, caller=caller, at=clock.now())

        try:
            async with self._held(upload, caller):
                found = await look(find)
                offset = await disk(partial(uploads.present_offset, found, self._store()))
        except UploadLockedError:
            found = await look(find)
            standing = self._locks.standing(upload)
            if standing is None:
                raise
            offset = standing
        headers = (*_standing(found, offset), ("upload-length", str(found.length)), ("upload-metadata", found.metadata))
        return Response(200, headers)

    async def _patch(self, request: Request, caller: Caller, upload: uuid.UUID) -> Response:
        tus.check_request(request.headers)
        tus.check_chunk_type(request.headers)
        offset = tus.offset_of(request.headers)
        checksum = tus.checksum_of(request.headers)
        async with self._held(upload, caller) as held:
            found = await look(lambda: services.find_upload(upload=upload, caller=caller, at=clock.now()))
            offset = await self._write(held, found, request, caller, offset=offset, checksum=checksum)
            if found.state not in KEPT and services.is_half_over(found, clock.now()):
                await act(lambda: services.prolong_upload(upload=found, at=clock.now()))
        return Response(204, _standing(found, offset))

    @asynccontextmanager
    async def _held(
        self,
        upload: uuid.UUID,
        caller: Caller,
        *,
        patience_s: float = _PATIENCE_S,
        stranger: type[UploadDiffersError | UploadUnknownError] = UploadUnknownError,
    ) -> AsyncIterator[UploadLock]:
        """Hold the upload's lock; a `stranger`, whose upload it is not, does not come near it and disturbs nobody."""
        if await look(partial(uploads.is_anothers, upload, caller)):
            raise stranger(upload=upload)
        async with self._locks.held(upload, patience_s=patience_s) as held:
            yield held

    async def _write(
        self,
        held: UploadLock,
        found: Upload,
        request: Request,
        caller: Caller,
        *,
        offset: int,
        checksum: Checksum | None,
    ) -> int:
        """Take the body in at `offset` and return the offset after it."""
        body = request.body
        if found.state in KEPT:
            _check_span(found, offset, found.length, body.length if body.expected else 0)
            return found.length
        staged = await disk(partial(uploads.open_stage, found.id, self._store()))
        try:
            _check_span(found, offset, staged.size, body.length if body.expected else 0)
            if not body.expected:
                return staged.size
            held.writing = writer = Writer(
                staged,
                body,
                live.enter(found.id),
                upload=found.id,
                length=found.length,
                checksum=checksum,
                guard=partial(look, partial(self._check_going_on, found, caller)),
                pace=self._pace,
            )
            return await writer.run()
        finally:
            held.writing = None
            await disk(staged.close)

    def _check_going_on(self, found: Upload, caller: Caller) -> None:
        """Raise if a body that is still coming may not go on: its key was revoked, or the disk's reserve is reached."""
        stations.check_live(caller)
        if self._store().free_bytes() < settings.INSTANCE.settings.vault_reserve_bytes:
            raise VaultFullError(where=str(found.id))

    async def _delete(self, request: Request, caller: Caller, upload: uuid.UUID) -> Response:
        tus.check_request(request.headers)
        async with self._held(upload, caller):
            await act(lambda: uploads.give_up(upload, caller=caller, store=self._store(), at=clock.now()))
        live.forget(upload)
        return Response(204, (tus.RESUMABLE,))

    async def _seal(self, request: Request, caller: Caller, upload: uuid.UUID) -> Response:
        asked = messages.parse_seal(await request.body.whole(_SMALL_BODY))
        async with self._held(upload, caller, patience_s=self._pace.seal_patience_s):
            with live.checking(upload):
                outcome = await act(
                    lambda: sealing.seal_upload(
                        upload=upload,
                        request=asked,
                        caller=caller,
                        store=self._store(),
                        at=clock.now(),
                        wait_s=self._pace.checkpoint_s,
                    )
                )
        live.forget(upload)
        duplicate = (("liuhen-duplicate", "true"),) if outcome.duplicate else ()
        status = 201 if outcome.now and not outcome.duplicate else 200
        return Response(status, (*_RECEIPT_TYPE, *duplicate), outcome.receipt)

    async def _receipt(self, _request: Request, caller: Caller, upload: uuid.UUID) -> Response:
        receipt = await act(
            lambda: sealing.receipt_for(upload=upload, caller=caller, at=clock.now(), wait_s=self._pace.checkpoint_s)
        )
        return Response(200, _RECEIPT_TYPE, receipt)


def _told(request: Request, error: Exception) -> ServerError:
    """Log `error`, and return what the station is told of it; of what the protocol does not list, a number."""
    # A path is the sender's text: with its line breaks it could forge the log's next lines.
    where = ascii(f"{request.method} {request.path}"[:_LOGGED])
    if is_refusal(error):
        if error.status >= 500:  # noqa: PLR2004 - the server's own trouble is its administrator's to see
            _log.warning("%s failed: %s", where, error)
        else:
            _log.info("%s refused: %s", where, error.code)
        return error
    if isinstance(error, DatabaseError):
        _log.error("%s: the database failed", where, exc_info=error)
        return DatabaseFaultError()
    incident = secrets.token_hex(4)
    _log.error("%s: incident %s", where, incident, exc_info=error)
    return IntakeFaultError(incident=incident)


def _standing(upload: Upload, offset: int) -> tuple[tuple[str, str], ...]:
    expiry = () if upload.state in KEPT else (tus.expires(upload.expires_at),)
    return (tus.RESUMABLE, ("upload-offset", str(offset)), *expiry)


def _check_span(upload: Upload, offset: int, present: int, coming: int | None) -> None:
    """Raise unless a body of `coming` bytes (None: not known) may begin at `offset`."""
    if offset != present:
        raise UploadOffsetError(upload=upload.id, given=offset, present=present)
    if offset + (1 if coming is None and present == upload.length else coming or 0) > upload.length:
        raise UploadLongerError(upload=upload.id, length=upload.length, end=offset + (coming or 1))


handler = IntakeHandler()
