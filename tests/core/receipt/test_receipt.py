from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.canonical import canonical
from liuhen.core.entry import EntryError, ObjectRef, commit_private
from liuhen.core.events import EventType
from liuhen.core.receipt import MAX_RECEIPT_SIZE, Receipt, build_receipt, parse_receipt
from liuhen.core.receipt.errors import (
    ReceiptError,
    ReceiptFieldError,
    ReceiptNotCanonicalError,
    ReceiptTooLargeError,
)
from tests.core.ledger_kit import NAME, SALT, SmallLedger, details, sealed_entry, uuid7

_LEDGER = SmallLedger().fill(5)
_DOCUMENT: dict[str, Any] = json.loads(_LEDGER.receipt(2))


def _build(**changes: Any) -> bytes:
    parts: dict[str, Any] = {
        "entry": _LEDGER.entries[2],
        "proof": _LEDGER.proof(2),
        "salt": SALT,
        "details": details(),
    }
    return build_receipt(**parts | changes)


def test_a_receipt_says_what_its_entry_says() -> None:
    receipt = parse_receipt(_LEDGER.receipt(2))
    assert receipt == Receipt(
        recording=receipt.recording,
        name=NAME,
        size=4098,
        sha256=f"{2:064x}",
        sm3=f"{3:064x}",
        entry=_LEDGER.entries[2],
        proof=_LEDGER.proof(2).encode(),
        salt=SALT,
        details=details(),
    )
    assert f"recording/{receipt.recording}".encode() in receipt.entry


@given(st.binary(max_size=255))
def test_raw_names_are_kept_byte_by_byte(name: bytes) -> None:
    opened = details(name)
    ledger = SmallLedger()
    ledger.append(sealed_entry(private=commit_private(SALT, opened)).to_bytes())
    assert parse_receipt(ledger.receipt(0, opened=opened)).name == name


def test_a_receipt_without_sm3_says_so() -> None:
    ledger = SmallLedger()
    ledger.append(sealed_entry(objects=(ObjectRef("original", "0" * 64, None, 1),)).to_bytes())
    assert parse_receipt(ledger.receipt(0)).sm3 is None


_MISMADE: dict[str, dict[str, Any]] = {
    "event-that-seals-nothing": {"type": EventType.RECORDING_ANALYSED},
    "no-object": {"objects": ()},
    "object-of-another-role": {"objects": (ObjectRef("preview", "0" * 64, None, 1),)},
    "two-originals": {"objects": (ObjectRef("original", "0" * 64, None, 1),) * 2},
}


@pytest.mark.parametrize("name", _MISMADE)
def test_a_receipt_for_an_entry_that_seals_nothing_is_a_wrong_call(name: str) -> None:
    with pytest.raises(ValueError, match="no receipt is given"):
        _build(entry=sealed_entry(**_MISMADE[name]).to_bytes())


@pytest.mark.parametrize("opened", [{}, {"name": None}, {"name": "记录"}], ids=["none", "null", "plain"])
def test_details_without_the_raw_name_are_a_wrong_call(opened: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="raw file name"):
        _build(details=opened)


def test_a_short_salt_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="salt"):
        _build(salt=b"short")


def test_a_receipt_for_no_entry_is_refused() -> None:
    with pytest.raises(EntryError):
        _build(entry=b"{}")


_MALFORMED: dict[str, tuple[str, Any]] = {
    "version-2": ("v", 2),
    "version-true": ("v", True),
    "other-kind": ("kind", "receipt"),
    "recording-null": ("recording", None),
    "recording-upper-case": ("recording", str(uuid7(0xABC)).upper()),
    "name-plain": ("name", "记录0001.mp4"),
    "name-null": ("name", None),
    "size-negative": ("size", -1),
    "size-text": ("size", "1"),
    "sha256-null": ("sha256", None),
    "sha256-upper-case": ("sha256", "AB" * 32),
    "sm3-short": ("sm3", "ab"),
    "entry-not-base64": ("entry", "{}"),
    "entry-in-another-spelling": ("entry", "YR=="),
    "proof-null": ("proof", None),
    "opening-list": ("opening", []),
}


@pytest.mark.parametrize("name", _MALFORMED)
def test_a_malformed_field_is_named(name: str) -> None:
    field, value = _MALFORMED[name]
    with pytest.raises(ReceiptFieldError) as caught:
        parse_receipt(canonical(_DOCUMENT | {field: value}))
    assert caught.value.where["field"] == field


@pytest.mark.parametrize(
    ("change", "field"),
    [({"salt": "ab"}, "salt"), ({"details": []}, "details"), ({"more": 1}, "more")],
    ids=["short-salt", "details-list", "unknown-key"],
)
def test_a_malformed_opening_is_named(change: dict[str, Any], field: str) -> None:
    opening = _DOCUMENT["opening"] | change
    with pytest.raises(ReceiptFieldError) as caught:
        parse_receipt(canonical(_DOCUMENT | {"opening": opening}))
    assert caught.value.where["field"] == field


@pytest.mark.parametrize("key", sorted(_DOCUMENT))
def test_a_missing_key_is_named(key: str) -> None:
    with pytest.raises(ReceiptFieldError) as caught:
        parse_receipt(canonical({name: value for name, value in _DOCUMENT.items() if name != key}))
    assert caught.value.where["field"] == key


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(ReceiptFieldError, match="colour"):
        parse_receipt(canonical(_DOCUMENT | {"colour": "red"}))


@pytest.mark.parametrize("data", [b"[]", b"null", b"1"])
def test_a_receipt_is_an_object(data: bytes) -> None:
    with pytest.raises(ReceiptFieldError):
        parse_receipt(data)


def test_a_reformatted_receipt_is_refused() -> None:
    with pytest.raises(ReceiptNotCanonicalError):
        parse_receipt(json.dumps(_DOCUMENT, indent=1).encode())


def test_a_file_too_large_to_be_a_receipt_is_refused_unread() -> None:
    with pytest.raises(ReceiptTooLargeError):
        parse_receipt(b"x" * (MAX_RECEIPT_SIZE + 1))


@given(st.binary(max_size=60))
def test_any_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(ReceiptError):
        parse_receipt(data)


def test_the_entry_in_a_receipt_is_the_leaf_itself() -> None:
    assert base64.b64decode(_DOCUMENT["entry"]) == _LEDGER.entries[2]
