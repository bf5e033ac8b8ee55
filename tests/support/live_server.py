"""Starting the intake server of `tests.support.intake_server`, and being a station that speaks to it."""

from __future__ import annotations

import base64
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from liuhen.core.digests import Digests, digest_stream
from liuhen.core.tlog.note import VerifierKey
from liuhen.core.verify import InRole, SameOriginal, verify_receipt
from liuhen.core.verify.policy import AllOf

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from liuhen.core.verify import ReceiptFacts

__all__ = ["LiveServer", "RawAnswer", "StationClient", "encoded", "metadata_of", "read_answer"]

TUS = {"Tus-Resumable": "1.0.0"}
CHUNK = {**TUS, "Content-Type": "application/offset+octet-stream"}


def encoded(value: bytes | str) -> str:
    """Return `value` in base64."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def metadata_of(declaration: Mapping[str, Any]) -> str:
    """Return `Upload-Metadata` for a declaration."""
    return f"declaration {encoded(json.dumps(declaration))}"


@dataclass(frozen=True, slots=True)
class RawAnswer:
    """An answer read from a raw connection."""

    status: int
    headers: httpx.Headers
    content: bytes


def read_answer(connection: socket.socket) -> RawAnswer:
    """Read one answer from a raw connection."""
    with http.client.HTTPResponse(connection) as answer:
        answer.begin()
        return RawAnswer(answer.status, httpx.Headers(answer.getheaders()), answer.read())


@dataclass(slots=True)
class LiveServer:
    """The server on the instance in `home`; `start` and `kill` may be called again and again."""

    home: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    pace: Mapping[str, float] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None
    port: int = 0

    @classmethod
    def copied(cls, template: Path, home: Path, **kwargs: Any) -> LiveServer:
        """Return a server, not started, on a copy of the instance in `template`."""
        shutil.copytree(template, home)
        return cls(home, **kwargs)

    def start(self) -> LiveServer:
        """Serve, and return when it listens."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("LIUHEN_")}
        environment |= {"LIUHEN_HOME": str(self.home), "TEST_PACE": json.dumps(dict(self.pace)), **self.settings}
        command = [sys.executable, "-m", "tests.support.intake_server"]
        self.process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.gone()
        self.port = int(line)
        return self

    def kill(self, number: int = signal.SIGKILL) -> None:
        """End the server with a signal."""
        if self.process is not None:
            self.process.send_signal(number)
        self.gone()

    def gone(self) -> None:
        """Wait for the server's end."""
        if self.process is not None:
            self.process.wait(30)
            assert self.process.stdout is not None
            self.process.stdout.close()
            self.process = None

    def restart(self) -> None:
        """Wait for the end of a killed server and start it again."""
        self.gone()
        self.start()

    def stop(self) -> None:
        """End the server in good order."""
        self.kill(signal.SIGTERM)

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    def pull(self, lever: str, **arguments: Any) -> Any:
        """Pull a lever; see `intake_server.Levers`."""
        answer = httpx.post(f"{self.url}/test/{lever}", json=arguments, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def connect(self) -> socket.socket:
        """Return a raw connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def peak_rss(self) -> int:
        """Return the largest resident size of the server, in bytes."""
        assert self.process is not None
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:  # noqa: PTH123 - not a file of ours
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))


class StationClient:
    """A station with a key file; one collection at a time."""

    def __init__(self, server: LiveServer, key_file: str) -> None:
        content = json.loads(key_file)
        self.server = server
        self.station: str = content["station"]
        self.key: str = content["key"]
        self.log = VerifierKey.from_text(content["log"])
        self.collection = ""

    @property
    def key_id(self) -> str:
        """The id of the station's key."""
        return self.key.split("_")[1]

    @property
    def auth(self) -> dict[str, str]:
        """The header that speaks for the station."""
        return {"Authorization": f"Bearer {self.key}"}

    def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **kwargs: Any) -> httpx.Response:
        """Make one request."""
        kwargs.setdefault("timeout", 60)
        return httpx.request(
            method, f"{self.server.url}/intake/{path}", headers={**self.auth, **(headers or {})}, **kwargs
        )

    def opening(self, **changes: Any) -> dict[str, Any]:
        """Return a body that opens a collection."""
        clock = {"method": "declared", "error_ms": 1400, "measured": "2026-11-23T08:00:00.000Z", "uncertainty_ms": 500}
        return {
            "v": 1,
            "device": "7654321",
            "collector": "liuhen/0.1.0",
            "opened": "2026-11-23T08:00:00.000Z",
            "clock": clock,
            "carried": None,
            **changes,
        }

    def open(self, **changes: Any) -> str:
        """Open a collection and return its uuid."""
        self.collection = str(uuid.uuid4())
        answer = self.ask("PUT", f"collections/{self.collection}", json=self.opening(**changes))
        assert answer.status_code == 201, answer.text
        return self.collection

    def declaration(self, **changes: Any) -> dict[str, Any]:
        """Return a declaration of a new original."""
        name = changes.pop("name_raw", b"clip.mp4")
        return {
            "v": 1,
            "upload": str(uuid.uuid4()),
            "collection": self.collection or self.open(),
            "name": encoded(name),
            "path": encoded(changes.pop("path_raw", b"DCIM/" + name)),
            "role": "original",
            "attached_to": None,
            "facts": {},
            **changes,
        }

    def create(self, length: int, declaration: Mapping[str, Any] | None = None, **kwargs: Any) -> httpx.Response:
        """Declare a file."""
        headers = {
            **TUS,
            "Upload-Length": str(length),
            "Upload-Metadata": metadata_of(declaration or self.declaration()),
            **kwargs.pop("headers", {}),
        }
        return self.ask("POST", "uploads", headers=headers, **kwargs)

    def created(self, length: int, **changes: Any) -> str:
        """Declare a file and return the upload's uuid."""
        declaration = self.declaration(**changes)
        answer = self.create(length, declaration)
        assert answer.status_code == 201, answer.text
        return str(declaration["upload"])

    def patch(self, upload: str, offset: int, data: Any, **headers: str) -> httpx.Response:
        """Send bytes at an offset."""
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        merged = {**CHUNK, "Upload-Offset": str(offset), **extra}
        return self.ask("PATCH", f"uploads/{upload}", headers=merged, content=data)

    def head(self, upload: str) -> httpx.Response:
        """Ask where an upload stands."""
        return self.ask("HEAD", f"uploads/{upload}", headers=TUS)

    def offset(self, upload: str) -> int:
        """Return where an upload stands."""
        answer = self.head(upload)
        assert answer.status_code == 200, answer.headers.get("liuhen-code")
        return int(answer.headers["upload-offset"])

    def seal(self, upload: str, data: bytes, **changes: Any) -> httpx.Response:
        """Ask for the seal of `data`."""
        digests = digest_stream([data])
        body = {"v": 1, "size": digests.size, "sha256": digests.sha256, "sm3": digests.sm3, **changes}
        return self.ask("POST", f"uploads/{upload}/seal", json=body)

    def uploaded(self, data: bytes, **changes: Any) -> str:
        """Declare and send a file; return the upload's uuid."""
        upload = self.created(len(data), **changes)
        if data:
            answer = self.patch(upload, 0, data)
            assert answer.status_code == 204, answer.text
        return upload

    def sealed(self, data: bytes, **changes: Any) -> tuple[str, httpx.Response]:
        """Hand in a file; return the upload's uuid and the answer to the seal."""
        upload = self.uploaded(data, **changes)
        return upload, self.seal(upload, data)

    def verified(self, receipt: bytes, data: bytes, *, role: str = "original") -> ReceiptFacts:
        """Verify a receipt as the collector does and return what it proves."""
        digests: Digests = digest_stream([data])
        policy = AllOf(SameOriginal(digests.sha256, digests.size), InRole(role))
        facts = verify_receipt(receipt, key=self.log, policy=policy)
        assert facts.sm3 == digests.sm3
        return facts

    def begin_patch(self, upload: str, offset: int, length: int, **headers: str) -> socket.socket:
        """Begin a PATCH of `length` bytes on a raw connection and return it; the bytes are the caller's to send."""
        connection = self.server.connect()
        lines = [
            f"PATCH /intake/uploads/{upload} HTTP/1.1",
            "Host: test",
            f"Authorization: Bearer {self.key}",
            f"Upload-Offset: {offset}",
            f"Content-Length: {length}",
            *[f"{name}: {value}" for name, value in CHUNK.items()],
            *[f"{name.replace('_', '-')}: {value}" for name, value in headers.items()],
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        return connection
