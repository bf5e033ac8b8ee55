"""What every store does. An adapter's test module subclasses `StoreBehaviour` and gives a `bench` fixture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuhen.core.digests import sha256
from liuhen.server.vault.errors import (
    DigestMismatchError,
    ObjectDamagedError,
    ObjectHeldError,
    ObjectMissingError,
    ObjectRetainedError,
    RetentionShortenedError,
    SizeMismatchError,
    StageLockedError,
)
from liuhen.server.vault.interfaces import PIECE, ObjectState, Protection

if TYPE_CHECKING:
    from collections.abc import Callable

    from liuhen.server.vault.interfaces import Sealed, Staged, Store

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


class StagingBehaviour:
    """The staging areas of every store."""

    def test_appended_bytes_can_be_read_and_count_once_flushed(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(b"first ")
            staged.append(memoryview(bytearray(b"second")))
            assert (staged.size, staged.written) == (0, 12)
            assert staged.read(4, 100) == b"t second"
            assert staged.flush() == staged.size == 12

    def test_what_was_flushed_is_there_after_a_restart(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
            staged.flush()
        with bench.reopen().stage("u") as staged:
            assert staged.size == len(DATA)
            assert staged.sha256() == address(DATA)

    def test_an_area_continued_after_a_restart_digests_the_whole(self, bench: Bench) -> None:
        pieces = [bytes([n]) * (n * 100) for n in range(1, 40)]
        with bench.store.stage("u") as staged:
            for piece in pieces[:30]:
                staged.append(piece)
            staged.flush()
        with bench.reopen().stage("u") as staged:
            for piece in pieces[30:]:
                staged.append(piece)
            assert staged.sha256() == address(b"".join(pieces))

    def test_an_area_opened_again_and_again_digests_the_whole(self, bench: Bench) -> None:
        for number in range(20):
            with bench.store.stage("u") as staged:
                staged.append(bytes([number]) * 1000)
                staged.flush()
        with bench.store.stage("u") as staged:
            assert staged.sha256() == address(b"".join(bytes([number]) * 1000 for number in range(20)))

    def test_an_area_closed_without_flush_digests_what_it_holds(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
        with bench.store.stage("u") as staged:
            held = b"".join(staged.chunks())
            assert DATA.startswith(held)
            assert staged.size == len(held)
            assert staged.sha256() == address(held)

    def test_an_area_has_one_writer(self, bench: Bench) -> None:
        with bench.store.stage("u"), bench.store.stage("v"):
            with pytest.raises(StageLockedError) as refused:
                bench.store.stage("u")
            assert refused.value.where == {"key": "u"}
            with pytest.raises(StageLockedError):
                bench.reopen().stage("u")
        bench.store.stage("u").close()

    def test_truncated_bytes_are_gone_from_file_and_digest(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(b"good")
            staged.flush()
            staged.append(b" refused")
            staged.truncate(4)
            assert (staged.size, staged.written) == (4, 4)
            staged.append(b" news")
            assert staged.sha256() == address(b"good news")
            staged.truncate(2)
            assert staged.sha256() == address(b"go")
        with bench.reopen().stage("u") as staged:
            assert b"".join(staged.chunks()) == b"go"

    def test_truncation_beyond_the_end_is_a_wrong_call(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(b"abc")
            for size in (-1, 4):
                with pytest.raises(ValueError, match="cannot cut"):
                    staged.truncate(size)

    def test_reading_before_the_start_is_a_wrong_call(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            for offset, length in ((-1, 1), (0, -1)):
                with pytest.raises(ValueError, match="not negative"):
                    staged.read(offset, length)
            assert staged.read(10, 10) == b""

    def test_a_discarded_area_starts_anew(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
            staged.discard()
            with pytest.raises(ValueError, match="closed"):
                staged.append(b"more")
            with pytest.raises(ValueError, match="closed"):
                staged.discard()
        assert list(bench.store.staged()) == []
        with bench.store.stage("u") as staged:
            assert staged.size == 0
            assert staged.sha256() == address(b"")

    def test_areas_are_listed_with_size_and_time(self, bench: Bench) -> None:
        assert list(bench.store.staged()) == []
        for key, size in (("b", 3), ("a", 0)):
            with bench.store.stage(key) as staged:
                assert staged.key == key
                staged.append(b"x" * size)
                staged.flush()
        areas = list(bench.store.staged())
        assert [(area.key, area.size, area.sealed) for area in areas] == [("a", 0, False), ("b", 3, False)]
        assert abs(areas[0].touched - areas[1].touched) < timedelta(hours=1)
        assert areas[0].touched.tzinfo is UTC

    @pytest.mark.parametrize("key", ["", ".", "../u", "a/b", "-u", "u" * 129, "采集", "a\n"])
    def test_a_key_that_could_be_a_path_is_a_wrong_call(self, bench: Bench, key: str) -> None:
        with pytest.raises(ValueError, match="staging key"):
            bench.store.stage(key)

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        data=st.data(),
        steps=st.lists(st.sampled_from(["append", "flush", "truncate", "reopen", "restart"]), min_size=1, max_size=25),
    )
    def test_an_area_is_the_bytes_that_were_put_into_it(self, bench: Bench, data: Any, steps: list[str]) -> None:
        store, model = bench.store, b""
        staged = store.stage("u")
        try:
            for step in steps:
                match step:
                    case "append":
                        piece = data.draw(st.binary(max_size=300))
                        staged.append(piece)
                        model += piece
                    case "flush":
                        assert staged.flush() == len(model)
                    case "truncate":
                        model = model[: data.draw(st.integers(0, len(model)))]
                        staged.truncate(len(model))
                    case _:
                        staged.flush()
                        staged.close()
                        store = bench.reopen() if step == "restart" else store
                        staged = store.stage("u")
                assert staged.written == len(model)
            assert staged.sha256() == address(model)
            assert b"".join(staged.chunks()) == model
        finally:
            staged.discard()


class SealingBehaviour:
    """From staged to sealed."""

    def test_sealed_bytes_are_read_back_whole_and_in_ranges(self, bench: Bench) -> None:
        at = put(bench.store)
        store = bench.reopen()
        with store.open(at) as reader:
            assert reader.read() == DATA
            reader.seek(1000)
            assert reader.read(5) == DATA[1000:1005]
        assert store.read_range(at, 3, 7) == DATA[3:10]
        assert store.read_range(at, len(DATA), 0) == b""
        assert list(store.chunks(at, 10, 100, 64)) == [DATA[10:74], DATA[74:110]]
        assert b"".join(store.chunks(at, 1000)) == DATA[1000:]

    def test_pieces_are_of_the_announced_size(self, bench: Bench) -> None:
        at = put(bench.store, bytes(PIECE + 1))
        assert [len(piece) for piece in bench.store.chunks(at)] == [PIECE, 1]

    @pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, -1), (0, len(DATA) + 1), (len(DATA) + 1, 0)])
    def test_a_range_outside_the_object_is_a_wrong_call(self, bench: Bench, offset: int, length: int) -> None:
        at = put(bench.store)
        with pytest.raises(ValueError, match="no bytes"):
            bench.store.read_range(at, offset, length)

    def test_an_empty_piece_is_a_wrong_call(self, bench: Bench) -> None:
        at = put(bench.store)
        with pytest.raises(ValueError, match="pieces of 0"):
            next(bench.store.chunks(at, piece=0))

    def test_an_empty_file_can_be_sealed(self, bench: Bench) -> None:
        at = put(bench.store, b"")
        assert bench.store.stat(at).size == 0
        assert bench.store.read_range(at, 0, 0) == b""
        bench.store.verify(at)

    def test_sealing_tells_what_was_sealed(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
            sealed = seal(bench.store, staged, DATA)
        assert (sealed.sha256, sealed.size, sealed.already) == (address(DATA), len(DATA), False)

    def test_another_size_is_refused_with_both_values_and_the_bytes_kept(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
            with pytest.raises(SizeMismatchError) as refused:
                bench.store.seal(staged, sha256=address(DATA), size=len(DATA) + 1, retain_until=TERM, at=AT)
            assert refused.value.where == {"key": "u", "declared": len(DATA) + 1, "received": len(DATA)}
            assert b"".join(staged.chunks()) == DATA
            assert seal(bench.store, staged, DATA).already is False

    def test_another_digest_is_refused_with_both_values_and_the_bytes_kept(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
            with pytest.raises(DigestMismatchError) as refused:
                bench.store.seal(staged, sha256=NOWHERE, size=len(DATA), retain_until=TERM, at=AT)
            assert refused.value.where == {"key": "u", "declared": NOWHERE, "received": address(DATA)}
            assert b"".join(staged.chunks()) == DATA
        assert list(bench.store.list()) == []

    def test_the_same_bytes_are_stored_once(self, bench: Bench) -> None:
        at = put(bench.store)
        with bench.store.stage("second") as staged:
            staged.append(DATA)
            assert seal(bench.store, staged, DATA).already is True
            staged.discard()
        assert [listing.sha256 for listing in bench.store.list()] == [at]
        assert list(bench.store.staged()) == []

    def test_the_same_bytes_again_keep_the_longer_term_and_the_holds(self, bench: Bench) -> None:
        at = put(bench.store)
        bench.store.hold(at, "case/1")
        put(bench.store, until=TERM - timedelta(days=10))
        assert bench.store.stat(at).retain_until == TERM
        put(bench.store, until=TERM + timedelta(days=10))
        assert bench.store.stat(at).retain_until == TERM + timedelta(days=10)
        assert bench.store.stat(at).holds == {"case/1"}

    def test_a_good_copy_is_not_given_up_for_a_damaged_object(self, bench: Bench) -> None:
        at = put(bench.store)
        bench.damage(at)
        with bench.store.stage("second") as staged:
            staged.append(DATA)
            with pytest.raises(ObjectDamagedError):
                seal(bench.store, staged, DATA)
            assert b"".join(staged.chunks()) == DATA

    def test_a_sealed_area_answers_until_it_is_discarded(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
            seal(bench.store, staged, DATA)
            assert staged.is_sealed
            assert seal(bench.store, staged, DATA).already is True
        (area,) = bench.store.staged()
        assert (area.key, area.size, area.sealed) == ("u", len(DATA), True)
        store = bench.reopen()
        with store.stage("u") as staged:
            assert (staged.is_sealed, staged.size, staged.written) == (True, len(DATA), len(DATA))
            assert staged.sha256() == address(DATA)
            assert seal(store, staged, DATA).already is True
            staged.discard()
        with store.stage("u") as staged:
            assert (staged.is_sealed, staged.size) == (False, 0)

    def test_a_sealed_area_seals_as_nothing_else(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
            seal(bench.store, staged, DATA)
            with pytest.raises(DigestMismatchError):
                bench.store.seal(staged, sha256=NOWHERE, size=len(DATA), retain_until=TERM, at=AT)

    def test_a_sealed_area_takes_no_more_bytes(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
            seal(bench.store, staged, DATA)
            wrong: list[Callable[[], object]] = [
                lambda: staged.append(b"x"),
                staged.flush,
                lambda: staged.truncate(0),
                lambda: staged.read(0, 1),
            ]
            for call in wrong:
                with pytest.raises(ValueError, match="is sealed"):
                    call()

    def test_a_closed_area_cannot_be_sealed(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
        with pytest.raises(ValueError, match="closed"):
            seal(bench.store, staged, DATA)

    def test_an_area_whose_object_was_destroyed_since_starts_anew(self, bench: Bench) -> None:
        with bench.store.stage("u") as staged:
            staged.append(DATA)
            seal(bench.store, staged, DATA)
            bench.store.destroy(address(DATA), at=TERM)
            with pytest.raises(ObjectMissingError):
                seal(bench.store, staged, DATA)
        with bench.store.stage("u") as staged:
            assert (staged.is_sealed, staged.size) == (False, 0)

    def test_an_area_of_another_store_is_a_wrong_call(self, bench: Bench) -> None:
        with bench.other().stage("u") as staged, pytest.raises(TypeError, match="another store"):
            seal(bench.store, staged, b"")

    def test_eight_hand_ins_of_the_same_bytes_at_once_make_one_object(self, bench: Bench) -> None:
        barrier = Barrier(8)

        def hand_in(number: int) -> bool:
            with bench.store.stage(f"u{number}") as staged:
                staged.append(DATA)
                barrier.wait()
                return seal(bench.store, staged, DATA).already

        with ThreadPoolExecutor(8) as pool:
            assert sorted(pool.map(hand_in, range(8))) == [False] + [True] * 7
        bench.store.verify(address(DATA))


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

    def test_nothing_is_destroyed_before_its_term(self, bench: Bench) -> None:
        at = put(bench.store)
        with pytest.raises(ObjectRetainedError) as refused:
            bench.store.destroy(at, at=TERM - timedelta(milliseconds=1))
        assert refused.value.where == {"sha256": at, "until": "2027-11-23T08:00:00.000Z"}
        bench.store.verify(at)

    def test_nothing_is_destroyed_under_a_hold(self, bench: Bench) -> None:
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


class StoreBehaviour(StagingBehaviour, SealingBehaviour, KeepingBehaviour):
    """All of it."""
