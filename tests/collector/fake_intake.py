"""A small honest intake: the rules of docs/spec/intake-protocol.md over a real ledger, all in memory.

It decides; `fake_server` speaks HTTP. It takes nothing on trust from the collector, so that the collector's tests fail
where the real server would refuse.
"""

from __future__ import annotations

import base64
import binascii
import threading
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tests.core.ledger_kit import SmallLedger, uuid7

from liuhen.core.canonical import canonical
from liuhen.core.digests import digest_stream
from liuhen.core.entry import Entry, ObjectRef, commit_private
from liuhen.core.events import EventType

__all__ = ["Collection", "FakeIntake", "Refusal", "Sealed", "Upload"]

FACTS: Final = {
    "device_serial": str,
    "officer_code": str,
    "started": str,
    "sequence": int,
    "important": bool,
    "kind": str,
    "grammar": str,
}
SOURCES: Final = {"name", "container", "mtime", "device", "declared"}
DECLARATION: Final = {"v", "upload", "collection", "name", "path", "role", "attached_to", "facts"}
OPENING: Final = {"v", "device", "collector", "opened", "clock", "carried"}
CLOSING: Final = {"v", "closed", "taken", "skipped", "cleared"}


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error
    """An answer that says no."""

    def __init__(self, status: int, code: str, **where: Any) -> None:
        super().__init__(code)
        self.status = status
        self.body = {"code": code, "zh": f"拒绝：{code}", "en": f"refused: {code}", "where": where}


@dataclass
class Collection:
    """What the server keeps of a collection."""

    body: dict[str, Any]
    closings: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class Upload:
    """What the server keeps of an upload."""

    declaration: dict[str, Any]
    length: int
    data: bytearray = field(default_factory=bytearray)
    receipt: bytes | None = None
    writing: threading.Lock = field(default_factory=threading.Lock)


@dataclass(frozen=True)
class Sealed:
    """One sealed original or attachment."""

    recording: str
    name: bytes
    path: bytes
    role: str
    data: bytes
    receipt: bytes


class FakeIntake:
    """The intake of one agency with one station."""

    def __init__(self, station: str) -> None:
        self.station = station
        self.ledger = SmallLedger()
        self.collections: dict[str, Collection] = {}
        self.uploads: dict[str, Upload] = {}
        self.sealed: list[Sealed] = []
        self.second_hand_ins: list[str] = []
        self.most_bytes = 1 << 40
        self.revoked = False
        self._events = 0
        self._lock = threading.RLock()

    def open_collection(self, collection: str, body: dict[str, Any]) -> int:
        _check_uuid(collection)
        _check(body.keys() == OPENING and body["v"] == 1, "opening")
        _check(body["clock"].keys() == {"method", "error_ms", "measured", "uncertainty_ms"}, "clock")
        _check(body["clock"]["method"] in {"declared", "estimated", "unknown"}, "clock.method")
        with self._lock:
            known = self.collections.get(collection)
            if known is None:
                self.collections[collection] = Collection(body)
                return 201
            if known.body != body:
                raise Refusal(409, "collection-differs")
            return 200

    def close_collection(self, collection: str, body: dict[str, Any]) -> None:
        _check(body.keys() == CLOSING and body["v"] == 1, "closing")
        with self._lock:
            recordings = {one.recording for one in self.sealed}
            _check(set(body["taken"]) | set(body["cleared"]) <= recordings, "taken")
            self._collection(collection).closings.append(body)

    def _collection(self, collection: str) -> Collection:
        if collection not in self.collections:
            raise Refusal(404, "collection-unknown")
        return self.collections[collection]

    def create(self, declaration: dict[str, Any], length: int) -> tuple[int, Upload]:
        self._check_declaration(declaration)
        with self._lock:
            self._collection(declaration["collection"])
            known = self.uploads.get(declaration["upload"])
            if known is not None:
                if (known.declaration, known.length) != (declaration, length):
                    raise Refusal(409, "upload-differs")
                return 200, known
            if length > self.most_bytes:
                raise Refusal(413, "upload-too-large", size=length, limit=self.most_bytes)
            upload = Upload(declaration, length)
            self.uploads[declaration["upload"]] = upload
            return 201, upload

    def _check_declaration(self, declaration: dict[str, Any]) -> None:
        _check(declaration.keys() == DECLARATION and declaration["v"] == 1, "keys")
        _check_uuid(declaration["upload"])
        _check_uuid(declaration["collection"])
        name, path = _bytes(declaration["name"]), _bytes(declaration["path"])
        _check(path.rpartition(b"/")[2] == name and name, "name")
        _check(not {b"", b".", b".."} & set(path.split(b"/")), "path")
        for fact, told in declaration["facts"].items():
            _check(fact in FACTS and told.keys() == {"value", "source"}, "facts")
            _check(type(told["value"]) is FACTS[fact] and told["source"] in SOURCES, f"facts.{fact}")
        if declaration["role"] == "original":
            _check(declaration["attached_to"] is None, "attached_to")
        else:
            parent = self.uploads.get(declaration["attached_to"])
            _check(parent is not None and parent.receipt is not None, "attached_to")

    def upload(self, upload: str) -> Upload:
        with self._lock:
            if upload not in self.uploads:
                raise Refusal(404, "upload-unknown")
            return self.uploads[upload]

    def discard(self, upload: str) -> None:
        with self._lock:
            if self.upload(upload).receipt is None:
                del self.uploads[upload]

    def seal(self, upload_id: str, body: dict[str, Any]) -> tuple[int, bool, bytes]:
        """Return status, whether it is a duplicate, and the receipt."""
        _check(body.keys() == {"v", "size", "sha256", "sm3"} and body["v"] == 1, "seal")
        with self._lock:
            upload = self.upload(upload_id)
            if upload.receipt is not None:
                return 200, False, upload.receipt
            if len(upload.data) != upload.length:
                raise Refusal(409, "upload-incomplete", size=len(upload.data), length=upload.length)
            digests = digest_stream([bytes(upload.data)])
            if (digests.size, digests.sha256, digests.sm3) != (body["size"], body["sha256"], body["sm3"]):
                del self.uploads[upload_id]
                raise Refusal(409, "digest-mismatch", received=digests.sha256, declared=body["sha256"])
            for one in self.sealed:
                if one.data == bytes(upload.data):
                    upload.receipt = one.receipt
                    self.second_hand_ins.append(upload_id)
                    return 200, True, one.receipt
            upload.receipt = self._seal(upload, digests.sha256, digests.sm3)
            return 201, False, upload.receipt

    def _seal(self, upload: Upload, sha256: str, sm3: str) -> bytes:
        role = upload.declaration["role"]
        parent = self.uploads.get(upload.declaration["attached_to"] or "")
        if parent is None:
            recording = str(uuid.uuid4())
        else:
            recording = next(one.recording for one in self.sealed if one.receipt == parent.receipt)
        self._events += 1
        salt = bytes([self._events % 256]) * 32
        details = {"name": upload.declaration["name"], "path": upload.declaration["path"]}
        now = datetime.now(UTC)  # noqa: TID251 - the fake server's own clock
        entry = Entry(
            id=uuid7(self._events),
            type=EventType.RECORDING_SEALED if role == "original" else EventType.RECORDING_ATTACHED,
            time=now.replace(microsecond=now.microsecond // 1000 * 1000),
            subject=f"recording/{recording}",
            n=0,
            prev=None,
            actor=f"station/{self.station}",
            objects=(ObjectRef(role, sha256, sm3, upload.length),),
            private=commit_private(salt, details),
        )
        self.ledger.append(self.ledger.chained(entry))
        receipt = self.ledger.receipt(self.ledger.size - 1, salt=salt, opened=details)
        path = base64.b64decode(upload.declaration["path"])
        name = base64.b64decode(upload.declaration["name"])
        self.sealed.append(Sealed(recording, name, path, role, bytes(upload.data), receipt))
        return receipt


def _check(holds: object, where: str) -> None:
    if not holds:
        raise Refusal(400, "declaration-invalid", key=where)


def _check_uuid(text: Any) -> None:
    try:
        _check(str(uuid.UUID(text)) == text, "uuid")
    except (ValueError, TypeError, AttributeError) as error:
        raise Refusal(400, "declaration-invalid", key="uuid") from error


def _bytes(text: Any) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError) as error:
        raise Refusal(400, "declaration-invalid", key="base64") from error
    _check(canonical(base64.b64encode(raw).decode()) == canonical(text), "base64")
    return raw
