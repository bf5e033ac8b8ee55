"""A Merkle tree held in memory, to compare tiles and proofs with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.core.tlog.merkle import node_hash, tree_root

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MemoryTree"]


class MemoryTree:
    """A tree held in memory; its size is the number of leaf hashes appended."""

    def __init__(self, leaf_hashes: Sequence[bytes] = ()) -> None:
        self._levels: list[list[bytes]] = [[]]
        for leaf in leaf_hashes:
            self.append(leaf)

    @property
    def size(self) -> int:
        """Return the number of leaves."""
        return len(self._levels[0])

    def append(self, leaf: bytes) -> None:
        """Add `leaf`, a leaf hash, at the right."""
        level = 0
        self._levels[0].append(leaf)
        while len(self._levels[level]) % 2 == 0:
            if level + 1 == len(self._levels):
                self._levels.append([])
            self._levels[level + 1].append(node_hash(*self._levels[level][-2:]))
            level += 1

    def read_hash(self, level: int, index: int) -> bytes:
        """Return the hash of complete subtree (level, index), see `HashReader`."""
        return self._levels[level][index]

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        return tree_root(self.size, self)
