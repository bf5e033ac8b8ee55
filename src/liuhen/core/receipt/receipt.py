"""The receipt as data: its fields, its bytes. Whether it is true is for `liuhen.core.verify` to say.

Normative text: docs/spec/receipt.md.
"""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from liuhen.core.canonical import MAX_INTEGER, CanonicalError, canonical, parse_canonical
from liuhen.core.entry import SALT_SIZE, Entry
from liuhen.core.events import EventType
from liuhen.core.forms import decode_base64, is_digest, is_uuid
from liuhen.core.receipt.errors import ReceiptFieldError, ReceiptNotCanonicalError, ReceiptTooLargeError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from liuhen.core.tlog.proof import TlogProof

__all__ = ["KIND", "MAX_RECEIPT_SIZE", "ROLES", "Receipt", "build_receipt", "parse_receipt"]

KIND: Final = "liuhen-receipt"

MAX_RECEIPT_SIZE: Final = 1 << 20
"""Bytes; an entry, a proof and the details stay far below."""

ROLES: Final[Mapping[EventType, str]] = {
    EventType.RECORDING_SEALED: "original",
    EventType.RECORDING_ATTACHED: "attachment",
}
"""The events that a receipt may tell of, each with the role of the one object that it is about."""

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a receipt says; nothing in it is verified.

    `name` is the raw file name as the device wrote it, `size` in bytes, `sha256` and `sm3` lower-case hex (`sm3` None
    where nobody had computed it), `entry` the exact leaf bytes, `proof` the bytes of a tlog-proof, `salt` and `details`
    the opening of the entry's private commitment.
    """

    recording: uuid.UUID
    name: bytes
    size: int
    sha256: str
    sm3: str | None
    entry: bytes
    proof: bytes
    salt: bytes
    details: Mapping[str, Any]


def build_receipt(*, entry: bytes, proof: TlogProof, salt: bytes, details: Mapping[str, Any]) -> bytes:
    """Return the receipt for a sealed `entry`; what it says of the original is taken from the entry itself.

    `salt` and `details` open the entry's private commitment; `details["name"]` is the base64 of the raw file name.

    Raises:
        EntryError: `entry` is no ledger entry.
        ValueError: the event is not one that receipts tell of, or `details` cannot stand in one.
    """
    event = Entry.from_bytes(entry)
    role = ROLES.get(event.type)
    objects = [item for item in event.objects if item.role == role]
    if len(objects) != 1:
        raise ValueError(f"no receipt is given for {event.type} with {len(objects)} objects of role {role}")
    if len(salt) != SALT_SIZE:
        raise ValueError(f"a salt has {SALT_SIZE} bytes")
    if not _is_base64(details.get("name")):
        raise ValueError("details hold the raw file name in base64")
    return canonical(
        {
            "v": _VERSION,
            "kind": KIND,
            "recording": event.subject.partition("/")[2],
            "name": details["name"],
            "size": objects[0].size,
            "sha256": objects[0].sha256,
            "sm3": objects[0].sm3,
            "entry": base64.b64encode(entry).decode(),
            "proof": proof.encode().decode(),
            "opening": {"salt": salt.hex(), "details": dict(details)},
        },
    )


def parse_receipt(data: bytes) -> Receipt:
    """Return what the receipt `data` says, after checking its form only.

    Raises:
        ReceiptError: `data` is no receipt; the subclass names the defect.
    """
    if len(data) > MAX_RECEIPT_SIZE:
        raise ReceiptTooLargeError(size=len(data), limit=MAX_RECEIPT_SIZE)
    try:
        value = parse_canonical(data)
    except CanonicalError as error:
        raise ReceiptNotCanonicalError(cause=error.as_dict()) from error
    _check_form("receipt", value, _FORM)
    opening = value["opening"]
    _check_form("opening", opening, _OPENING_FORM)
    return Receipt(
        recording=uuid.UUID(value["recording"]),
        name=base64.b64decode(value["name"]),
        size=value["size"],
        sha256=value["sha256"],
        sm3=value["sm3"],
        entry=base64.b64decode(value["entry"]),
        proof=value["proof"].encode(),
        salt=bytes.fromhex(opening["salt"]),
        details=opening["details"],
    )


def _is_base64(value: Any) -> bool:
    return isinstance(value, str) and decode_base64(value) is not None


_FORM: Final[Mapping[str, Callable[[Any], bool]]] = {
    "v": lambda value: type(value) is int and value == _VERSION,
    "kind": lambda value: value == KIND,
    "recording": is_uuid,
    "name": _is_base64,
    "size": lambda value: type(value) is int and 0 <= value <= MAX_INTEGER,
    "sha256": is_digest,
    "sm3": lambda value: value is None or is_digest(value),
    "entry": _is_base64,
    "proof": lambda value: isinstance(value, str),
    "opening": lambda value: isinstance(value, dict),
}
_OPENING_FORM: Final[Mapping[str, Callable[[Any], bool]]] = {
    "salt": is_digest,  # SALT_SIZE bytes are as many as a digest's
    "details": lambda value: isinstance(value, dict),
}


def _check_form(what: str, value: Any, form: Mapping[str, Callable[[Any], bool]]) -> None:
    if not isinstance(value, dict):
        raise ReceiptFieldError(field=what)
    for field in sorted(value.keys() ^ form.keys()):
        raise ReceiptFieldError(field=field)
    for field, holds in form.items():
        if not holds(value[field]):
            raise ReceiptFieldError(field=field)
