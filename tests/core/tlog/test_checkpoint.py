from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.tlog.checkpoint import MAX_TREE_SIZE, Checkpoint, open_checkpoint, sign_checkpoint
from liuhen.core.tlog.errors import CheckpointFormatError, NoteUnsignedError, OriginError, TlogError
from liuhen.core.tlog.merkle import EMPTY_ROOT
from liuhen.core.tlog.note import SigningKey, sign_note
from tests.core.ledger_kit import KEY, ORIGIN

_ROOT = bytes(range(100, 132))
_CHECKPOINT = Checkpoint(ORIGIN, 20852163, _ROOT)


@given(st.integers(1, MAX_TREE_SIZE), st.binary(min_size=32, max_size=32))
def test_a_signed_checkpoint_is_opened(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert open_checkpoint(sign_checkpoint(checkpoint, KEY), KEY.verifier) == checkpoint


def test_the_empty_tree_has_a_checkpoint() -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(empty, KEY), KEY.verifier) == empty


def test_any_flipped_bit_of_a_checkpoint_fails() -> None:
    signed = sign_checkpoint(_CHECKPOINT, KEY)
    for bit in range(8 * len(signed)):
        altered = bytearray(signed)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(TlogError):
            open_checkpoint(bytes(altered), KEY.verifier)


def test_the_example_of_the_specification_is_read() -> None:
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    checkpoint = Checkpoint.parse(text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert checkpoint.to_text() == text


_ROOT_TEXT = _CHECKPOINT.to_text().split("\n")[2]
_MALFORMED = {
    "empty": "",
    "two-lines": f"{ORIGIN}\n5\n",
    "extension-line": f"{ORIGIN}\n5\n{_ROOT_TEXT}\nextra\n",
    "no-last-newline": f"{ORIGIN}\n5\n{_ROOT_TEXT}",
    "no-origin": f"\n5\n{_ROOT_TEXT}\n",
    "size-with-zero": f"{ORIGIN}\n05\n{_ROOT_TEXT}\n",
    "size-with-sign": f"{ORIGIN}\n+5\n{_ROOT_TEXT}\n",
    "size-negative": f"{ORIGIN}\n-5\n{_ROOT_TEXT}\n",
    "size-in-other-digits": f"{ORIGIN}\n٥\n{_ROOT_TEXT}\n",
    "size-beyond-63-bits": f"{ORIGIN}\n{MAX_TREE_SIZE + 1}\n{_ROOT_TEXT}\n",
    "size-of-5000-digits": f"{ORIGIN}\n{'9' * 5000}\n{_ROOT_TEXT}\n",
    "root-short": f"{ORIGIN}\n5\nYQ==\n",
    "root-not-base64": f"{ORIGIN}\n5\n{_ROOT_TEXT[:-1]}\n",
    "root-in-another-spelling": f"{ORIGIN}\n5\n{_ROOT_TEXT[:-2]}{chr(ord(_ROOT_TEXT[-2]) + 1)}=\n",
    "empty-tree-with-a-root": f"{ORIGIN}\n0\n{_ROOT_TEXT}\n",
}


@pytest.mark.parametrize("name", _MALFORMED)
def test_a_malformed_checkpoint_is_refused(name: str) -> None:
    with pytest.raises(CheckpointFormatError):
        Checkpoint.parse(_MALFORMED[name])


def test_a_signed_text_that_is_no_checkpoint_is_refused() -> None:
    with pytest.raises(CheckpointFormatError):
        open_checkpoint(sign_note(f"{ORIGIN}\nfive\n", KEY), KEY.verifier)


def test_a_checkpoint_of_another_ledger_is_refused() -> None:
    signed = sign_note(Checkpoint("other.example/log", 5, _ROOT).to_text(), KEY)
    with pytest.raises(OriginError):
        open_checkpoint(signed, KEY.verifier)


def test_a_checkpoint_signed_by_another_key_is_refused() -> None:
    with pytest.raises(NoteUnsignedError):
        open_checkpoint(sign_checkpoint(_CHECKPOINT, KEY), SigningKey(ORIGIN, bytes(32)).verifier)


def test_signing_under_another_name_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="own name"):
        sign_checkpoint(Checkpoint("other.example/log", 5, _ROOT), KEY)


@pytest.mark.parametrize(
    ("origin", "size", "root"),
    [("", 1, _ROOT), ("a\nb", 1, _ROOT), ("a", -1, _ROOT), ("a", 2**63, _ROOT), ("a", 1, b""), ("a", 0, _ROOT)],
    ids=["no-origin", "two-lines", "negative", "too-large", "no-root", "empty-with-root"],
)
def test_an_impossible_checkpoint_is_a_wrong_call(origin: str, size: int, root: bytes) -> None:
    with pytest.raises(ValueError, match=r"one line|63 bits|32 bytes|one root"):
        Checkpoint(origin, size, root)
