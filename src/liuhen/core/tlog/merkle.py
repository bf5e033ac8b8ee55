"""The Merkle tree of RFC 6962 section 2.1 over SHA-256: roots, proofs and their verification.

A *complete subtree* (level, index) covers the 2**level leaves from index * 2**level on; the leaves' own hashes are
level 0. Every hash that a proof needs is made of complete subtrees, so that is all a tree has to offer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from liuhen.core.digests import sha256
from liuhen.core.tlog.errors import ConsistencyError, InclusionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "EMPTY_ROOT",
    "HASH_SIZE",
    "HashReader",
    "consistency_proof",
    "inclusion_proof",
    "leaf_hash",
    "node_hash",
    "tree_root",
    "verify_consistency",
    "verify_inclusion",
    "verify_subtree_consistency",
    "verify_subtree_inclusion",
]

HASH_SIZE: Final = 32
"""Bytes of one hash."""

EMPTY_ROOT: Final = sha256(b"")
"""The root of the tree without leaves."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of the leaf whose content is `data`: SHA-256(0x00 || data)."""
    return sha256(b"\x00" + data)


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of the node above `left` and `right`: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right)


class HashReader(Protocol):
    """A tree's stored hashes."""

    def read_hash(self, level: int, index: int) -> bytes:
        """Return the hash of complete subtree (level, index).

        Raises:
            LookupError: the tree does not hold it.
        """
        ...


def tree_root(size: int, reader: HashReader) -> bytes:
    """Return the root of the tree of the first `size` leaves.

    Raises:
        ValueError: `size` is negative.
    """
    if size < 0:
        raise ValueError("a tree has no negative size")
    return _span_hash(0, size, reader) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, reader: HashReader) -> list[bytes]:
    """Return PATH(index, D[size]), the hashes from the leaf's sibling to the root's child (RFC 6962 section 2.1.1).

    Raises:
        ValueError: no leaf `index` in a tree of `size`.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of size {size}")
    proof = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if index < middle:
            proof.append(_span_hash(middle, end, reader))
            end = middle
        else:
            proof.append(_span_hash(start, middle, reader))
            start = middle
    return proof[::-1]


def consistency_proof(size1: int, size2: int, reader: HashReader) -> list[bytes]:
    """Return PROOF(size1, D[size2]) (RFC 6962 section 2.1.2); empty where either size says all.

    Raises:
        ValueError: unless 0 <= size1 <= size2.
    """
    if not 0 <= size1 <= size2:
        raise ValueError(f"a tree of size {size2} does not continue one of size {size1}")
    if size1 in (0, size2):
        return []
    proof = []
    start, end = 0, size2
    while end != size1:
        middle = start + _largest_power_below(end - start)
        if size1 <= middle:
            proof.append(_span_hash(middle, end, reader))
            end = middle
        else:
            proof.append(_span_hash(start, middle, reader))
            start = middle
    if start:
        proof.append(_span_hash(start, end, reader))
    return proof[::-1]


def verify_inclusion(*, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that the leaf with hash `leaf` stands at `index` in the tree of `size` leaves with `root`.

    Protocol: RFC 9162 section 2.1.3.2, the proofs of RFC 6962.

    Raises:
        InclusionError: it is not shown to.
    """
    failed = InclusionError(index=index, size=size)
    if not 0 <= index < size or not _are_hashes(leaf, *proof):
        raise failed
    at, last, node = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise failed
        if at & 1 or at == last:
            node = node_hash(sibling, node)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        at >>= 1
        last >>= 1
    if last or node != root:
        raise failed


def verify_consistency(*, size1: int, root1: bytes, size2: int, root2: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree (size2, root2) begins with the leaves of the tree (size1, root1).

    Protocol: RFC 9162 section 2.1.4.2. Every tree continues the empty one, so for size1 = 0 the proof must be empty.

    Raises:
        ConsistencyError: it is not shown to.
    """
    if size1 == 0 and (not _are_hashes(root2) or (size2 == 0 and root2 != EMPTY_ROOT)):
        raise ConsistencyError(size1=size1, size2=size2)
    verify_subtree_consistency(start=0, end=size1, root=root1, size=size2, tree_root=root2, proof=proof)


def verify_subtree_inclusion(
    *, leaf: bytes, index: int, start: int, end: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check that the leaf with hash `leaf` stands at `index` under the subtree [start, end) with `root`.

    Protocol: draft-ietf-plants-merkle-tree-certs, section "Subtree Inclusion Proofs".

    Raises:
        InclusionError: it is not shown to.
    """
    if not _is_subtree(start, end):
        raise InclusionError(index=index, size=end)
    verify_inclusion(leaf=leaf, index=index - start, size=end - start, proof=proof, root=root)


def verify_subtree_consistency(
    *, start: int, end: int, root: bytes, size: int, tree_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that the subtree [start, end) with `root` is part of the tree of `size` leaves with `tree_root`.

    Protocol: draft-ietf-plants-merkle-tree-certs, section "Verifying Subtree Consistency Proofs"; for start = 0 it
    is the consistency proof of RFC 6962. An empty subtree is part of every tree that reaches to it.

    Raises:
        ConsistencyError: it is not shown to be.
    """
    failed = ConsistencyError(size1=end, size2=size)
    if end > size or not _are_hashes(*proof):
        raise failed
    if start == end >= 0 and root == EMPTY_ROOT and not proof:
        return
    if not _is_subtree(start, end) or _roots_by_proof(start, end - 1, size - 1, root, proof) != (root, tree_root):
        raise failed


def _roots_by_proof(first: int, last: int, top: int, root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the roots of the subtree and of the tree that `proof` leads to, None where it is too long or too short.

    `first` and `last` are the subtree's outermost leaves, `top` the tree's last; each step up halves them.
    """
    while first != last and (last & 1 or last == top):
        first, last, top = first >> 1, last >> 1, top >> 1
    rest = list(proof) if first != last else [root, *proof]
    if not rest:
        return None
    inner = outer = rest[0]
    for sibling in rest[1:]:
        if top == 0:
            return None
        if last & 1 or last == top:
            if first < last:
                inner = node_hash(sibling, inner)
            outer = node_hash(sibling, outer)
            while not last & 1:
                first, last, top = first >> 1, last >> 1, top >> 1
        else:
            outer = node_hash(outer, sibling)
        first, last, top = first >> 1, last >> 1, top >> 1
    return None if top else (inner, outer)


def _are_hashes(*values: bytes) -> bool:
    return all(len(value) == HASH_SIZE for value in values)


def _is_subtree(start: int, end: int) -> bool:
    """Say whether RFC 6962's recursion meets [start, end) in some tree, that is, whether start is aligned."""
    return 0 <= start < end and start & ((1 << (end - start - 1).bit_length()) - 1) == 0


def _largest_power_below(count: int) -> int:
    """Return the largest power of two smaller than `count`, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _complete_subtrees(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield (level, index) of the complete subtrees that make up the aligned span [start, end), from the left."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _span_hash(start: int, end: int, reader: HashReader) -> bytes:
    """Return MTH(D[start:end]) for an aligned, non-empty span."""
    parts = [reader.read_hash(level, index) for level, index in _complete_subtrees(start, end)]
    node = parts.pop()
    while parts:
        node = node_hash(parts.pop(), node)
    return node
