"""Which files that still lie on a device have a receipt.

A note is only a hint where to look: what counts is that the bytes, read again, have the digest of a receipt that
verifies. So a device that numbers its files anew, or has no clock, can lose nothing by it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from liuhen.core.canonical import canonical
from liuhen.core.digests import sha256

if TYPE_CHECKING:
    from liuhen.collector.source import FileKey
    from liuhen.collector.state.folder import StateFolder

__all__ = ["Known", "KnownFile"]


@dataclass(frozen=True, slots=True)
class KnownFile:
    """Where the receipt of a file is (path below the receipts' folder), and what it was then."""

    upload: str
    recording: str
    receipt: str
    sha256: str
    size: int


class Known:
    """The notes in a state folder, found by raw path, size and modification time."""

    def __init__(self, state: StateFolder) -> None:
        self._state = state

    def find(self, key: FileKey) -> KnownFile | None:
        """Return the note for `key`, or None."""
        try:
            return KnownFile(**json.loads(self._state.known_file(_digest(key)).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    def add(self, key: FileKey, known: KnownFile) -> None:
        """Note that the file has a receipt."""
        self._state.write_json(self._state.known_file(_digest(key)), asdict(known))

    def remove(self, key: FileKey) -> None:
        """Forget the file: it is no longer on its device."""
        self._state.remove(self._state.known_file(_digest(key)))


def _digest(key: FileKey) -> str:
    path, size, mtime_ns = key
    return sha256(canonical([path.hex(), str(size), str(mtime_ns)])).hex()
