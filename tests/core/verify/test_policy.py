from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liuhen.core.verify import (
    AllOf,
    AnyReceipt,
    ForRecording,
    ForStation,
    InRole,
    SameOriginal,
    verify_receipt,
)
from liuhen.core.verify.errors import (
    EmptyPolicyError,
    OtherOriginalError,
    OtherRecordingError,
    OtherRoleError,
    OtherStationError,
    PolicyError,
)
from tests.core.ledger_kit import KEY, STATION, SmallLedger, uuid7

if TYPE_CHECKING:
    from liuhen.core.verify import Policy

_LEDGER = SmallLedger().fill(3)
_FACTS = verify_receipt(_LEDGER.receipt(1), key=KEY.verifier, policy=AnyReceipt())
_MET: list[Policy] = [
    SameOriginal(f"{1:064x}", 4097),
    ForRecording(_FACTS.recording),
    ForStation(STATION),
    InRole("original"),
]
_UNMET: list[tuple[Policy, type[PolicyError]]] = [
    (SameOriginal("f" * 64, 4097), OtherOriginalError),
    (SameOriginal(f"{1:064x}", 4096), OtherOriginalError),
    (ForRecording(uuid7(5)), OtherRecordingError),
    (ForStation(uuid7(5)), OtherStationError),
    (InRole("attachment"), OtherRoleError),
    (AllOf(), EmptyPolicyError),
]


def _verify(policy: Policy) -> object:
    return verify_receipt(_LEDGER.receipt(1), key=KEY.verifier, policy=policy)


@pytest.mark.parametrize("policy", _MET, ids=lambda policy: type(policy).__name__)
def test_a_demand_that_is_met_lets_the_receipt_pass(policy: Policy) -> None:
    assert _verify(policy) == _FACTS


@pytest.mark.parametrize(("policy", "refusal"), _UNMET, ids=lambda value: type(value).__name__)
def test_a_demand_that_is_not_met_refuses_the_receipt(policy: Policy, refusal: type[PolicyError]) -> None:
    with pytest.raises(refusal):
        _verify(policy)
    with pytest.raises(refusal):
        _verify(AllOf(*_MET, policy))


def test_several_demands_are_met_together() -> None:
    assert _verify(AllOf(*_MET, AllOf(*_MET))) == _FACTS


def test_a_policy_is_not_asked_about_a_false_receipt() -> None:
    class Unreached:
        def check(self, facts: object) -> None:
            raise AssertionError(facts)

    with pytest.raises(Exception, match="receipt cannot be read"):
        verify_receipt(b"{}", key=KEY.verifier, policy=Unreached())
