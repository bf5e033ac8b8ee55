from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from liuhen.core.tlog.errors import ConsistencyError, InclusionError, TlogError
from liuhen.core.tlog.merkle import (
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from tests.core.vectors import decoded, hashes, json_lines

if TYPE_CHECKING:
    from collections.abc import Callable


def _inclusion(case: dict[str, Any]) -> None:
    verify_inclusion(
        leaf=decoded(case["leafHash"]),
        index=case["leafIdx"],
        size=case["treeSize"],
        proof=hashes(case["proof"]),
        root=decoded(case["root"]),
    )


def _consistency(case: dict[str, Any]) -> None:
    verify_consistency(
        size1=case["size1"],
        root1=decoded(case["root1"]),
        size2=case["size2"],
        root2=decoded(case["root2"]),
        proof=hashes(case["proof"]),
    )


def _subtree_inclusion(case: dict[str, Any]) -> None:
    verify_subtree_inclusion(
        leaf=decoded(case["leafHash"]),
        index=case["leafIdx"],
        start=case["start"],
        end=case["end"],
        proof=hashes(case["proof"]),
        root=decoded(case["root"]),
    )


def _subtree_consistency(case: dict[str, Any]) -> None:
    verify_subtree_consistency(
        start=case["start"],
        end=case["end"],
        root=decoded(case["root1"]),
        size=case["size"],
        tree_root=decoded(case["root2"]),
        proof=hashes(case["proof"]),
    )


_KINDS: dict[str, tuple[Callable[[dict[str, Any]], None], type[TlogError], int]] = {
    "inclusion": (_inclusion, InclusionError, 98),
    "consistency": (_consistency, ConsistencyError, 98),
    "subtreeinclusion": (_subtree_inclusion, InclusionError, 204),
    "subtreeconsistency": (_subtree_consistency, ConsistencyError, 118),
}
_CASES = [(kind, case) for kind in _KINDS for case in json_lines(f"rfc6962/{kind}.jsonl")]


@pytest.mark.parametrize(("kind", "case"), _CASES, ids=[case["path"] for _, case in _CASES])
def test_each_case_ends_as_its_authors_say(kind: str, case: dict[str, Any]) -> None:
    verify, refusal, _ = _KINDS[kind]
    if case["wantErr"]:
        with pytest.raises(refusal):
            verify(case)
    else:
        verify(case)


def test_all_518_cases_are_there() -> None:
    counts = {kind: sum(1 for of, _ in _CASES if of == kind) for kind in _KINDS}
    assert counts == {kind: count for kind, (_, _, count) in _KINDS.items()}
    assert len(_CASES) == 518
