"""Verify a receipt against a pinned ledger key and a policy."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from liuhen.core.entry import Entry, EntryError, commit_private
from liuhen.core.errors import both
from liuhen.core.receipt import ROLES, parse_receipt
from liuhen.core.receipt.errors import ReceiptError
from liuhen.core.tlog.checkpoint import open_checkpoint
from liuhen.core.tlog.errors import InclusionError, ProofFormatError, TlogError
from liuhen.core.tlog.merkle import leaf_hash, verify_inclusion
from liuhen.core.tlog.proof import TlogProof
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
from liuhen.core.verify.facts import ReceiptFacts

if TYPE_CHECKING:
    from liuhen.core.receipt import Receipt
    from liuhen.core.tlog.checkpoint import Checkpoint
    from liuhen.core.tlog.note import VerifierKey
    from liuhen.core.verify.policy import Policy

__all__ = ["verify_receipt"]


def verify_receipt(data: bytes, *, key: VerifierKey, policy: Policy) -> ReceiptFacts:
    """Return what the receipt `data` proves under the pinned `key`, if `policy` accepts it.

    Protocol: docs/spec/receipt.md, section "Receipt"; every condition there is checked here, in that order.

    Raises:
        VerificationError: any doubt; the subclass names it.
    """
    try:
        receipt = parse_receipt(data)
    except ReceiptError as error:
        raise ReceiptMalformedError(cause=error.as_dict()) from error
    entry, role = _check_entry(receipt)
    _check_opening(receipt, entry)
    index, checkpoint = _check_proof(receipt, key)
    facts = ReceiptFacts(
        recording=receipt.recording,
        role=role,
        name=receipt.name,
        size=receipt.size,
        sha256=receipt.sha256,
        sm3=receipt.sm3,
        details=receipt.details,
        entry=entry,
        index=index,
        checkpoint=checkpoint,
    )
    policy.check(facts)
    return facts


def _check_entry(receipt: Receipt) -> tuple[Entry, str]:
    """Return the receipt's entry and the role of its object, after comparing both with what the receipt states."""
    try:
        entry = Entry.from_bytes(receipt.entry)
    except EntryError as error:
        raise EntryRefusedError(place=both("回执所附", "in the receipt"), cause=error.as_dict()) from error
    role = ROLES.get(entry.type)
    if role is None:
        raise EventTypeError(type=entry.type.value)
    if entry.subject != f"recording/{receipt.recording}":
        raise SubjectDiffersError(recording=str(receipt.recording), subject=entry.subject)
    objects = [item for item in entry.objects if item.role == role]
    if len(objects) != 1:
        raise ObjectCountError(role=role, count=len(objects))
    for field in ("size", "sha256", "sm3"):
        stated, sealed = getattr(receipt, field), getattr(objects[0], field)
        if stated != sealed:
            raise ObjectDiffersError(field=field, stated=stated, sealed=sealed)
    return entry, role


def _check_opening(receipt: Receipt, entry: Entry) -> None:
    commitment = commit_private(receipt.salt, receipt.details)
    if entry.private is None or not hmac.compare_digest(commitment, entry.private):
        raise CommitmentError
    if receipt.details.get("name") != base64.b64encode(receipt.name).decode():
        raise NameDiffersError


def _check_proof(receipt: Receipt, key: VerifierKey) -> tuple[int, Checkpoint]:
    try:
        proof = TlogProof.parse(receipt.proof)
        checkpoint = open_checkpoint(proof.checkpoint, key)
        verify_inclusion(
            leaf=leaf_hash(receipt.entry),
            index=proof.index,
            size=checkpoint.size,
            proof=proof.hashes,
            root=checkpoint.root,
        )
    except ProofFormatError as error:
        raise ProofRefusedError(cause=error.as_dict()) from error
    except InclusionError as error:
        raise InclusionRefusedError(cause=error.as_dict()) from error
    except TlogError as error:
        raise CheckpointRefusedError(cause=error.as_dict()) from error
    return proof.index, checkpoint
