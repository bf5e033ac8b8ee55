"""The ledger entry: one custody event, and the bytes of its leaf.

Normative text: docs/spec/receipt.md, section "Ledger entry".
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from liuhen.core.canonical import MAX_INTEGER, CanonicalError, canonical, encode_plain, parse_canonical
from liuhen.core.digests import hmac_sha256
from liuhen.core.errors import LiuhenError
from liuhen.core.events import EventType
from liuhen.core.exits import ExitCode
from liuhen.core.forms import UUID_FORM, format_time, is_digest, parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "MAX_ENTRY_SIZE",
    "SALT_SIZE",
    "SYSTEM_ACTOR",
    "Entry",
    "EntryError",
    "EntryFieldError",
    "EntryNotCanonicalError",
    "EntryTooLargeError",
    "ObjectRef",
    "commit_private",
]

MAX_ENTRY_SIZE: Final = 65_535
"""Bytes; a longer entry does not fit the uint16 length of an entry bundle (C2SP tlog-tiles, section "Log entries")."""

SALT_SIZE: Final = 32
"""Bytes of salt in a private commitment; with fewer, short details such as names could be found by trying."""

SYSTEM_ACTOR: Final = "system"

_VERSION: Final = 1
_ID_VERSION: Final = 7
_FACT_DEPTH: Final = 8
_KEYS: Final = frozenset(
    ("actor", "facts", "id", "n", "objects", "prev", "private", "subject", "time", "type", "v"),
)
_OBJECT_KEYS: Final = frozenset(("role", "sha256", "size", "sm3", "version"))
_id = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}").fullmatch
_subject = re.compile(rf"[a-z][a-z-]{{0,31}}/{UUID_FORM}").fullmatch
_actor = re.compile(rf"(?:person|station)/{UUID_FORM}|{SYSTEM_ACTOR}").fullmatch
_role = re.compile(r"[a-z][a-z0-9-]{0,31}").fullmatch
_version = re.compile(r"[!-~]{1,1024}").fullmatch
_fact_name = re.compile(r"[a-z][a-z0-9_]{0,63}").fullmatch
_inner_name = re.compile(r"[!-~]{1,128}").fullmatch


class EntryError(LiuhenError):
    """Base: these bytes are no ledger entry, or these values cannot be one."""

    exit_code = ExitCode.NOT_VERIFIED


class EntryTooLargeError(EntryError):
    """The entry exceeds `MAX_ENTRY_SIZE`."""

    code = "entry-too-large"
    zh = "账本条目有 {size} 字节，超过上限 {limit} 字节，不予接受。请重新取得；写入时请将长内容存入原件库，只记校验值。"
    en = (
        "The ledger entry has {size} bytes, more than {limit}, and is not accepted. Obtain it again; "
        "when writing one, store the long part in the vault and enter its digest."
    )


class EntryNotCanonicalError(EntryError):
    """The bytes are not canonical JSON."""

    code = "entry-not-canonical"
    zh = "账本条目不是规范 JSON。{cause}"
    en = "The ledger entry is not canonical JSON. {cause}"


class EntryFieldError(EntryError):
    """A field is missing, unknown or not in its form."""

    code = "entry-field"
    zh = "账本条目的字段 {field} 缺失、多余或格式不符（docs/spec/receipt.md）。请从账本重新导出。"
    en = "Field {field} of the ledger entry is missing, unknown or malformed (docs/spec/receipt.md). Export it again."


def commit_private(salt: bytes, details: Mapping[str, Any]) -> str:
    """Return the salted commitment to `details`: hex HMAC-SHA256 over their canonical JSON, keyed with `salt`.

    The entry carries it in place of the details; whoever is later shown salt and details can check them.

    Raises:
        ValueError: `salt` has not `SALT_SIZE` bytes, or `details` have no canonical form.
    """
    if len(salt) != SALT_SIZE:
        raise ValueError(f"a salt has {SALT_SIZE} bytes")
    return hmac_sha256(salt, canonical(dict(details))).hex()


class _FieldError(ValueError):
    """A value that cannot stand in an entry."""

    def __init__(self, field: str) -> None:
        super().__init__(f"{field} cannot stand in a ledger entry")
        self.field = field


def _require(field: str, holds: object) -> None:
    if not holds:
        raise _FieldError(field)


def _is_text(value: object, form: Callable[[str], object]) -> bool:
    return isinstance(value, str) and form(value) is not None


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_INTEGER


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One stored object that an event is about.

    `sha256` and `sm3` are lower-case hex, `size` is in bytes, `version` is the store's version id.
    """

    role: str
    sha256: str
    sm3: str | None
    size: int
    version: str | None = None

    def __post_init__(self) -> None:
        _require("objects.role", _is_text(self.role, _role))
        _require("objects.sha256", is_digest(self.sha256))
        _require("objects.sm3", self.sm3 is None or is_digest(self.sm3))
        _require("objects.size", _is_count(self.size))
        _require("objects.version", self.version is None or _is_text(self.version, _version))

    def to_json(self) -> dict[str, Any]:
        """Return the object as it stands in the entry."""
        return {
            "role": self.role,
            "sha256": self.sha256,
            "size": self.size,
            "sm3": self.sm3,
            "version": self.version,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One custody event.

    `n` numbers the events of `subject` (`<kind>/<uuid>`) from 0; `prev` is the hex leaf hash of event n - 1, None at
    n = 0. `actor` is `person/<uuid>`, `station/<uuid>` or `system`. `time` is in UTC, whole milliseconds. `facts` hold
    codes and integers, nested if need be, nothing personal; `private` is a `commit_private` or None.

    Raises:
        ValueError: a value is not in its form.
    """

    id: uuid.UUID
    type: EventType
    time: datetime
    subject: str
    n: int
    prev: str | None
    actor: str
    objects: tuple[ObjectRef, ...] = ()
    facts: Mapping[str, Any] = MappingProxyType({})
    private: str | None = None

    def __post_init__(self) -> None:
        _require("id", self.id.version == _ID_VERSION)
        _require("type", isinstance(self.type, EventType))
        _require("time", self.time.tzinfo is UTC and self.time.microsecond % 1000 == 0)
        _require("subject", _is_text(self.subject, _subject))
        _require("n", _is_count(self.n))
        _require("prev", self.prev is None if self.n == 0 else is_digest(self.prev))
        _require("actor", _is_text(self.actor, _actor))
        _require("private", self.private is None or is_digest(self.private))
        _check_facts(self.facts)

    def to_bytes(self) -> bytes:
        """Return the leaf bytes.

        Raises:
            EntryTooLargeError: they exceed `MAX_ENTRY_SIZE`.
            ValueError: a text in `facts` or a version id holds a lone surrogate.
        """
        data = encode_plain(
            {
                "actor": self.actor,
                "facts": dict(self.facts),
                "id": str(self.id),
                "n": self.n,
                "objects": [item.to_json() for item in self.objects],
                "prev": self.prev,
                "private": self.private,
                "subject": self.subject,
                "time": format_time(self.time),
                "type": self.type.value,
                "v": _VERSION,
            },
        )
        if len(data) > MAX_ENTRY_SIZE:
            raise EntryTooLargeError(size=len(data), limit=MAX_ENTRY_SIZE)
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> Entry:
        """Return the entry whose `to_bytes` is exactly `data`; takes about 20 microseconds.

        Raises:
            EntryError: there is none; the subclass names the defect.
        """
        if len(data) > MAX_ENTRY_SIZE:
            raise EntryTooLargeError(size=len(data), limit=MAX_ENTRY_SIZE)
        try:
            value = parse_canonical(data)
        except CanonicalError as error:
            raise EntryNotCanonicalError(cause=error.as_dict()) from error
        try:
            return _from_json(value)
        except _FieldError as error:
            raise EntryFieldError(field=error.field) from error


def _from_json(value: Any) -> Entry:
    _check_keys("entry", value, _KEYS)
    _require("v", type(value["v"]) is int and value["v"] == _VERSION)
    _require("id", _is_text(value["id"], _id))
    _require("type", isinstance(value["type"], str) and value["type"] in _EVENT_TYPES)
    _require("time", isinstance(value["time"], str))
    _require("objects", isinstance(value["objects"], list))
    _require("facts", isinstance(value["facts"], dict))
    try:
        time = parse_time(value["time"])
    except ValueError as error:
        raise _FieldError("time") from error
    return Entry(
        id=uuid.UUID(value["id"]),
        type=_EVENT_TYPES[value["type"]],
        time=time,
        subject=value["subject"],
        n=value["n"],
        prev=value["prev"],
        actor=value["actor"],
        objects=tuple(_object_from_json(item) for item in value["objects"]),
        facts=value["facts"],
        private=value["private"],
    )


def _object_from_json(value: Any) -> ObjectRef:
    _check_keys("objects", value, _OBJECT_KEYS)
    return ObjectRef(**value)


def _check_keys(field: str, value: Any, keys: frozenset[str]) -> None:
    _require(field, isinstance(value, dict))
    if value.keys() != keys:
        raise _FieldError(min(value.keys() ^ keys))


def _check_facts(facts: Mapping[str, Any]) -> None:
    """Raise unless `facts` are plain JSON without floats, named in snake_case; inner keys may be any visible ASCII."""
    for name, value in facts.items():
        _require("facts", _is_text(name, _fact_name))
        if not isinstance(value, str):
            _check_fact(value, _FACT_DEPTH)


def _check_fact(value: Any, depth: int) -> None:
    if isinstance(value, dict):
        _require("facts", depth)
        for name, child in value.items():
            _require("facts", _is_text(name, _inner_name))
            _check_fact(child, depth - 1)
    elif isinstance(value, list | tuple):
        _require("facts", depth)
        for child in value:
            _check_fact(child, depth - 1)
    elif isinstance(value, int):
        _require("facts", abs(value) <= MAX_INTEGER)
    else:
        _require("facts", value is None or isinstance(value, str))


_EVENT_TYPES: Final = {event_type.value: event_type for event_type in EventType}
