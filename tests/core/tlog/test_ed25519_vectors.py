"""Edge cases on which Ed25519 verifiers disagree, and what this one does about each.

| flag of the case | outcome here | why |
|---|---|---|
| `low_order_A` | refused when the key is read | under such a key false signatures pass |
| `non_canonical_A` | refused when the key is read | a key has one spelling (RFC 8032 section 5.1.3) |
| `non_canonical_R` | signature refused | a signature has one spelling |
| `low_order_residue` | signature refused | the equation is checked without the cofactor (RFC 8032 section 5.1.7) |
| `low_order_R`, `low_order_component_R`, `low_order_component_A` | accepted where none of the above | see below |
| `reencoded_k` | as the other flags say | the hash is taken over the bytes as they came |

What is accepted satisfies the equation exactly, and only the key's own holder can make it.
"""

from __future__ import annotations

from typing import Any

import pytest

from liuhen.core.tlog.errors import KeyFormatError
from liuhen.core.tlog.note import VerifierKey
from tests.core.vectors import json_file

_CASES = json_file("ed25519/ed25519vectors.json.gz")
_KEY_REFUSED = {"low_order_A", "non_canonical_A"}
_SIGNATURE_REFUSED = {"non_canonical_R", "low_order_residue"}
_DECIDED_BY_OTHERS = {"low_order_R", "low_order_component_R", "low_order_component_A", "reencoded_k"}


def _outcome(case: dict[str, Any]) -> str:
    try:
        key = VerifierKey("a.example", bytes.fromhex(case["key"]))
    except KeyFormatError:
        return "key refused"
    accepted = key.verifies(bytes.fromhex(case["sig"]), case["msg"].encode())
    return "accepted" if accepted else "signature refused"


def _expected(case: dict[str, Any]) -> str:
    flags = set(case["flags"] or ())
    if flags & _KEY_REFUSED:
        return "key refused"
    return "signature refused" if flags & _SIGNATURE_REFUSED else "accepted"


@pytest.mark.parametrize("case", _CASES, ids=[str(case["number"]) for case in _CASES])
def test_each_case_ends_as_the_table_says(case: dict[str, Any]) -> None:
    assert _outcome(case) == _expected(case)


def test_the_table_names_every_flag_and_each_outcome_occurs() -> None:
    flags = {flag for case in _CASES for flag in case["flags"] or ()}
    assert flags == _KEY_REFUSED | _SIGNATURE_REFUSED | _DECIDED_BY_OTHERS
    assert {_expected(case) for case in _CASES} == {"accepted", "key refused", "signature refused"}
    assert len(_CASES) == 914


@pytest.mark.parametrize("signature", [b"", bytes(63), bytes(65)], ids=["empty", "short", "long"])
def test_a_signature_of_another_length_is_false(signature: bytes) -> None:
    key = VerifierKey("a.example", bytes.fromhex("1a5cd907143c384c41e830c5bce12aa8817ec5649aaabf2c31388b35b2d744d6"))
    assert not key.verifies(signature, b"message")
