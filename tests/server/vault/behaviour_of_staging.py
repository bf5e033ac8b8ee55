"""What the staging areas of every store do."""

from __future__ import annotations

from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from liuhen.server.vault.errors import (
    StageLockedError,
)
from tests.server.vault.bench import DATA, Bench, address


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
