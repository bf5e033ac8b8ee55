"""The tlog-proof (c2sp.org/tlog-proof@v1): where an entry stands, and the proof from it up to a checkpoint."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Final

from liuhen.core.forms import decode_base64
from liuhen.core.tlog.errors import ProofFormatError
from liuhen.core.tlog.merkle import HASH_SIZE

__all__ = ["TlogProof"]

_HEADER: Final = "c2sp.org/tlog-proof@v1"
_MAX_HASHES: Final = 63
_MAX_SIZE: Final = 1 << 20
_index_line = re.compile(r"index (0|[1-9][0-9]{0,18})").fullmatch


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof that can be checked offline.

    `index` is the entry's number in the ledger, `hashes` run from the leaf's sibling to the root's child, `checkpoint`
    is a signed note as it came, `extra` is opaque and vouched for by nobody.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """Return the proof as text in UTF-8."""
        lines = [_HEADER]
        if self.extra is not None:
            lines.append(f"extra {base64.b64encode(self.extra).decode()}")
        lines.append(f"index {self.index}")
        lines += [base64.b64encode(item).decode() for item in self.hashes]
        return "\n".join(lines).encode() + b"\n\n" + self.checkpoint

    @classmethod
    def parse(cls, data: bytes) -> TlogProof:
        """Return the proof that `encode` writes as `data`; the checkpoint in it is not looked into.

        Raises:
            ProofFormatError: there is none.
        """
        if len(data) > _MAX_SIZE:
            raise ProofFormatError(problem="size")
        head, gap, checkpoint = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise ProofFormatError(problem="not-ascii") from error
        if not gap or lines.pop(0) != _HEADER:
            raise ProofFormatError(problem="header")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64(lines.pop(0).removeprefix("extra "))
            if extra is None:
                raise ProofFormatError(problem="extra")
        return cls(index=_index(lines), hashes=_hashes(lines[1:]), checkpoint=checkpoint, extra=extra)


def _index(lines: list[str]) -> int:
    match = _index_line(lines[0]) if lines else None
    if match is None:
        raise ProofFormatError(problem="index")
    return int(match[1])


def _hashes(lines: list[str]) -> tuple[bytes, ...]:
    if len(lines) > _MAX_HASHES:
        raise ProofFormatError(problem="hash-count")
    hashes = tuple(decode_base64(line) or b"" for line in lines)
    if any(len(item) != HASH_SIZE for item in hashes):
        raise ProofFormatError(problem="hash")
    return hashes
