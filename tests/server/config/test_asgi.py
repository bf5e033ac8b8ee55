"""The front door on a real socket: which part answers, and that slow clients hold no thread of the pages."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
from typing import TYPE_CHECKING, Any

import pytest

from liuhen.server.config import asgi, bodies
from liuhen.server.config.asgi import application
from tests.support.asgi_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE_THREADS = 8


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with serving(application) as at:
        yield at


def ask(address: tuple[str, int], path: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=60)
    connection.request(method, path, body=body)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read()
    finally:
        connection.close()


def test_uploads_media_and_the_ledgers_files_have_doors_of_their_own(address: tuple[str, int]) -> None:
    """Without a key, a session or a ledger each refuses in JSON, which no page does."""
    for path in ("/intake/uploads/none", "/media/none/none", "/ledger/none"):
        status, body = ask(address, path)
        assert 400 <= status < 500, path
        assert json.loads(body)["code"], path


def test_everything_else_is_a_page_or_a_static_file(address: tuple[str, int]) -> None:
    assert ask(address, "/static/web/liuhen.css")[0] == 200
    assert ask(address, "/ledgers/")[0] == 404
    assert ask(address, "/no/such/page")[0] == 404


def test_a_form_that_is_too_large_is_refused_in_both_languages(address: tuple[str, int]) -> None:
    status, body = ask(address, "/log-in", "POST", bytes(bodies.BODY_LIMIT + 1))
    assert status == 413
    assert json.loads(body)["code"] == "form-too-large"
    assert json.loads(body).keys() == {"code", "zh", "en"}


def test_a_form_that_trickles_in_is_refused_when_its_time_is_over(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.3)
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(b"POST /log-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nusername=")
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert answer.status == 408
        assert json.loads(answer.read())["code"] == "form-too-slow"


def trickling(address: tuple[str, int]) -> socket.socket:
    connection = socket.create_connection(address)
    connection.sendall(b"POST /log-in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nusername=")
    return connection


def not_reading(address: tuple[str, int]) -> socket.socket:
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(address)
    connection.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection


def large_and_small(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
    """A page of sixteen megabytes, which is more than the buffers of a connection take, and one of two bytes."""
    start_response("200 OK", [])
    yield from (bytes(8192) for _ in range(2048)) if environ["PATH_INFO"] == "/large" else (b"ok",)


@pytest.mark.parametrize("slow_client", [trickling, not_reading])
def test_slow_clients_of_pages_keep_nobody_else_waiting(
    address: tuple[str, int], slow_client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asgi._pages, "app", large_and_small)
    slow = [slow_client(address) for _ in range(2 * PAGE_THREADS)]
    try:
        assert ask(address, "/small") == (200, b"ok")
    finally:
        for connection in slow:
            connection.close()


def test_a_request_whose_sender_has_left_reaches_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_page(*_whatever: Any) -> None:
        raise AssertionError("a page was called")

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    monkeypatch.setattr(asgi, "_pages", no_page)
    asyncio.run(application({"type": "http", "path": "/log-in"}, gone, send))
    assert sent == []


def test_start_and_end_of_the_server_are_confirmed() -> None:
    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    sent: list[str] = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(application({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
