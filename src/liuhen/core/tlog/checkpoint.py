"""Checkpoints (c2sp.org/tlog-checkpoint): the signed head of a ledger's tree, three lines, no extensions."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from liuhen.core.forms import decode_base64
from liuhen.core.tlog.errors import CheckpointFormatError, OriginError
from liuhen.core.tlog.merkle import EMPTY_ROOT, HASH_SIZE
from liuhen.core.tlog.note import open_note, sign_note

if TYPE_CHECKING:
    from liuhen.core.tlog.note import SigningKey, VerifierKey

__all__ = ["MAX_TREE_SIZE", "Checkpoint", "open_checkpoint", "sign_checkpoint"]

MAX_TREE_SIZE: Final = 2**63 - 1
"""The largest size that outside verifiers, whose integers are signed, can hold."""

_LINES: Final = 3
_decimal = re.compile(r"0|[1-9][0-9]{0,18}").fullmatch


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: the ledger's name, the number of its entries and the 32-byte root over them.

    Raises:
        ValueError: a value that no checkpoint can hold.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise ValueError("an origin is one line")
        if not 0 <= self.size <= MAX_TREE_SIZE:
            raise ValueError("a tree size has 63 bits")
        if len(self.root) != HASH_SIZE:
            raise ValueError("a root has 32 bytes")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise ValueError("the empty tree has one root")

    def to_text(self) -> str:
        """Return the note text of three lines."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read what `to_text` writes.

        Raises:
            CheckpointFormatError: `text` is anything else.
        """
        lines = text.split("\n")
        if len(lines) != _LINES + 1 or lines[_LINES]:
            raise CheckpointFormatError(problem="not-three-lines")
        origin, size, encoded_root = lines[:_LINES]
        root = decode_base64(encoded_root)
        if _decimal(size) is None or root is None:
            raise CheckpointFormatError(problem="size-or-root")
        try:
            return cls(origin=origin, size=int(size), root=root)
        except ValueError as error:
            raise CheckpointFormatError(problem="impossible-value") from error


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> bytes:
    """Return `checkpoint` as a note signed with `key`.

    It does not know what was signed before: the caller guards that successors are consistent.

    Raises:
        ValueError: the key's name is not the checkpoint's origin.
    """
    if checkpoint.origin != key.name:
        raise ValueError("a ledger signs under its own name")
    return sign_note(checkpoint.to_text(), key)


def open_checkpoint(data: bytes, key: VerifierKey) -> Checkpoint:
    """Return the checkpoint in the note `data`, signed by `key`, of the ledger whose name is the key's.

    Raises:
        NoteFormatError, NoteSignatureError, NoteUnsignedError: see `open_note`.
        CheckpointFormatError: the signed text is no checkpoint.
        OriginError: it is of another ledger.
    """
    checkpoint = Checkpoint.parse(open_note(data, [key]).text)
    if checkpoint.origin != key.name:
        raise OriginError(found=checkpoint.origin, expected=key.name)
    return checkpoint
