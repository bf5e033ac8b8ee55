"""The intake protocol over HTTP/1.1, with a tus 1.0.0 client of our own.

Own, because the collector must put bytes and offsets before anything else: it believes no offset but the server's,
follows no redirect with the station key, uses no proxy of the environment, and streams from the device as it reads.
"""

from __future__ import annotations

import base64
import json
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from liuhen.collector.clock import ServerTime
from liuhen.collector.errors import (
    CollectorError,
    RefusedError,
    ServerAddressError,
    ServerAnswerError,
    ServerNotSecureError,
    ServerUnreachableError,
)
from liuhen.collector.transport.interface import Seal
from liuhen.collector.transport.refusals import REFUSALS, code_of_head, effect_of, has_failed, words_of_head
from liuhen.core.canonical import canonical
from liuhen.core.errors import both
from liuhen.core.forms import parse_time
from liuhen.core.naming import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType
    from typing import Self

    from liuhen.collector.wire import FileDeclaration
    from liuhen.core.digests import Digests

__all__ = ["HttpTransport"]

_TUS: Final = {"Tus-Resumable": "1.0.0"}
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
_CONNECT_S: Final = 10.0
# The server answers a piece after its fsync, and a seal after the checkpoint that covers it.
_ANSWER_S: Final = 120.0
_SHOWN_BODY: Final = 200
_SHOWN_WORDS: Final = 2000
_MOST_DIGITS: Final = 19  # of an offset; what Python would not even read is longer by far
_MAX_ANSWER: Final = 2 << 20
_DONE: Final = frozenset({200, 201, 204})


class HttpTransport:
    """A server at `url`, spoken to with the station's bearer `key`; a context manager that closes the connections."""

    def __init__(self, url: str, key: str) -> None:
        """Prepare, without connecting.

        Raises:
            ServerAddressError: `url` is no http address.
            ServerNotSecureError: it is unencrypted and not this computer's own.
        """
        self._url = _checked_address(url)
        self._client = httpx.Client(
            base_url=self._url,
            headers={"Authorization": f"Bearer {key}", "Accept": "application/json"},
            timeout=httpx.Timeout(_ANSWER_S, connect=_CONNECT_S, pool=None),
            verify=ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._client.close()

    def time(self) -> ServerTime:
        """See `Transport`."""
        asked = time.monotonic_ns()
        answer = self._ask("GET", "/intake/time")
        answered = time.monotonic_ns()
        try:
            return ServerTime(parse_time(json.loads(answer.body)["time"]), asked, answered)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._outside(answer) from error

    def open_collection(self, collection: str, body: Mapping[str, Any]) -> None:
        """See `Transport`."""
        self._ask("PUT", f"/intake/collections/{collection}", json_body=body)

    def close_collection(self, collection: str, body: Mapping[str, Any]) -> None:
        """See `Transport`."""
        self._ask("POST", f"/intake/collections/{collection}/close", json_body=body)

    def create(self, declaration: FileDeclaration, size: int) -> int:
        """See `Transport`."""
        encoded = base64.b64encode(canonical(declaration.as_json())).decode()
        headers = {**_TUS, "Upload-Length": str(size), "Upload-Metadata": f"declaration {encoded}"}
        return self._offset_of(self._ask("POST", "/intake/uploads", headers=headers), size)

    def offset(self, upload: str, size: int) -> int:
        """See `Transport`."""
        return self._offset_of(self._ask("HEAD", f"/intake/uploads/{upload}", headers=_TUS), size)

    def append(self, upload: str, offset: int, chunks: Iterable[bytes], length: int) -> int:
        """See `Transport`."""
        headers = {
            **_TUS,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(length),
        }
        answer = self._ask("PATCH", f"/intake/uploads/{upload}", headers=headers, content=chunks)
        return self._offset_of(answer, offset + length)

    def seal(self, upload: str, digests: Digests) -> Seal:
        """See `Transport`."""
        body = {"v": 1, "size": digests.size, "sha256": digests.sha256, "sm3": digests.sm3}
        answer = self._ask("POST", f"/intake/uploads/{upload}/seal", json_body=body)
        return Seal(answer.body, duplicate=answer.headers.get("Liuhen-Duplicate") == "true")

    def discard(self, upload: str) -> None:
        """See `Transport`."""
        self._ask("DELETE", f"/intake/uploads/{upload}", headers=_TUS)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        json_body: Mapping[str, Any] | None = None,
        content: Iterable[bytes] | bytes | None = None,
    ) -> _Answer:
        if json_body is not None:
            headers = {"Content-Type": "application/json"}
            content = canonical(json_body)
        try:
            with self._client.stream(method, path, headers=headers, content=content) as response:
                answer = _Answer(method, response.status_code, response.headers, self._body_of(response))
        except httpx.RequestError as error:
            raise self._unreachable(_in_chinese(error), str(error) or type(error).__name__) from error
        if answer.status in _DONE:
            return answer
        raise self._refusal(answer)

    def _body_of(self, response: httpx.Response) -> bytes:
        """Return the body, cut off far beyond what any answer of the protocol holds."""
        body = bytearray()
        try:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > _MAX_ANSWER:
                    break
        except httpx.DecodingError as error:
            garbled = both("内容无法解码", "its content cannot be decoded")
            raise ServerAnswerError(url=self._url, status=response.status_code, body=garbled) from error
        return bytes(body[:_MAX_ANSWER])

    def _offset_of(self, answer: _Answer, most: int) -> int:
        text = answer.headers.get("Upload-Offset", "")
        if not (text.isascii() and text.isdigit()) or len(text) > _MOST_DIGITS or int(text) > most:
            raise self._outside(answer)
        return int(text)

    def _refusal(self, answer: _Answer) -> CollectorError:
        """Return the error for an answer that says no, or is none of ours."""
        try:
            table = json.loads(answer.body)
            code, zh, en = (_shown(table[key]) for key in ("code", "zh", "en"))
        except (ValueError, KeyError, TypeError, RecursionError):
            return self._wordless(answer)
        return self._refused(effect_of(code, answer.status), code, zh, en)

    def _wordless(self, answer: _Answer) -> CollectorError:
        """Return the error for an answer without our words: to a HEAD, from a proxy, from another server."""
        code = code_of_head(answer.status, answer.headers.get("Liuhen-Code")) if answer.method == "HEAD" else None
        if code is not None:
            return self._refused(REFUSALS[code], code, *words_of_head(code))
        if has_failed(answer.status):
            return self._unreachable(f"HTTP {answer.status}", f"HTTP {answer.status}")
        return self._outside(answer)

    def _refused(
        self, kind: type[RefusedError | ServerUnreachableError], code: str, zh: str, en: str
    ) -> CollectorError:
        if issubclass(kind, ServerUnreachableError):
            return kind(url=self._url, reason=both(zh.removesuffix("。"), en.removesuffix(".")))
        return kind(refusal=code, words=both(zh, en))

    def _unreachable(self, zh: str, en: str) -> ServerUnreachableError:
        return ServerUnreachableError(url=self._url, reason=both(zh, visible(en)))

    def _outside(self, answer: _Answer) -> ServerAnswerError:
        body = visible(answer.body[:_SHOWN_BODY].decode("utf-8", "replace"))
        return ServerAnswerError(url=self._url, status=answer.status, body=body)


def _in_chinese(error: httpx.RequestError) -> str:
    """Return what broke, in words of our own: the library has English ones only."""
    match error:
        case httpx.ConnectError() | httpx.ConnectTimeout():
            return "无法建立连接"
        case httpx.TimeoutException():
            return "等待应答超时"
        case httpx.ReadError() | httpx.WriteError() | httpx.CloseError() | httpx.RemoteProtocolError():
            return "连接中途断开"
        case _:
            return "网络通信失败"


def _shown(text: Any) -> str:
    """Return what a server says as safe text of bounded length.

    Raises:
        TypeError: it is no text.
    """
    if not isinstance(text, str):
        raise TypeError("no text")
    return visible(text[:_SHOWN_WORDS])


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came back: status, headers, and a body of bounded size."""

    method: str
    status: int
    headers: httpx.Headers
    body: bytes


def _checked_address(url: str) -> str:
    """Return `url` without slashes at its end, if a connection can be tried and its key will be safe.

    Raises:
        ServerAddressError: it is no http address, or no name server could be asked for its host.
        ServerNotSecureError: it is unencrypted and not this computer's own.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
        parsed = httpx.URL(url)
        # Two standards stand between here and the connection, each with hosts that the other takes: httpx reads the
        # host by IDNA 2008, the socket module encodes it by IDNA 2003.
        _ = parsed.host, parsed.raw_host.decode("ascii").encode("idna")
    except (ValueError, httpx.InvalidURL) as error:
        raise ServerAddressError(url=url) from error
    if parts.scheme not in {"http", "https"} or not host or parts.query or parts.fragment or parts.username:
        raise ServerAddressError(url=url)
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise ServerNotSecureError(url=url)
    return url.rstrip("/")
