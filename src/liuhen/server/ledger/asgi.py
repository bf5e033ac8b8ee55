"""The ledger's read-only files over HTTP: plain ASGI, C2SP tlog-tiles paths below `/ledger/`.

Entries hold nothing personal, so the files are open to everybody; `ledger_public = false` closes them to all but people
who may read the ledger. Only what the published checkpoint covers is served: what lies beyond may still change.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, Final

from django.conf import settings

from liuhen.core.tlog.errors import TilePathError
from liuhen.core.tlog.tiles import CHECKPOINT_PATH, TILE_HEIGHT, TILE_WIDTH, BundlePath, parse_path
from liuhen.server.accounts.policy import Ability, allows
from liuhen.server.accounts.selectors import actor_of, person_of_session
from liuhen.server.kernel.asgi import JSON_TYPE, NOSNIFF, Threads, send_error, session_key_of
from liuhen.server.kernel.errors import ReadOnlyError, ServerError
from liuhen.server.ledger import selectors
from liuhen.server.ledger.errors import LedgerClosedError, LedgerFileMissingError, NoCheckpointError
from liuhen.server.ledger.files import HEADS_FOLDER, KEY_PATH

if TYPE_CHECKING:
    from collections.abc import Callable

    from liuhen.server.kernel.asgi import Headers, Receive, Scope, Send

__all__ = [
    "LedgerHandler",
    "handler",
    "may_read_by_session",
]

PIECE: Final = 256 << 10

_PREFIX: Final = "/ledger/"
_PUBLIC_FOREVER: Final = b"public, max-age=31536000, immutable"
_PUBLIC_BRIEFLY: Final = b"public, max-age=3600"
_NEVER: Final = b"no-store"
_TEXT: Final = b"text/plain; charset=utf-8"
_JSON: Final = JSON_TYPE[1]
_BYTES: Final = b"application/octet-stream"
_heads = re.compile(rf"{HEADS_FOLDER}/[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}\.json").fullmatch
_threads: Final = Threads("ledger", 4)


@dataclass(frozen=True, slots=True)
class _Served:
    """An open file with its first piece, and how it is to be sent."""

    file: BinaryIO
    size: int
    first: bytes
    kind: bytes
    cache: bytes


def may_read_by_session(scope: Scope) -> bool:
    """Tell whether the request's session is of a person who may read the ledger. Blocks: it asks the database."""
    person = person_of_session(session_key_of(scope))
    return person is not None and allows(actor_of(person), Ability.READ_LEDGER)


class LedgerHandler:
    """Answers `/ledger/*`; `authorise` says, in a thread, whether a request's sender may read a closed ledger."""

    def __init__(self, authorise: Callable[[Scope], bool] = may_read_by_session) -> None:
        self._authorise = authorise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        del receive
        try:
            await self._admit(scope)
            served = await _threads.run(partial(_open, scope["path"].removeprefix(_PREFIX)))
        except ServerError as error:
            await _refuse(send, error, with_body=scope["method"] != "HEAD")
            return
        try:
            headers = _headers(served.kind, served.size, served.cache)
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            piece, left = (b"", 0) if scope["method"] == "HEAD" else (served.first, served.size - len(served.first))
            while left > 0:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await _threads.run(partial(served.file.read, min(PIECE, left)))
                if not piece:
                    raise OSError(f"{served.file.name} was cut short while it was sent")
                left -= len(piece)
            await send({"type": "http.response.body", "body": piece})
        finally:
            served.file.close()

    async def _admit(self, scope: Scope) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            raise ReadOnlyError(path=scope["path"][:80], method=scope["method"][:20])
        if not _is_public() and not await _threads.with_database(partial(self._authorise, scope)):
            raise LedgerClosedError


def _is_public() -> bool:
    public: bool = settings.INSTANCE.settings.ledger_public
    return public


def _open(path: str) -> _Served:
    kind, cache = _rule(path)
    try:
        file = (selectors.ledger_folder().root / path).open("rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise LedgerFileMissingError(path=path) from error
    try:
        return _Served(file, _size_of(file), file.read(PIECE), kind, cache if _is_public() else _NEVER)
    except BaseException:
        file.close()
        raise


def _size_of(file: BinaryIO) -> int:
    return os.fstat(file.fileno()).st_size


def _rule(path: str) -> tuple[bytes, bytes]:
    """Return content type and cache rule of `path`.

    Raises:
        LedgerFileMissingError: `path` is none of the ledger's, or beyond the published checkpoint.
    """
    if path in {CHECKPOINT_PATH, KEY_PATH}:
        return _TEXT, _NEVER
    if _heads(path):
        return _JSON, _PUBLIC_BRIEFLY
    try:
        place = parse_path(path)
        size = int(selectors.latest_note().split(b"\n", 2)[1])
    except (TilePathError, NoCheckpointError) as error:
        raise LedgerFileMissingError(path=path[:80]) from error
    level = 0 if isinstance(place, BundlePath) else place.level
    if place.index * TILE_WIDTH + place.width > size >> TILE_HEIGHT * level:
        raise LedgerFileMissingError(path=path)
    # A partial file never changes either, but it goes when the full one comes.
    return _BYTES, _PUBLIC_FOREVER if place.width == TILE_WIDTH else _PUBLIC_BRIEFLY


def _headers(kind: bytes, length: int, cache: bytes) -> Headers:
    return [
        (b"content-type", kind),
        (b"content-length", str(length).encode()),
        (b"cache-control", cache),
        NOSNIFF,
    ]


async def _refuse(send: Send, error: ServerError, *, with_body: bool) -> None:
    headers: Headers = [(b"cache-control", _NEVER), NOSNIFF]
    if isinstance(error, ReadOnlyError):
        headers.append((b"allow", b"GET, HEAD"))
    await send_error(send, error, headers=headers, with_body=with_body)


handler = LedgerHandler()
