"""The small intake over HTTP on loopback: tus 1.0.0 as far as the collector uses it."""

from __future__ import annotations

import base64
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.collector.fake_intake import FakeIntake, Refusal
from tests.collector.kit import SealedFile

from liuhen.core.digests import sha256
from liuhen.core.forms import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


__all__ = ["FakeServer", "fake_server"]

STATION = "0193a1b2-0000-4000-8000-000000000001"
KEY = "lhs_test_0123456789abcdef"


@dataclass(frozen=True)
class FakeServer:
    """A running server, see `IntakeServer`; `intake` is what it has taken in."""

    url: str
    key_file: Path
    intake: FakeIntake

    def sealed(self) -> list[SealedFile]:
        """See `IntakeServer`."""
        return [
            SealedFile(one.name, one.path, one.role, len(one.data), sha256(one.data).hex(), one.recording)
            for one in self.intake.sealed
        ]

    def openings(self) -> dict[str, dict[str, Any]]:
        """See `IntakeServer`."""
        return {key: one.body for key, one in self.intake.collections.items()}

    def closings(self, collection: str) -> list[dict[str, Any]]:
        """See `IntakeServer`."""
        return self.intake.collections[collection].closings

    def declarations(self) -> list[dict[str, Any]]:
        """See `IntakeServer`."""
        return [one.declaration for one in self.intake.uploads.values()]

    def revoke_key(self) -> None:
        """See `IntakeServer`."""
        self.intake.revoked = True


@contextmanager
def fake_server(folder: Path) -> Iterator[FakeServer]:
    """Serve on a free port of loopback until the block ends; `folder` takes the station key file."""
    intake = FakeIntake(STATION)
    handler = type("Handler", (_Handler,), {"intake": intake})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        key_file = write_key(folder / "station.json", intake.ledger.key.verifier.to_text())
        try:
            yield FakeServer(f"http://127.0.0.1:{server.server_port}", key_file, intake)
        finally:
            server.shutdown()
            thread.join()


def write_key(path: Path, log: str, key: str = KEY) -> Path:
    """Write a station key file as `liuhen station add` does."""
    table = {"v": 1, "station": STATION, "name": "一号采集站", "key": key, "log": log}
    path.write_text(json.dumps(table), encoding="utf-8")
    path.chmod(0o600)
    return path


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    intake: FakeIntake
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the base class
        """Stay quiet."""

    def _route(self) -> None:
        try:
            self._check_key()
            action, groups = self._find()
            action(self, *groups)
        except Refusal as refusal:
            self._answer(refusal.status, json.dumps(refusal.body).encode())

    def _find(self) -> tuple[Any, tuple[str, ...]]:
        for method, pattern, action in _ROUTES:
            match = re.fullmatch(pattern, self.path)
            if match and method == self.command:
                return action, match.groups()
        raise Refusal(404, "not-found")

    do_GET = do_PUT = do_POST = do_PATCH = do_HEAD = do_DELETE = _route  # noqa: N815 - http.server calls them so

    def _check_key(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            raise Refusal(401, "station-key-unknown")
        if self.intake.revoked:
            raise Refusal(401, "station-key-revoked")

    def _json(self) -> dict[str, Any]:
        length = int(self.headers["Content-Length"])
        body = self.rfile.read(length)
        if len(body) != length:
            raise ConnectionResetError
        value: dict[str, Any] = json.loads(body)
        return value

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        if status >= 400:
            # The rest of a refused body was not read: nothing after it on this connection makes sense.
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _time(self) -> None:
        now = datetime.now(UTC)  # noqa: TID251 - the fake server's own clock
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._answer(200, json.dumps({"time": format_time(now)}).encode())

    def _open(self, collection: str) -> None:
        self._answer(self.intake.open_collection(collection, self._json()))

    def _close(self, collection: str) -> None:
        self.intake.close_collection(collection, self._json())
        self._answer(200)

    def _create(self) -> None:
        kind, encoded = self.headers["Upload-Metadata"].split(" ")
        assert kind == "declaration"
        declaration = json.loads(base64.b64decode(encoded, validate=True))
        status, upload = self.intake.create(declaration, int(self.headers["Upload-Length"]))
        location = f"/intake/uploads/{declaration['upload']}"
        self._answer(status, Location=location, Upload_Offset=str(len(upload.data)), Tus_Resumable="1.0.0")

    def _offset(self, upload_id: str) -> None:
        upload = self.intake.upload(upload_id)
        self._answer(200, Upload_Offset=str(len(upload.data)), Upload_Length=str(upload.length), Tus_Resumable="1.0.0")

    def _append(self, upload_id: str) -> None:
        upload = self.intake.upload(upload_id)
        if not upload.writing.acquire(blocking=False):
            raise Refusal(423, "upload-locked")
        try:
            if int(self.headers["Upload-Offset"]) != len(upload.data):
                raise Refusal(409, "upload-offset", offset=len(upload.data))
            left = int(self.headers["Content-Length"])
            if len(upload.data) + left > upload.length:
                raise Refusal(400, "upload-longer")
            while left:
                piece = self.rfile.read1(min(left, 1 << 16))
                if not piece:
                    self.close_connection = True
                    return
                upload.data += piece
                left -= len(piece)
        finally:
            upload.writing.release()
        self._answer(204, Upload_Offset=str(len(upload.data)), Tus_Resumable="1.0.0")

    def _seal(self, upload_id: str) -> None:
        status, duplicate, receipt = self.intake.seal(upload_id, self._json())
        headers = {"Liuhen_Duplicate": "true"} if duplicate else {}
        self._answer(status, receipt, Content_Type="application/json", **headers)

    def _discard(self, upload_id: str) -> None:
        self.intake.discard(upload_id)
        self._answer(204)


_ID = "([0-9a-f-]{36})"
_ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "/intake/time", _Handler._time),
    ("PUT", f"/intake/collections/{_ID}", _Handler._open),
    ("POST", f"/intake/collections/{_ID}/close", _Handler._close),
    ("POST", "/intake/uploads", _Handler._create),
    ("HEAD", f"/intake/uploads/{_ID}", _Handler._offset),
    ("PATCH", f"/intake/uploads/{_ID}", _Handler._append),
    ("DELETE", f"/intake/uploads/{_ID}", _Handler._discard),
    ("POST", f"/intake/uploads/{_ID}/seal", _Handler._seal),
]
