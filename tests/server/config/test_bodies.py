"""Bodies of pages, read whole from real and ill-behaved clients before a thread is taken."""

from __future__ import annotations

import asyncio
import http.client
import json
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from liuhen.core.errors import LiuhenError
from liuhen.server.config import bodies
from liuhen.server.config.bodies import BODY_LIMIT, FormTooLargeError, FormTooSlowError, read_whole
from tests.support.asgi_server import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


class Door:
    """A front door with one page, which answers the size of what it was sent; it keeps what became of each request."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.ended = threading.Semaphore(0)

    async def __call__(self, _scope: Any, receive: Any, send: Any) -> None:
        status, answer = 200, ""
        try:
            whole = await read_whole(receive)
        except LiuhenError as error:
            status, answer = 413, error.code
        else:
            answer = "gone" if whole is None else str(len((await whole())["body"]))
        self.seen.append(answer)
        self.ended.release()
        headers = [(b"connection", b"close"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.encode()})


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def address(door: Door) -> Iterator[tuple[str, int]]:
    with serving(door) as at:
        yield at


def post(address: tuple[str, int], body: bytes) -> tuple[int, str]:
    connection = http.client.HTTPConnection(*address, timeout=30)
    connection.request("POST", "/", body=body)
    answer = connection.getresponse()
    try:
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def send_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(bytes(1 << 20))


@pytest.mark.parametrize("size", [0, 1, 70_000, BODY_LIMIT])
def test_a_body_within_the_limit_arrives_whole(address: tuple[str, int], size: int) -> None:
    assert post(address, b"x" * size) == (200, str(size))


@pytest.mark.parametrize("size", [BODY_LIMIT + 1, 8 * BODY_LIMIT], ids=["one-byte-over", "eight-times"])
def test_a_client_that_sends_too_much_gets_its_refusal_once_it_has_sent_all(
    address: tuple[str, int], size: int
) -> None:
    assert post(address, b"x" * size) == (413, "form-too-large")


def test_a_client_that_sends_without_end_is_cut_off(
    address: tuple[str, int], door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "_DROPPED", 1 << 20)
    with socket.create_connection(address) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n")
        with pytest.raises(OSError, match=r"reset|[Bb]roken pipe"):
            send_for_ever(connection)
    assert door.seen == ["form-too-large"]


def test_a_client_that_sends_too_much_and_then_no_more_is_not_waited_for(
    address: tuple[str, int], door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.3)
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n" + b"x" * (BODY_LIMIT + 1))
        assert connection.recv(12) == b"HTTP/1.1 413"
    assert door.seen == ["form-too-large"]


def test_a_client_that_trickles_its_form_is_refused_when_its_time_is_over(
    address: tuple[str, int], door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_SECONDS", 0.5)
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nname=")
        assert connection.recv(12) == b"HTTP/1.1 413"
    assert door.seen == ["form-too-slow"]


def test_of_a_client_that_leaves_before_its_form_is_whole_nothing_is_acted_on(
    address: tuple[str, int], door: Door
) -> None:
    with socket.create_connection(address) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nname=half")
    assert door.ended.acquire(timeout=30)
    assert door.seen == ["gone"]


def test_after_the_body_a_page_sees_the_client_leave() -> None:
    messages: list[dict[str, Any]] = [
        {"type": "http.request", "body": b"ab", "more_body": True},
        {"type": "http.request", "body": b"c"},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def read() -> list[Any]:
        whole = await read_whole(receive)
        assert whole is not None
        return [await whole(), await whole()]

    assert asyncio.run(read()) == [
        {"type": "http.request", "body": b"abc", "more_body": False},
        {"type": "http.disconnect"},
    ]


def test_the_refusals_say_how_much_and_how_long() -> None:
    for error in (FormTooLargeError(limit=BODY_LIMIT), FormTooSlowError(seconds=20.0)):
        said = json.dumps(error.as_dict(), ensure_ascii=False)
        assert said.count("2097152" if isinstance(error, FormTooLargeError) else "20 ") >= 2
