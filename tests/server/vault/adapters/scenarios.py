"""What the fault and power-cut tests put a store through, and what has to hold after each fault.

A scenario is prepared on a healthy store, carried out on a failing one, and then carried out again on a healthy one
over what the first left, as the next request or job would. While it runs it notes each promise the store has given by
returning; whatever happened, the promises hold afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from liuhen.core.digests import sha256
from liuhen.server.vault.adapters.local import LocalStore
from liuhen.server.vault.errors import DigestMismatchError, ObjectMissingError
from liuhen.server.vault.interfaces import ObjectState
from tests.server.vault.adapters.faulty import Unsynced
from tests.server.vault.bench import AT, DATA, TERM, address, put, seal

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from liuhen.server.vault.interfaces import Store

__all__ = ["SCENARIOS", "Promises", "Scenario", "check_invariants", "quick"]

KEY = "upload-1"
LATER = TERM + timedelta(days=30)
_PIECES = (DATA[:500], DATA[500:900], DATA[900:])


def quick(root: Path) -> LocalStore:
    """Return the healthy store at `root`."""
    return LocalStore(root, posix=Unsynced())


@dataclass(slots=True)
class Promises:
    """What a store has said is done."""

    flushed: int = 0
    discarded: bool = False
    retained: datetime | None = None
    holds: set[str] = field(default_factory=set)
    destroyed: bool = False

    def check(self, store: Store) -> None:
        """Compare with what `store` knows."""
        if self.destroyed:
            assert address(DATA) not in {listing.sha256 for listing in store.list()}
        elif self.retained is not None:
            stat = store.stat(address(DATA))
            assert stat.retain_until >= self.retained
            assert stat.holds >= self.holds
            assert stat.size == len(DATA)
            store.verify(address(DATA))
        if self.discarded:
            assert list(store.staged()) == []
        if self.flushed:
            with store.stage(KEY) as staged:
                assert staged.size >= self.flushed


@dataclass(frozen=True, slots=True)
class Scenario:
    """`prepare` makes the ground; `act` is what fails and is repeated; `end` checks that it was done."""

    name: str
    prepare: Callable[[Store], None]
    act: Callable[[Store, Promises], None]
    end: Callable[[Store], None]


def check_invariants(root: Path) -> None:
    """Look at the files themselves: what bears an object's name has its bytes, and no record has lost its object."""
    for path in (root / "objects").rglob("*"):
        if path.is_file() and "." not in path.name:
            assert sha256(path.read_bytes()).hex() == path.name, "an object with wrong bytes"
    for path in (root / "staging").glob("*/data"):
        assert path.stat().st_mode & 0o200, "a staged file is read-only"
    store = quick(root)
    for listing in store.list():
        assert listing.state is not ObjectState.LOST, "a record without its object"
        if listing.state is ObjectState.WHOLE:
            assert store.path_of(listing.sha256).stat().st_mode & 0o777 == 0o440, "a sealed object is writable"


def _hand_in(store: Store, promises: Promises) -> None:
    """Hand `DATA` in as an intake does, going on where the last attempt stopped."""
    try:
        _upload(store, promises)
    except DigestMismatchError:
        # Only where bytes that were never promised were spoiled: the station sends the file anew.
        with store.stage(KEY) as staged:
            staged.discard()
        promises.flushed = 0
        _upload(store, promises)


def _upload(store: Store, promises: Promises) -> None:
    with store.stage(KEY) as staged:
        promises.flushed, promises.discarded = staged.size, False
        if not staged.is_sealed:
            for piece in _PIECES:
                staged.append(DATA[staged.written : staged.written + len(piece)])
                promises.flushed = staged.flush()
        seal(store, staged, DATA, until=LATER)
        promises.retained = LATER
        promises.flushed = 0
        staged.discard()
        promises.discarded = True


def _is_sealed(store: Store) -> None:
    assert [listing.state for listing in store.list()] == [ObjectState.WHOLE]
    assert store.stat(address(DATA)).retain_until == LATER
    assert list(store.staged()) == []


def _begin(store: Store) -> None:
    with store.stage(KEY) as staged:
        staged.append(DATA[:700])
        staged.flush()


def _restart(store: Store, promises: Promises) -> None:
    """Refuse a piece that was flushed, take another in its place."""
    promises.discarded = False
    with store.stage(KEY) as staged:
        if not staged.is_sealed:
            promises.flushed = min(promises.flushed, 600)
            staged.truncate(min(staged.size, 600))
            promises.flushed = staged.size
    _hand_in(store, promises)


def _abandon(store: Store, promises: Promises) -> None:
    promises.discarded = False
    with store.stage(KEY) as staged:
        staged.discard()
        promises.discarded = True


def _nothing_staged(store: Store) -> None:
    assert list(store.staged()) == []


def _sealed_before(store: Store) -> None:
    put(store, key="earlier", until=TERM)


def _amend(store: Store, promises: Promises) -> None:
    at = address(DATA)
    for name in ("case/1", "case/2"):
        store.hold(at, name)
        promises.holds.add(name)
        promises.retained = promises.retained or TERM
    store.retain_until(at, LATER)
    promises.retained = LATER
    promises.holds.discard("case/1")
    store.release_hold(at, "case/1")


def _is_amended(store: Store) -> None:
    stat = store.stat(address(DATA))
    assert stat.retain_until == LATER
    assert stat.holds == {"case/2"}


def _destroy(store: Store, promises: Promises) -> None:
    store.destroy(address(DATA), at=TERM)
    promises.destroyed = True


def _is_destroyed(store: Store) -> None:
    store.tidy()
    assert list(store.list()) == []
    try:
        store.stat(address(DATA))
    except ObjectMissingError:
        return
    raise AssertionError("a destroyed object still has a record")


def _look_after(store: Store, _promises: Promises) -> None:
    store.protection()
    store.free_bytes()
    store.tidy()
    store.verify(address(DATA))
    assert store.read_range(address(DATA), 0, len(DATA)) == DATA
    assert [listing.sha256 for listing in store.list()] == [address(DATA)]
    assert list(store.staged()) == []


def _untouched(store: Store) -> None:
    assert store.stat(address(DATA)).retain_until == TERM
    assert store.stat(address(DATA)).sealed_at == AT


SCENARIOS = (
    Scenario("hand-in", lambda _store: None, _hand_in, _is_sealed),
    Scenario("resumed-hand-in", _begin, _hand_in, _is_sealed),
    Scenario("corrected-hand-in", _begin, _restart, _is_sealed),
    Scenario("second-hand-in", _sealed_before, _hand_in, _is_sealed),
    Scenario("abandonment", _begin, _abandon, _nothing_staged),
    Scenario("amendment", _sealed_before, _amend, _is_amended),
    Scenario("destruction", _sealed_before, _destroy, _is_destroyed),
    Scenario("looking-after", _sealed_before, _look_after, _untouched),
)
