from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.canonical import canonical
from liuhen.core.entry import ObjectRef, commit_private
from liuhen.core.events import EventType
from liuhen.core.receipt import parse_receipt
from liuhen.core.tlog.note import SigningKey
from liuhen.core.tlog.proof import TlogProof
from liuhen.core.verify import AnyReceipt, VerificationError, verify_receipt
from liuhen.core.verify.errors import (
    CheckpointRefusedError,
    CommitmentError,
    EntryRefusedError,
    EventTypeError,
    InclusionRefusedError,
    NameDiffersError,
    ObjectCountError,
    ObjectDiffersError,
    ProofRefusedError,
    ReceiptMalformedError,
    SubjectDiffersError,
)
from tests.core.ledger_kit import KEY, NAME, ORIGIN, SALT, STATION, SmallLedger, details, sealed_entry, uuid7

_LEDGER = SmallLedger().fill(5)
_RECEIPT = _LEDGER.receipt(2)
_DOCUMENT: dict[str, Any] = json.loads(_RECEIPT)
_VERIFIER = KEY.verifier


def _verify(data: bytes) -> Any:
    return verify_receipt(data, key=_VERIFIER, policy=AnyReceipt())


def _receipt_of(**changes: Any) -> dict[str, Any]:
    """Return the receipt document for a ledger whose one entry has `changes`; its statement is of the usual entry."""
    usual = SmallLedger()
    usual.append(sealed_entry().to_bytes())
    document: dict[str, Any] = json.loads(usual.receipt(0))
    ledger = SmallLedger()
    ledger.append(sealed_entry(**changes).to_bytes())
    return document | {
        "entry": base64.b64encode(ledger.entries[0]).decode(),
        "proof": ledger.proof(0).encode().decode(),
    }


def test_a_true_receipt_proves_its_facts() -> None:
    facts = _verify(_RECEIPT)
    assert (facts.role, facts.name, facts.size) == ("original", NAME, 4098)
    assert (facts.sha256, facts.sm3) == (f"{2:064x}", f"{3:064x}")
    assert (facts.index, facts.checkpoint.size, facts.checkpoint.root) == (2, 5, _LEDGER.root)
    assert facts.entry.actor == f"station/{STATION}"
    assert facts.details == details()
    assert facts.entry.subject == f"recording/{facts.recording}"


def test_a_receipt_for_an_attachment_is_verified() -> None:
    ledger = SmallLedger()
    attached = sealed_entry(
        type=EventType.RECORDING_ATTACHED, objects=(ObjectRef("attachment", "0" * 64, None, 7, "version-1"),)
    )
    ledger.append(attached.to_bytes())
    facts = _verify(ledger.receipt(0))
    assert (facts.role, facts.size, facts.sm3) == ("attachment", 7, None)


@given(st.integers(1, 40), st.data())
def test_every_entry_of_any_ledger_has_a_receipt_that_holds(size: int, data: st.DataObject) -> None:
    ledger = SmallLedger().fill(size, batch=7)
    index = data.draw(st.integers(0, size - 1))
    assert _verify(ledger.receipt(index)).index == index


def test_any_flipped_bit_of_a_receipt_fails() -> None:
    for bit in range(8 * len(_RECEIPT)):
        altered = bytearray(_RECEIPT)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VerificationError):
            _verify(bytes(altered))


def test_a_malformed_receipt_is_refused() -> None:
    with pytest.raises(ReceiptMalformedError, match="not JSON"):
        _verify(_RECEIPT[:-1])


def test_a_malformed_entry_is_refused() -> None:
    entry = base64.b64encode(_LEDGER.entries[2] + b" ").decode()
    with pytest.raises(EntryRefusedError):
        _verify(canonical(_DOCUMENT | {"entry": entry}))


def test_an_event_that_seals_nothing_is_refused() -> None:
    with pytest.raises(EventTypeError, match="recording:analysed"):
        _verify(canonical(_receipt_of(type=EventType.RECORDING_ANALYSED)))


@pytest.mark.parametrize("kind", ["recording", "station"])
def test_a_receipt_for_another_subject_is_refused(kind: str) -> None:
    recording = uuid7(77) if kind == "recording" else uuid7(1000)
    with pytest.raises(SubjectDiffersError):
        _verify(canonical(_receipt_of(subject=f"{kind}/{recording}")))


@pytest.mark.parametrize("count", [0, 2])
def test_an_entry_with_another_number_of_originals_is_refused(count: int) -> None:
    objects = (ObjectRef("original", "0" * 64, "0" * 63 + "1", 4096),) * count
    with pytest.raises(ObjectCountError):
        _verify(canonical(_receipt_of(objects=(*objects, ObjectRef("preview", "1" * 64, None, 1)))))


@pytest.mark.parametrize(
    ("field", "value"),
    [("size", 4097), ("sha256", "f" * 64), ("sm3", "f" * 64), ("sm3", None)],
    ids=["size", "sha256", "sm3", "no-sm3"],
)
def test_a_statement_that_differs_from_the_entry_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ObjectDiffersError) as caught:
        _verify(canonical(_DOCUMENT | {field: value}))
    assert caught.value.where["field"] == field


@pytest.mark.parametrize(
    "opening",
    [
        {"salt": "00" * 32, "details": details()},
        {"salt": SALT.hex(), "details": details() | {"path": "Lw=="}},
        {"salt": SALT.hex(), "details": {}},
    ],
    ids=["salt", "details", "no-details"],
)
def test_an_opening_that_does_not_fit_is_refused(opening: dict[str, Any]) -> None:
    with pytest.raises(CommitmentError):
        _verify(canonical(_DOCUMENT | {"opening": opening}))


def test_an_entry_without_a_commitment_is_refused() -> None:
    with pytest.raises(CommitmentError):
        _verify(canonical(_receipt_of(private=None)))


def test_another_name_is_refused() -> None:
    name = base64.b64encode(b"another.mp4").decode()
    with pytest.raises(NameDiffersError):
        _verify(canonical(_DOCUMENT | {"name": name}))


def test_details_without_a_name_are_refused() -> None:
    opening = {"salt": SALT.hex(), "details": {}}
    document = _receipt_of(private=commit_private(SALT, {}))
    with pytest.raises(NameDiffersError):
        _verify(canonical(document | {"opening": opening}))


def test_a_malformed_proof_is_refused() -> None:
    with pytest.raises(ProofRefusedError):
        _verify(canonical(_DOCUMENT | {"proof": ""}))


def _with_proof(proof: TlogProof) -> bytes:
    return canonical(_DOCUMENT | {"proof": proof.encode().decode()})


def test_a_proof_of_another_entry_is_refused() -> None:
    with pytest.raises(InclusionRefusedError):
        _verify(_with_proof(_LEDGER.proof(3)))


def test_a_checkpoint_of_another_size_is_refused() -> None:
    proof = _LEDGER.proof(2)
    with pytest.raises(InclusionRefusedError):
        _verify(_with_proof(TlogProof(proof.index, proof.hashes, SmallLedger().fill(6).files["checkpoint"])))


def test_a_checkpoint_by_another_key_is_refused() -> None:
    impostor = SmallLedger(SigningKey(ORIGIN, bytes(32))).fill(5)
    with pytest.raises(CheckpointRefusedError, match="No known key"):
        _verify(_with_proof(impostor.proof(2)))


def test_a_receipt_of_another_ledger_is_refused() -> None:
    other = SigningKey("other.example/log", bytes(range(32)))
    with pytest.raises(CheckpointRefusedError):
        verify_receipt(_RECEIPT, key=other.verifier, policy=AnyReceipt())


def test_a_receipt_verifies_after_the_ledger_has_grown() -> None:
    ledger = SmallLedger().fill(5)
    early = ledger.receipt(2)
    ledger.append(*(sealed_entry(number).to_bytes() for number in range(300, 700)))
    assert _verify(early).checkpoint.size == 5
    assert _verify(ledger.receipt(2)).checkpoint.size == 405
    assert parse_receipt(early).entry == parse_receipt(ledger.receipt(2)).entry
