from __future__ import annotations

import base64
import copy
import pickle
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.tlog.errors import (
    KeyFormatError,
    NoteFormatError,
    NoteSignatureError,
    NoteUnsignedError,
    TlogError,
)
from liuhen.core.tlog.note import SigningKey, VerifierKey, open_note, sign_note
from tests.core.vectors import json_file

if TYPE_CHECKING:
    from collections.abc import Callable

_KEY = SigningKey("agency.example/liuhen/1", bytes(range(32)))
_OTHER = SigningKey("witness.example/w1", bytes(range(1, 33)))
_NOTE = sign_note("one\n\ntwo\n", _KEY)
_EXPECTED = {"ok": None, "unverified": NoteUnsignedError, "invalid": NoteSignatureError}
_CASES = json_file("signed-note/signed-note.json")
_GO_VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
_GO_SIGNER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
_lines = st.lists(
    st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"]), max_size=20), min_size=1, max_size=5
)


@pytest.mark.parametrize("case", _CASES, ids=[case["name"] for case in _CASES])
def test_each_published_note_ends_as_its_authors_say(case: dict[str, Any]) -> None:
    keys = [VerifierKey.from_text(text) for text in case["vkeys"]]
    refusal = _EXPECTED[case["expect"]]
    if refusal is None:
        note = open_note(case["note"].encode(), keys)
        assert {signature.name for signature in note.verified} == {key.name for key in keys}
    else:
        with pytest.raises(refusal):
            open_note(case["note"].encode(), keys)


@given(_lines)
def test_what_is_signed_is_opened(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    note = open_note(sign_note(text, _KEY, _OTHER), [_KEY.verifier])
    assert note.text == text
    assert [signature.name for signature in note.verified] == [_KEY.name]
    assert [signature.name for signature in note.unknown] == [_OTHER.name]


def test_any_flipped_bit_of_a_note_fails() -> None:
    for bit in range(8 * len(_NOTE)):
        altered = bytearray(_NOTE)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TlogError):
            open_note(bytes(altered), [_KEY.verifier])


def test_every_signature_by_a_known_key_must_hold() -> None:
    false = sign_note("another\n", _KEY).split(b"\n\n")[1]
    for note in (_NOTE + false, _NOTE.replace(b"two\n\n", b"two\n\n" + false)):
        with pytest.raises(NoteSignatureError, match="agency"):
            open_note(note, [_KEY.verifier])


def test_a_repeated_true_signature_does_no_harm() -> None:
    line = _NOTE.split(b"\n\n")[2]
    assert len(open_note(_NOTE + line, [_KEY.verifier]).verified) == 2


def test_a_key_with_the_same_name_but_another_id_is_unknown() -> None:
    namesake = SigningKey(_KEY.name, bytes(32)).verifier
    with pytest.raises(NoteUnsignedError):
        open_note(_NOTE, [namesake])


_SIGNATURE_LINE = _NOTE.split(b"\n\n")[2]
_RAW = base64.b64decode(_SIGNATURE_LINE.split(b" ")[2])
_MALFORMED = {
    "empty": (b"", "signature-block"),
    "text-only": (b"one\n", "signature-block"),
    "no-signature": (b"one\n\n", "signature-block"),
    "no-last-newline": (_NOTE[:-1], "signature-block"),
    "not-utf8": (b"\xff" + _NOTE, "not-utf8"),
    "carriage-return": (_NOTE.replace(b"one\n", b"one\r\n"), "control-character"),
    "tab": (b"\t" + _NOTE, "control-character"),
    "nul": (b"\x00" + _NOTE, "control-character"),
    "hyphen-for-dash": (_NOTE.replace("—".encode(), b"-"), "signature-line"),
    "no-name": (_NOTE.replace(_KEY.name.encode(), b""), "signature-line"),
    "name-with-plus": (_NOTE.replace(_KEY.name.encode(), b"a+b"), "signature-line"),
    "name-with-wide-space": (_NOTE.replace(_KEY.name.encode(), "a\u3000b".encode()), "signature-line"),
    "no-signature-part": (_NOTE.replace(_SIGNATURE_LINE, "— name\n".encode()), "signature-line"),
    "not-base64": (_NOTE[:-2] + b"!\n", "signature-line"),
    "id-only": (b"one\n\n\xe2\x80\x94 a " + base64.b64encode(_RAW[:4]) + b"\n", "signature-line"),
    "101-signatures": (_NOTE + _SIGNATURE_LINE * 100, "signature-count"),
    "too-large": (b"x" * (1 << 20) + _NOTE, "size"),
}


@pytest.mark.parametrize("name", _MALFORMED)
def test_a_malformed_note_is_refused_by_its_defect(name: str) -> None:
    data, problem = _MALFORMED[name]
    with pytest.raises(NoteFormatError) as caught:
        open_note(data, [_KEY.verifier])
    assert caught.value.where["problem"] == problem


def test_a_hundred_signatures_are_read() -> None:
    assert len(open_note(_NOTE + _SIGNATURE_LINE * 99, [_KEY.verifier]).verified) == 100


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "return\r\n"], ids=["empty", "open", "tab", "return"])
def test_a_text_that_is_no_note_is_a_wrong_call(text: str) -> None:
    with pytest.raises(ValueError, match="lines of text"):
        sign_note(text, _KEY)


def test_a_note_without_a_key_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="needs a signature"):
        sign_note("one\n")


@given(st.binary(min_size=32, max_size=32))
def test_keys_are_read_back_from_their_texts(seed: bytes) -> None:
    key = SigningKey("agency.example/liuhen/测试", seed)
    again = SigningKey.from_text(key.to_text())
    assert again.verifier == key.verifier == VerifierKey.from_text(key.verifier.to_text())
    assert key.verifier.verifies(again.sign(b"message"), b"message")


def test_keys_made_by_go_are_read() -> None:
    signer, verifier = SigningKey.from_text(_GO_SIGNER), VerifierKey.from_text(_GO_VERIFIER)
    assert signer.verifier == verifier
    assert verifier.key_id.hex() == "c74f20a3"
    assert (signer.to_text(), verifier.to_text()) == (_GO_SIGNER, _GO_VERIFIER)


def test_generated_keys_differ() -> None:
    one, two = SigningKey.generate("a.example"), SigningKey.generate("a.example")
    assert one.verifier != two.verifier
    assert one.key_id == one.verifier.key_id


def test_a_signing_key_does_not_show_its_secret() -> None:
    assert repr(_KEY) == f"<SigningKey {_KEY.name} {_KEY.key_id.hex()}>"
    for leak in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="not copied or pickled"):
            leak(_KEY)


_NAME, _ID, _ENCODED = _GO_VERIFIER.split("+", 2)
_MALFORMED_KEYS = {
    "empty": ("", "form"),
    "two-parts": (f"{_NAME}+{_ID}", "form"),
    "no-name": (f"+{_ID}+{_ENCODED}", "name"),
    "name-with-space": (f"a b+{_ID}+{_ENCODED}", "name"),
    "name-with-control-character": (f"a\x7f\x01+{_ID}+{_ENCODED}", "name"),
    "id-upper-case": (f"{_NAME}+{_ID.upper()}+{_ENCODED}", "form"),
    "id-short": (f"{_NAME}+c74f20a+{_ENCODED}", "form"),
    "other-id": (f"{_NAME}+c74f20a4+{_ENCODED}", "key-id"),
    "other-name": (f"Paul+{_ID}+{_ENCODED}", "key-id"),
    "newline": (f"{_GO_VERIFIER}\n", "form"),
    "not-base64": (f"{_NAME}+{_ID}+{_ENCODED[:-1]}!", "form"),
    "short-key": (f"{_NAME}+{_ID}+{base64.b64encode(bytes([1] * 32)).decode()}", "form"),
    "witness-key": (f"{_NAME}+{_ID}+{base64.b64encode(bytes([4] * 33)).decode()}", "algorithm"),
}


@pytest.mark.parametrize("name", _MALFORMED_KEYS)
@pytest.mark.parametrize(
    ("read", "prefix"), [(VerifierKey.from_text, ""), (SigningKey.from_text, "PRIVATE+KEY+")], ids=["public", "private"]
)
def test_a_malformed_key_is_refused_by_its_defect(read: Callable[[str], object], prefix: str, name: str) -> None:
    text, problem = _MALFORMED_KEYS[name]
    with pytest.raises(KeyFormatError) as caught:
        read(prefix + text)
    assert caught.value.where["problem"] == problem


def test_a_public_key_is_no_signing_key_and_the_other_way_round() -> None:
    with pytest.raises(KeyFormatError):
        SigningKey.from_text(_GO_VERIFIER)
    with pytest.raises(KeyFormatError):
        VerifierKey.from_text(_GO_SIGNER)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u00a0b"])
def test_a_key_name_is_one_word_without_plus(name: str) -> None:
    with pytest.raises(KeyFormatError):
        SigningKey.generate(name)
    with pytest.raises(KeyFormatError):
        VerifierKey(name, _KEY.verifier.public)


def test_a_public_key_has_32_bytes() -> None:
    with pytest.raises(KeyFormatError):
        VerifierKey("a.example", bytes(31))
