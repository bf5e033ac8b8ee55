"""The ledger's read-only files over HTTP: plain ASGI, C2SP tlog-tiles paths below `/ledger/`.

Entries hold nothing personal, so the files are open to everybody; `ledger_public = false` closes them to all but people
who may read the ledger, as `authorise` says.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from liuhen.core.errors import LiuhenError
from liuhen.core.tlog.errors import TlogError
from liuhen.core.tlog.tiles import CHECKPOINT_PATH, parse_path
from liuhen.server.ledger import selectors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    type Scope = dict[str, Any]
    type Receive = Callable[[], Awaitable[dict[str, Any]]]
    type Send = Callable[[dict[str, Any]], Awaitable[None]]

__all__ = ["LedgerApp", "LedgerClosedError", "LedgerFileMissingError", "LedgerMethodError"]

_PREFIX: Final = "/ledger/"
_NEVER: Final = b"no-store"
_FOREVER: Final = b"public, max-age=31536000, immutable"
_day = re.compile(r"heads/[0-9]{4}-[0-9]{2}-[0-9]{2}\.json").fullmatch


class LedgerFileMissingError(LiuhenError):
    """There is no such file of the ledger."""

    code = "ledger-file-missing"
    zh = "账本中没有 {path}。可读取的路径见 docs/spec/ledger.md。"
    en = "The ledger has no {path}. The paths that can be read are in docs/spec/ledger.md."


class LedgerMethodError(LiuhenError):
    """The ledger is only read."""

    code = "ledger-method"
    zh = "账本只读，不接受 {method}。请用 GET 或 HEAD。"
    en = "The ledger is only read; {method} is not taken. Use GET or HEAD."


class LedgerClosedError(LiuhenError):
    """The agency keeps its ledger closed, and the caller may not read it."""

    code = "ledger-closed"
    zh = "本单位未公开账本（ledger_public = false）。请以审计员登录后读取。"
    en = "This agency keeps its ledger closed (ledger_public = false). Log in as an auditor to read it."


class LedgerApp:
    """The ASGI application; `authorise` says whether a request's sender may read a closed ledger."""

    def __init__(self, authorise: Callable[[Scope], Awaitable[bool]]) -> None:
        self._authorise = authorise

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        del receive
        method, path = scope["method"], scope["path"].removeprefix(_PREFIX)
        try:
            await self._admit(scope)
            data, kind, cache = await asyncio.to_thread(_file, path)
        except LedgerMethodError as error:
            await _answer(send, 405, *_problem(error), head=False)
        except LedgerClosedError as error:
            await _answer(send, 403, *_problem(error), head=method == "HEAD")
        except LedgerFileMissingError as error:
            await _answer(send, 404, *_problem(error), head=method == "HEAD")
        else:
            await _answer(send, 200, data, kind, cache, head=method == "HEAD")

    async def _admit(self, scope: Scope) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            raise LedgerMethodError(method=scope["method"])
        if not settings.INSTANCE.settings.ledger_public and not await self._authorise(scope):
            raise LedgerClosedError


def _file(path: str) -> tuple[bytes, bytes, bytes]:
    """Return a file's bytes, content type and cache rule. A tile has at most 8 KiB, a bundle 16 MiB."""
    folder = selectors.ledger_folder()
    if path == "key":
        return f"{selectors.verifier_key().to_text()}\n".encode(), b"text/plain; charset=utf-8", _NEVER
    if path == CHECKPOINT_PATH:
        kind, cache = b"text/plain; charset=utf-8", _NEVER
    elif _day(path):
        kind, cache = b"application/json", _FOREVER
    else:
        try:
            parse_path(path)
        except TlogError as error:
            raise LedgerFileMissingError(path=path[:80]) from error
        kind, cache = b"application/octet-stream", _FOREVER
    try:
        return folder.read(path), kind, cache
    except OSError as error:
        raise LedgerFileMissingError(path=path) from error


def _problem(error: LiuhenError) -> tuple[bytes, bytes, bytes]:
    body = json.dumps(error.as_dict(), ensure_ascii=False).encode()
    return body, b"application/json; charset=utf-8", _NEVER


async def _answer(send: Send, status: int, body: bytes, kind: bytes, cache: bytes, *, head: bool) -> None:
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", cache),
        (b"x-content-type-options", b"nosniff"),
    ]
    if status == 405:  # noqa: PLR2004 - RFC 9110 asks for the methods that are allowed
        headers.append((b"allow", b"GET, HEAD"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head else body})
