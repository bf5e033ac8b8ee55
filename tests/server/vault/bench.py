"""One store under test, and the words in which its tests speak."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from liuhen.core.digests import sha256

if TYPE_CHECKING:
    from collections.abc import Callable

    from liuhen.server.vault.interfaces import Sealed, Staged, Store

__all__ = ["AT", "DATA", "NOWHERE", "TERM", "Bench", "address", "put", "seal"]

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TERM = AT + timedelta(days=365)
DATA = bytes(range(256)) * 5
NOWHERE = "0" * 64


@dataclass(frozen=True, slots=True)
class Bench:
    """One store under test. `reopen` answers it anew, as after a restart; `damage` flips one byte of an object behind
    its back, `lose` removes one; `other` is a store elsewhere.
    """

    store: Store
    reopen: Callable[[], Store]
    damage: Callable[[str], None]
    lose: Callable[[str], None]
    other: Callable[[], Store]


def address(data: bytes) -> str:
    return sha256(data).hex()


def seal(store: Store, staged: Staged, data: bytes, *, until: datetime = TERM) -> Sealed:
    return store.seal(staged, sha256=address(data), size=len(data), retain_until=until, at=AT)


def put(store: Store, data: bytes = DATA, *, key: str = "upload-1", until: datetime = TERM) -> str:
    """Hand `data` in as an intake does and return its address."""
    with store.stage(key) as staged:
        if not staged.is_sealed:
            staged.append(data)
        seal(store, staged, data, until=until)
        staged.discard()
    return address(data)
