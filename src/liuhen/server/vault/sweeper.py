"""The sweeper: what lies in a store and does not belong there, or should and does not.

It removes abandoned staging areas and the rest of the store's own bookkeeping. It never touches an object: an object
that no row names is an original whose row is missing, and the next hand-in of the same bytes adopts it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Final, assert_never

from liuhen.server.vault.errors import StageLockedError
from liuhen.server.vault.interfaces import ObjectState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime, timedelta

    from liuhen.server.vault.interfaces import Listing, StagedArea, Store

    type Known = Callable[[frozenset[str]], frozenset[str]]

__all__ = ["ObjectsSeen", "SweepReport", "judge", "stale", "sweep"]

_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectsSeen:
    """What one walk over the objects found; each tuple in ascending order of addresses.

    orphans: no row names them, and they are older than the grace period.
    unrecorded: the record of term and holds is missing, and they are older than the grace period.
    disposing: a destruction was begun and not ended, and they are older than the grace period; repeat it.
    lost: the record is there and the object is not. Report it at once.
    """

    seen: int = 0
    orphans: tuple[Listing, ...] = ()
    unrecorded: tuple[Listing, ...] = ()
    disposing: tuple[Listing, ...] = ()
    lost: tuple[Listing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepReport:
    """What a sweep found and did: `discarded` areas and `busy` ones that another holds, by key; `tidied` file names."""

    objects: ObjectsSeen
    discarded: tuple[str, ...]
    busy: tuple[str, ...]
    tidied: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found that a person should look at."""
        found = self.objects
        return not (found.orphans or found.unrecorded or found.disposing or found.lost)


def judge(listings: Iterable[Listing], *, known: Known, at: datetime, grace: timedelta) -> ObjectsSeen:
    """Judge objects; `known` returns those of the addresses given (500 at most at a time) that a row names.

    The listing of an address is taken before its row is looked for, so a row committed in between counts.
    """
    seen = 0
    by_state: dict[ObjectState, list[Listing]] = {state: [] for state in ObjectState}
    for batch in batched(listings, _BATCH):
        seen += len(batch)
        whole = frozenset(listing.sha256 for listing in batch if listing.state is ObjectState.WHOLE)
        named = known(whole) if whole else whole
        for listing in batch:
            if _is_amiss(listing, is_named=listing.sha256 in named, before=at - grace):
                by_state[listing.state].append(listing)
    return ObjectsSeen(
        seen=seen,
        orphans=tuple(by_state[ObjectState.WHOLE]),
        unrecorded=tuple(by_state[ObjectState.UNRECORDED]),
        disposing=tuple(by_state[ObjectState.DISPOSING]),
        lost=tuple(by_state[ObjectState.LOST]),
    )


def stale(areas: Iterable[StagedArea], *, known: Known, at: datetime, expiry: timedelta) -> Iterator[str]:
    """Yield the keys of areas untouched for longer than `expiry` that are no live upload's by `known`."""
    old = (area.key for area in areas if area.touched < at - expiry)
    for batch in batched(old, _BATCH):
        live = known(frozenset(batch))
        yield from (key for key in batch if key not in live)


def sweep(
    store: Store, *, known_objects: Known, known_uploads: Known, at: datetime, grace: timedelta, expiry: timedelta
) -> SweepReport:
    """Walk `store`, discard stale staging areas, tidy, and report.

    Args:
        store: the store to sweep.
        known_objects: returns those of the addresses given that a row names.
        known_uploads: returns those of the staging keys given that belong to live uploads.
        at: the present.
        grace: how long an object may wait for its row; longer than the longest intake transaction.
        expiry: how long an area that no live upload owns is left alone.
    """
    discarded: list[str] = []
    busy: list[str] = []
    for key in stale(store.staged(), known=known_uploads, at=at, expiry=expiry):
        try:
            with store.stage(key) as staged:
                staged.discard()
        except StageLockedError:
            busy.append(key)
        else:
            discarded.append(key)
    return SweepReport(
        objects=judge(store.list(), known=known_objects, at=at, grace=grace),
        discarded=tuple(discarded),
        busy=tuple(busy),
        tidied=store.tidy(),
    )


def _is_amiss(listing: Listing, *, is_named: bool, before: datetime) -> bool:
    match listing.state:
        case ObjectState.WHOLE:
            return not is_named and listing.written < before
        case ObjectState.UNRECORDED | ObjectState.DISPOSING:
            return listing.written < before
        case ObjectState.LOST:
            return True
        case _:
            assert_never(listing.state)
