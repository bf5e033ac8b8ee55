"""How staged bytes become objects in every store, and how they are read."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import TYPE_CHECKING

import pytest

from liuhen.server.vault.errors import (
    DigestMismatchError,
    ObjectDamagedError,
    ObjectMissingError,
    SizeMismatchError,
)
from liuhen.server.vault.interfaces import PIECE
from tests.server.vault.bench import AT, DATA, NOWHERE, TERM, Bench, address, put, seal

if TYPE_CHECKING:
    from collections.abc import Callable


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
