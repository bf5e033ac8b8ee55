"""How every store keeps objects: terms, holds, destruction, walking, fixity."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta, timezone
from itertools import pairwise

import pytest

from liuhen.server.vault.errors import (
    ObjectDamagedError,
    ObjectHeldError,
    ObjectMissingError,
    ObjectRetainedError,
    RetentionShortenedError,
)
from liuhen.server.vault.interfaces import ObjectState, Protection
from tests.server.vault.bench import AT, DATA, NOWHERE, TERM, Bench, put


class KeepingBehaviour:
    """Terms, holds, destruction, walking, fixity."""

    def test_stat_tells_how_an_object_stands(self, bench: Bench) -> None:
        at = put(bench.store)
        stat = bench.reopen().stat(at)
        assert (stat.sha256, stat.size, stat.retain_until, stat.holds) == (at, len(DATA), TERM, frozenset())
        assert stat.sealed_at == AT
        assert stat.immutable is (bench.store.protection() is Protection.IN_FORCE)

    def test_a_term_is_rounded_up_and_times_are_utc(self, bench: Bench) -> None:
        urumqi = timezone(timedelta(hours=6))
        at = put(bench.store, until=(TERM + timedelta(microseconds=1)).astimezone(urumqi))
        stat = bench.store.stat(at)
        assert stat.retain_until == TERM + timedelta(milliseconds=1)
        assert stat.retain_until.tzinfo is UTC

    def test_an_unknown_address_is_missing_everywhere(self, bench: Bench) -> None:
        put(bench.store)
        store = bench.store
        for call in (
            lambda: store.open(NOWHERE),
            lambda: store.read_range(NOWHERE, 0, 0),
            lambda: next(store.chunks(NOWHERE)),
            lambda: store.stat(NOWHERE),
            lambda: store.retain_until(NOWHERE, TERM),
            lambda: store.hold(NOWHERE, "case/1"),
            lambda: store.release_hold(NOWHERE, "case/1"),
            lambda: store.verify(NOWHERE),
        ):
            with pytest.raises(ObjectMissingError) as missing:
                call()
            assert missing.value.where == {"sha256": NOWHERE}

    @pytest.mark.parametrize("wrong", ["", "ab", "A" * 64, "g" * 64, "../" + "a" * 61, "a" * 65])
    def test_a_malformed_address_is_a_wrong_call(self, bench: Bench, wrong: str) -> None:
        with pytest.raises(ValueError, match="address"):
            bench.store.stat(wrong)

    @pytest.mark.parametrize("wrong", ["", "/", "a b", "冻结", "x" * 129])
    def test_a_malformed_hold_is_a_wrong_call(self, bench: Bench, wrong: str) -> None:
        for call in (bench.store.hold, bench.store.release_hold):
            with pytest.raises(ValueError, match="hold's name"):
                call(NOWHERE, wrong)

    def test_a_time_without_zone_is_a_wrong_call(self, bench: Bench) -> None:
        with pytest.raises(ValueError, match="zone"):
            bench.store.destroy(NOWHERE, at=AT.replace(tzinfo=None))

    def test_a_term_can_be_extended_and_never_shortened(self, bench: Bench) -> None:
        at = put(bench.store)
        later = TERM + timedelta(days=1)
        bench.store.retain_until(at, later)
        bench.store.retain_until(at, later)
        with pytest.raises(RetentionShortenedError) as refused:
            bench.store.retain_until(at, TERM)
        assert refused.value.where["until"] == "2027-11-24T08:00:00.000Z"
        assert bench.reopen().stat(at).retain_until == later

    def test_holds_are_put_and_lifted_by_name(self, bench: Bench) -> None:
        at = put(bench.store)
        for name in ("case/1", "order:2", "case/1"):
            bench.store.hold(at, name)
        assert bench.reopen().stat(at).holds == {"case/1", "order:2"}
        for name in ("case/1", "case/1", "never-there"):
            bench.store.release_hold(at, name)
        assert bench.reopen().stat(at).holds == {"order:2"}

    def test_holds_put_at_once_are_all_kept(self, bench: Bench) -> None:
        at = put(bench.store)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: bench.store.hold(at, f"case/{number}"), range(24)))
        assert bench.store.stat(at).holds == {f"case/{number}" for number in range(24)}

    def test_invariant_3_nothing_is_destroyed_before_its_term(self, bench: Bench) -> None:
        at = put(bench.store)
        with pytest.raises(ObjectRetainedError) as refused:
            bench.store.destroy(at, at=TERM - timedelta(milliseconds=1))
        assert refused.value.where == {"sha256": at, "until": "2027-11-23T08:00:00.000Z"}
        bench.store.verify(at)

    def test_invariant_3_nothing_is_destroyed_under_a_hold(self, bench: Bench) -> None:
        at = put(bench.store)
        bench.store.hold(at, "case/2")
        bench.store.hold(at, "case/1")
        with pytest.raises(ObjectHeldError) as refused:
            bench.store.destroy(at, at=TERM + timedelta(days=9999))
        assert refused.value.where == {"sha256": at, "holds": "case/1, case/2"}
        bench.store.verify(at)

    def test_after_its_term_an_object_is_destroyed_once_and_for_all(self, bench: Bench) -> None:
        at, kept = put(bench.store), put(bench.store, b"kept")
        bench.store.destroy(at, at=TERM)
        bench.store.destroy(at, at=TERM)
        bench.store.destroy(NOWHERE, at=TERM)
        with pytest.raises(ObjectMissingError):
            bench.reopen().stat(at)
        assert [listing.sha256 for listing in bench.store.list()] == [kept]

    def test_destroyed_bytes_may_be_handed_in_again(self, bench: Bench) -> None:
        at = put(bench.store)
        bench.store.destroy(at, at=TERM)
        put(bench.store, until=TERM + timedelta(days=1))
        assert bench.store.stat(at).retain_until == TERM + timedelta(days=1)
        bench.store.verify(at)

    def test_addresses_are_listed_in_order(self, bench: Bench) -> None:
        assert list(bench.store.list()) == []
        sealed = sorted(put(bench.store, bytes([number])) for number in range(12))
        listings = list(bench.store.list())
        assert [listing.sha256 for listing in listings] == sealed
        assert {(listing.state, listing.size) for listing in listings} == {(ObjectState.WHOLE, 1)}
        assert all(abs(one.written - other.written) < timedelta(hours=1) for one, other in pairwise(listings))

    def test_fixity_holds_for_whole_objects_and_fails_for_damaged_ones(self, bench: Bench) -> None:
        at = put(bench.store)
        bench.store.verify(at)
        bench.damage(at)
        with pytest.raises(ObjectDamagedError) as damaged:
            bench.store.verify(at)
        assert damaged.value.where["sha256"] == at

    def test_a_lost_object_is_told_from_a_destroyed_one(self, bench: Bench) -> None:
        at = put(bench.store)
        bench.lose(at)
        (listing,) = bench.store.list()
        assert (listing.sha256, listing.state) == (at, ObjectState.LOST)
        for call in (bench.store.stat, bench.store.verify, lambda sha256: bench.store.destroy(sha256, at=TERM)):
            with pytest.raises(ObjectMissingError):
                call(at)
        assert bench.store.tidy() == ()
        assert [listing.state for listing in bench.store.list()] == [ObjectState.LOST]

    def test_a_healthy_store_needs_no_tidying(self, bench: Bench) -> None:
        assert bench.store.tidy() == ()
        put(bench.store)
        assert bench.store.tidy() == ()

    def test_free_space_is_told_before_and_after_first_use(self, bench: Bench) -> None:
        assert bench.store.free_bytes() > 0
        put(bench.store)
        assert bench.store.free_bytes() > 0
