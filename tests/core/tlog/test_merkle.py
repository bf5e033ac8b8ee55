from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.digests import sha256
from liuhen.core.tlog.errors import ConsistencyError, InclusionError, TlogError
from liuhen.core.tlog.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)
from tests.support.tree import MemoryTree

_LARGEST = 600


def _leaf(number: int) -> bytes:
    return leaf_hash(number.to_bytes(2))


_TREE = MemoryTree([_leaf(number) for number in range(_LARGEST)])
_sizes = st.integers(1, _LARGEST)


def _defined_root(leaves: list[bytes]) -> bytes:
    """Return MTH as RFC 6962 section 2.1 defines it, word for word."""
    if not leaves:
        return sha256(b"")
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return node_hash(_defined_root(leaves[:k]), _defined_root(leaves[k:]))


def _defined_subtree_proof(start: int, end: int, leaves: list[bytes], *, known: bool = True) -> list[bytes]:
    """Return the subtree consistency proof as draft-ietf-plants-merkle-tree-certs defines it."""
    if (start, end) == (0, len(leaves)):
        return [] if known else [_defined_root(leaves)]
    k = 1 << ((len(leaves) - 1).bit_length() - 1)
    left, right = leaves[:k], leaves[k:]
    if end <= k:
        return [*_defined_subtree_proof(start, end, left, known=known), _defined_root(right)]
    if k <= start:
        return [*_defined_subtree_proof(start - k, end - k, right, known=known), _defined_root(left)]
    return [*_defined_subtree_proof(0, end - k, right, known=False), _defined_root(left)]


def _inclusion(index: int, size: int) -> dict[str, Any]:
    return {
        "leaf": _leaf(index),
        "index": index,
        "size": size,
        "proof": inclusion_proof(index, size, _TREE),
        "root": tree_root(size, _TREE),
    }


def _consistency(size1: int, size2: int) -> dict[str, Any]:
    return {
        "size1": size1,
        "root1": tree_root(size1, _TREE),
        "size2": size2,
        "root2": tree_root(size2, _TREE),
        "proof": consistency_proof(size1, size2, _TREE),
    }


def _flipped(value: bytes, position: int) -> bytes:
    """Return `value` with one bit flipped."""
    altered = bytearray(value)
    altered[position // 8 % len(value)] ^= 1 << position % 8
    return bytes(altered)


@pytest.mark.parametrize("size", range(66))
def test_roots_are_as_the_rfc_defines_them(size: int) -> None:
    leaves = [_leaf(number) for number in range(size)]
    assert tree_root(size, _TREE) == _defined_root(leaves)
    assert MemoryTree(leaves).root() == _defined_root(leaves)


def test_every_proof_of_every_small_tree_holds() -> None:
    for size in range(1, 40):
        for index in range(size):
            verify_inclusion(**_inclusion(index, size))
        for older in range(size + 1):
            verify_consistency(**_consistency(older, size))


@given(_sizes, st.data())
def test_any_leaf_of_any_tree_is_proven(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = _inclusion(index, size)
    verify_inclusion(**proof)
    verify_subtree_inclusion(
        leaf=proof["leaf"], index=index, start=0, end=size, proof=proof["proof"], root=proof["root"]
    )


@given(_sizes, st.data())
def test_any_tree_is_proven_to_continue_any_smaller_one(size2: int, data: st.DataObject) -> None:
    verify_consistency(**_consistency(data.draw(st.integers(0, size2)), size2))


def _spoil(proof: dict[str, Any], data: st.DataObject, *hashes: str) -> None:
    """Flip a bit in one of `hashes` or of the proof's own."""
    places = [(proof, name) for name in hashes] + [(proof["proof"], place) for place in range(len(proof["proof"]))]
    holder, place = data.draw(st.sampled_from(places))
    holder[place] = _flipped(holder[place], data.draw(st.integers(0, 255)))


@given(_sizes, st.data())
def test_a_flipped_bit_in_leaf_root_or_proof_fails_inclusion(size: int, data: st.DataObject) -> None:
    proof = _inclusion(data.draw(st.integers(0, size - 1)), size)
    _spoil(proof, data, "leaf", "root")
    with pytest.raises(InclusionError):
        verify_inclusion(**proof)


@given(_sizes, st.data())
def test_a_flipped_bit_in_root_or_proof_fails_consistency(size2: int, data: st.DataObject) -> None:
    proof = _consistency(data.draw(st.integers(1, size2)), size2)
    _spoil(proof, data, "root1", "root2")
    with pytest.raises(ConsistencyError):
        verify_consistency(**proof)


@given(_sizes, st.data())
def test_another_index_or_size_fails_inclusion(size: int, data: st.DataObject) -> None:
    proof = _inclusion(data.draw(st.integers(0, size - 1)), size)
    index = data.draw(st.integers(-1, size + 1).filter(lambda other: other != proof["index"]))
    with pytest.raises(InclusionError):
        verify_inclusion(**proof | {"index": index})
    longer = tree_root(size, MemoryTree([_leaf(number + 1) for number in range(size)]))
    with pytest.raises(InclusionError):
        verify_inclusion(**proof | {"root": longer})


@given(_sizes, st.data())
def test_a_longer_or_shorter_proof_fails(size: int, data: st.DataObject) -> None:
    inclusion = _inclusion(data.draw(st.integers(0, size - 1)), size)
    consistency = _consistency(data.draw(st.integers(0, size)), size)
    for proof, verify in ((inclusion, verify_inclusion), (consistency, verify_consistency)):
        hashes = proof["proof"]
        for other in ([*hashes, EMPTY_ROOT], [EMPTY_ROOT, *hashes], hashes[:-1], hashes[1:]):
            if other != hashes:
                with pytest.raises(TlogError):
                    verify(**proof | {"proof": other})


def test_a_proof_of_pieces_that_are_no_hashes_fails() -> None:
    inclusion, consistency = _inclusion(3, 8), _consistency(3, 8)
    first, second, *rest = inclusion["proof"]
    with pytest.raises(InclusionError):
        verify_inclusion(**inclusion | {"proof": [first + second, *rest]})
    with pytest.raises(InclusionError):
        verify_inclusion(**inclusion | {"leaf": b"short"})
    with pytest.raises(ConsistencyError):
        verify_consistency(**consistency | {"proof": [item + b"x" for item in consistency["proof"]]})


@pytest.mark.parametrize(
    "change",
    [
        {"root1": bytes(32)},
        {"root2": b"no hash"},
        {"size2": -1},
        {"proof": [bytes(32)]},
    ],
    ids=["other-empty-root", "no-hash", "negative", "proof"],
)
def test_every_tree_continues_the_empty_one_but_not_another(change: dict[str, Any]) -> None:
    valid = _consistency(0, 5)
    verify_consistency(**valid)
    with pytest.raises(ConsistencyError):
        verify_consistency(**valid | change)


def test_the_empty_tree_has_one_root() -> None:
    verify_consistency(size1=0, root1=EMPTY_ROOT, size2=0, root2=EMPTY_ROOT, proof=[])
    with pytest.raises(ConsistencyError):
        verify_consistency(size1=0, root1=EMPTY_ROOT, size2=0, root2=bytes(32), proof=[])


def test_a_tree_does_not_continue_a_larger_one() -> None:
    valid = _consistency(5, 5)
    with pytest.raises(ConsistencyError):
        verify_consistency(**valid | {"size1": 6})


def test_every_subtree_of_every_small_tree_is_proven_to_be_part_of_it() -> None:
    for size in range(1, 20):
        leaves = [_leaf(number) for number in range(size)]
        subtrees = [
            (start, end)
            for start in range(size)
            for end in range(start + 1, size + 1)
            if start % (1 << (end - start - 1).bit_length()) == 0
        ]
        for start, end in subtrees:
            proof: dict[str, Any] = {
                "start": start,
                "end": end,
                "root": _defined_root(leaves[start:end]),
                "size": size,
                "tree_root": _defined_root(leaves),
                "proof": _defined_subtree_proof(start, end, leaves),
            }
            verify_subtree_consistency(**proof)
            with pytest.raises(ConsistencyError):
                verify_subtree_consistency(**proof | {"root": _flipped(proof["root"], size)})
            with pytest.raises(ConsistencyError):
                verify_subtree_consistency(**proof | {"tree_root": _flipped(proof["tree_root"], size)})


@pytest.mark.parametrize(("start", "end"), [(1, 3), (2, 5), (-1, 0), (3, 2)])
def test_a_span_that_is_no_subtree_is_refused(start: int, end: int) -> None:
    with pytest.raises(InclusionError):
        verify_subtree_inclusion(leaf=_leaf(1), index=1, start=start, end=end, proof=[], root=_leaf(1))
    with pytest.raises(ConsistencyError):
        verify_subtree_consistency(start=start, end=end, root=_leaf(1), size=8, tree_root=tree_root(8, _TREE), proof=[])


@pytest.mark.parametrize(
    "call",
    [
        lambda: tree_root(-1, _TREE),
        lambda: inclusion_proof(5, 5, _TREE),
        lambda: inclusion_proof(-1, 5, _TREE),
        lambda: inclusion_proof(0, 0, _TREE),
        lambda: consistency_proof(6, 5, _TREE),
        lambda: consistency_proof(-1, 5, _TREE),
    ],
    ids=["root", "index-beyond", "index-negative", "empty-tree", "shrinking", "negative"],
)
def test_a_proof_that_cannot_be_is_a_wrong_call(call: Any) -> None:
    with pytest.raises(ValueError, match="tree"):
        call()


def test_a_leaf_never_hashes_like_a_node() -> None:
    left, right = _leaf(1), _leaf(2)
    assert leaf_hash(left + right) != node_hash(left, right)
