"""A network that fails on purpose, between a station and any server: by request, or by the very byte."""

from __future__ import annotations

import http.client
import json
import re
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Fault", "FaultyNetwork", "Hold", "cut_at_byte", "faulty_network", "refusal"]

PIECE = 1 << 16


def refusal(code: str) -> bytes:
    """Return the body of a server's answer that says no."""
    return json.dumps({"code": code, "zh": f"否：{code}", "en": f"no: {code}", "where": {}}).encode()


@dataclass
class Hold:
    """Stops a request in mid-body, or before its answer: `reached` is set then, `release` lets it go on."""

    before_answer: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


@dataclass
class Fault:
    """What happens to the requests that match; one of the last eight but `headers` says what.

    `skip` lets that many pass first, `times` says how often it happens.
    """

    method: str
    path: str = ".*"
    skip: int = 0
    times: int = 1
    cut_after: int | None = None  # forward so many bytes of the body, then break both connections
    lose_answer: bool = False  # forward all, then break the connection in place of the answer
    answer: tuple[int, bytes] | None = None  # answer so, forward nothing
    headers: tuple[tuple[str, str], ...] = ()  # of that answer
    alter_answer: Callable[[bytes], bytes] | None = None
    flip_at: int | None = None  # turn a bit of this byte of the body
    hold_after: int | None = None  # forward so many bytes, then stand at `hold`
    hold: Hold | None = None


class FaultyNetwork:
    """Where it listens, and the faults to come; `down` refuses every connection."""

    def __init__(self, upstream: str) -> None:
        self.upstream = urlsplit(upstream)
        self.url = ""
        self.down = False
        self.requests: list[tuple[str, str]] = []
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> Fault:
        """Let `fault` happen."""
        self._faults.append(fault)
        return fault

    def mend(self) -> None:
        """Let nothing go wrong from now on."""
        self._faults.clear()

    @contextmanager
    def refusing(self, method: str, path: str = ".*", *, skip: int = 0) -> Iterator[None]:
        """Answer such requests with 503 until the block ends."""
        self.add(Fault(method, path, skip=skip, times=1000, answer=(503, b"")))
        yield
        self.mend()

    def fault_of(self, method: str, path: str) -> Fault:
        """Return what happens to this request."""
        with self._lock:
            self.requests.append((method, path))
            for fault in self._faults:
                if fault.method == method and re.fullmatch(fault.path, path) and fault.times:
                    if fault.skip:
                        fault.skip -= 1
                        continue
                    fault.times -= 1
                    return fault
            return Fault(method)


@contextmanager
def faulty_network(upstream: str) -> Iterator[FaultyNetwork]:
    """Relay to `upstream` from a free port of loopback until the block ends."""
    network = FaultyNetwork(upstream)
    handler = type("Handler", (_Relay,), {"network": network})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        network.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield network
        finally:
            server.shutdown()
            thread.join()


class _Relay(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    network: FaultyNetwork

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Stay quiet."""

    def _relay(self) -> None:
        fault = self.network.fault_of(self.command, self.path)
        if self.network.down:
            self._break()
            return
        if fault.answer is not None:
            status, body = fault.answer
            usual = [("Content-Type", "application/json"), ("Connection", "close")]
            self._answer(status, [*usual, *fault.headers], body)
            self.close_connection = True
            return
        upstream = http.client.HTTPConnection(self.network.upstream.netloc, timeout=30)
        try:
            self._forward(upstream, fault)
        except (ConnectionError, http.client.HTTPException, TimeoutError):
            self._break()
        finally:
            upstream.close()

    do_GET = do_PUT = do_POST = do_PATCH = do_HEAD = do_DELETE = _relay  # noqa: N815 - http.server calls them so

    def _forward(self, upstream: http.client.HTTPConnection, fault: Fault) -> None:
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders()
        left = int(self.headers.get("Content-Length", 0))
        if not self._forward_body(upstream, left, fault):
            self._break()
            return
        answer = upstream.getresponse()
        body = answer.read()
        if fault.hold is not None and fault.hold.before_answer:
            fault.hold.reached.set()
            fault.hold.release.wait(30)
        if fault.lose_answer:
            self._break()
            return
        if fault.alter_answer is not None:
            body = fault.alter_answer(body)
        self._answer(answer.status, answer.getheaders(), body)

    def _forward_body(self, upstream: http.client.HTTPConnection, left: int, fault: Fault) -> bool:
        sent = 0
        while True:
            if fault.cut_after is not None and sent >= fault.cut_after:
                return False
            if fault.hold is not None and not fault.hold.before_answer and sent >= (fault.hold_after or 0):
                fault.hold.reached.set()
                fault.hold.release.wait(30)
            if sent == left:
                return True
            stops = [stop for stop in (fault.cut_after, fault.hold_after) if stop is not None and stop > sent]
            piece = self.rfile.read1(min([left - sent, PIECE, *(stop - sent for stop in stops)]))
            if not piece:
                return False
            if fault.flip_at is not None and sent <= fault.flip_at < sent + len(piece):
                at = fault.flip_at - sent
                piece = piece[:at] + bytes([piece[at] ^ 1]) + piece[at + 1 :]
            upstream.send(piece)
            sent += len(piece)

    def _answer(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"content-length", "date", "server"}:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _break(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def cut_at_byte(upstream: str, at: int, *, answers: bool) -> Iterator[str]:
    """Relay raw bytes and break every connection once, when `at` bytes went up (or down, if `answers`)."""
    relay = _RawRelay(upstream, at, answers=answers)
    try:
        yield relay.url
    finally:
        relay.close()


class _RawRelay:
    def __init__(self, upstream: str, at: int, *, answers: bool) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 0)
        self._left: int | None = at
        self._answers = answers
        self._lock = threading.Lock()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._break_all()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(self._upstream)
            with self._lock:
                self._open += [near, far]
                for one, other, counted in ((near, far, not self._answers), (far, near, self._answers)):
                    thread = threading.Thread(target=self._pump, args=(one, other, counted), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _pump(self, one: socket.socket, other: socket.socket, counted: bool) -> None:  # noqa: FBT001 - a thread's target
        with suppress(OSError):
            while piece := one.recv(PIECE):
                passing = self._let_pass(len(piece)) if counted else len(piece)
                other.sendall(piece[:passing])
                if passing < len(piece):
                    self._break_all()
                    return
        for end in (one, other):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _let_pass(self, count: int) -> int:
        with self._lock:
            if self._left is None or count <= self._left:
                self._left = None if self._left is None else self._left - count
                return count
            passing, self._left = self._left, None
            return passing

    def _break_all(self) -> None:
        with self._lock:
            broken, self._open = self._open, []
        for end in broken:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
