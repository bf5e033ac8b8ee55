from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from liuhen.server.vault.adapters.local import LocalStore
from liuhen.server.vault.interfaces import Listing, ObjectState, StagedArea
from liuhen.server.vault.sweeper import ObjectsSeen, SweepReport, judge, stale, sweep
from tests.server.vault.bench import DATA, TERM, put, seal

if TYPE_CHECKING:
    from collections.abc import Callable

    from liuhen.server.vault.interfaces import Store

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
DAY = timedelta(days=1)
JUST_SO_OLD = NOW - DAY
OLDER = JUST_SO_OLD - timedelta(milliseconds=1)


def nobody(_asked: frozenset[str]) -> frozenset[str]:
    return frozenset()


def everybody(asked: frozenset[str]) -> frozenset[str]:
    return asked


def listing(name: str, state: ObjectState, written: datetime) -> Listing:
    return Listing(sha256=name.rjust(64, "0"), state=state, size=1, written=written)


def area(key: str, touched: datetime) -> StagedArea:
    return StagedArea(key=key, size=1, sealed=False, touched=touched)


@pytest.mark.parametrize(
    ("state", "field"),
    [
        (ObjectState.WHOLE, "orphans"),
        (ObjectState.UNRECORDED, "unrecorded"),
        (ObjectState.DISPOSING, "disposing"),
    ],
)
def test_an_object_out_of_order_is_told_once_the_grace_is_over(state: ObjectState, field: str) -> None:
    old, young = listing("a", state, OLDER), listing("b", state, JUST_SO_OLD)
    found = judge([old, young], known=nobody, at=NOW, grace=DAY)
    assert getattr(found, field) == (old,)
    assert found.seen == 2


def test_a_loss_is_told_at_once_and_whatever_the_rows_say() -> None:
    lost = listing("a", ObjectState.LOST, NOW)
    for known in (nobody, everybody):
        assert judge([lost], known=known, at=NOW, grace=DAY) == ObjectsSeen(seen=1, lost=(lost,))


def test_objects_that_rows_name_are_in_order() -> None:
    listings = [listing(str(number), ObjectState.WHOLE, OLDER) for number in range(3)]
    assert judge(listings, known=everybody, at=NOW, grace=DAY) == ObjectsSeen(seen=3)


def test_rows_are_asked_for_in_batches_after_the_objects_are_listed() -> None:
    events: list[str] = []

    def known(asked: frozenset[str]) -> frozenset[str]:
        events.append(f"asked for {len(asked)}")
        return asked

    listings = [listing(str(number), ObjectState.WHOLE, OLDER) for number in range(1100)]
    assert judge(iter(listings), known=known, at=NOW, grace=DAY).seen == 1100
    assert events == ["asked for 500", "asked for 500", "asked for 100"]


def test_rows_are_not_asked_for_where_no_whole_object_is() -> None:
    def known(_asked: frozenset[str]) -> frozenset[str]:
        raise AssertionError("a needless query")

    judge([listing("a", ObjectState.LOST, NOW)], known=known, at=NOW, grace=DAY)
    assert list(stale([area("a", NOW)], known=known, at=NOW, expiry=DAY)) == []


def test_areas_are_stale_once_expired_unless_an_upload_lives() -> None:
    areas = [area("live", OLDER), area("old", OLDER), area("young", JUST_SO_OLD)]

    def known(asked: frozenset[str]) -> frozenset[str]:
        return asked & {"live"}

    assert list(stale(areas, known=known, at=NOW, expiry=DAY)) == ["old"]


def swept(store: Store, known_uploads: Callable[[frozenset[str]], frozenset[str]] = nobody) -> SweepReport:
    """Sweep an hour after the last thing that happened in `store`, with ten minutes of patience."""
    times = [found.written for found in store.list()] + [found.touched for found in store.staged()]
    return sweep(
        store,
        known_objects=nobody,
        known_uploads=known_uploads,
        at=max(times, default=NOW) + timedelta(hours=1),
        grace=timedelta(minutes=10),
        expiry=timedelta(minutes=10),
    )


def test_an_empty_store_is_clean(store: LocalStore) -> None:
    report = swept(store)
    assert report == SweepReport(objects=ObjectsSeen(), discarded=(), busy=(), tidied=())
    assert report.is_clean


def test_an_orphaned_original_is_reported_kept_and_adopted_by_the_next_hand_in(store: LocalStore) -> None:
    at = put(store)
    report = swept(store)
    assert [found.sha256 for found in report.objects.orphans] == [at]
    assert not report.is_clean
    store.verify(at)
    with store.stage("again") as staged:
        staged.append(DATA)
        assert seal(store, staged, DATA).already is True


def test_abandoned_areas_are_discarded_and_those_in_use_left_alone(store: LocalStore) -> None:
    for key in ("abandoned", "busy", "live"):
        with store.stage(key) as staged:
            staged.append(DATA)
            staged.flush()
    with store.stage("sealed") as staged:
        staged.append(DATA)
        seal(store, staged, DATA)
    with store.stage("busy"):
        report = swept(store, known_uploads=lambda asked: asked & {"live"})
    assert report.discarded == ("abandoned", "sealed")
    assert report.busy == ("busy",)
    assert [left.key for left in store.staged()] == ["busy", "live"]
    store.verify(report.objects.orphans[0].sha256)


def test_a_sweep_tells_every_disorder_and_removes_only_leftovers(store: LocalStore) -> None:
    whole, bare, going, lost = (put(LocalStore(store._layout.root, freeze=False), bytes([n])) for n in range(4))
    store.path_of(whole).with_suffix(".tmp").touch()
    store.path_of(bare).with_suffix(".json").unlink()
    store.path_of(going).with_suffix(".json").rename(store.path_of(going).with_suffix(".gone"))
    store.path_of(lost).unlink()
    report = swept(store)
    assert [found.sha256 for found in report.objects.orphans] == [whole]
    assert [found.sha256 for found in report.objects.unrecorded] == [bare]
    assert [found.sha256 for found in report.objects.disposing] == [going]
    assert [found.sha256 for found in report.objects.lost] == [lost]
    assert report.objects.seen == 4
    assert report.tidied == (f"{whole}.tmp",)
    assert swept(store).objects == report.objects
    for kept in (whole, bare, going):
        store.verify(kept)
    assert store.stat(going).retain_until == TERM
