from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from hypothesis import example, given
from hypothesis import strategies as st

from liuhen.server.kernel import clock, ids
from liuhen.server.kernel.ids import new_id, uuid7
from tests.support.threads import in_threads

if TYPE_CHECKING:
    import pytest

MILLISECONDS = st.integers(0, (1 << 48) - 1)
RANDOM = st.integers(0, (1 << 74) - 1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def test_the_example_of_the_rfc_is_built_bit_for_bit() -> None:
    """RFC 9562, appendix A.6."""
    random = 0xCC3 << 62 | 0x18C4DC0C0C07398F
    assert str(uuid7(unix_ms=0x017F22E279B0, random=random)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(unix_ms=MILLISECONDS, random=RANDOM)
def test_every_id_is_a_version_7_uuid_of_the_rfc_variant_with_its_time_in_front(unix_ms: int, random: int) -> None:
    made = uuid7(unix_ms=unix_ms, random=random)
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == unix_ms


@given(one=st.tuples(MILLISECONDS, RANDOM), other=st.tuples(MILLISECONDS, RANDOM))
def test_ids_sort_by_time_then_by_their_random_part(one: tuple[int, int], other: tuple[int, int]) -> None:
    first, second = (uuid7(unix_ms=ms, random=random) for ms, random in (one, other))
    assert (first < second) == (one < other)
    assert (first.hex < second.hex) == (one < other), "text sorts as the number does"


@given(unix_ms=st.integers(0, (1 << 48) - 2), random=RANDOM)
@example(unix_ms=0x017F22E279B0, random=(1 << 74) - 1)
def test_the_successor_is_the_next_valid_id_and_carries_into_the_time(unix_ms: int, random: int) -> None:
    here = uuid7(unix_ms=unix_ms, random=random)
    following = uuid.UUID(int=ids._successor(here.int))
    assert following > here
    assert (following.version, following.variant) == (7, uuid.RFC_4122)
    last = random == (1 << 74) - 1
    assert following == uuid7(unix_ms=unix_ms + last, random=0 if last else random + 1)


def test_the_time_in_a_new_id_is_the_clocks_to_the_millisecond() -> None:
    before = clock.now()
    made = EPOCH + timedelta(milliseconds=new_id().int >> 80)
    assert before <= made <= clock.now() + timedelta(seconds=1)


def test_ids_grow_within_a_process_also_while_the_clock_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    still = clock.now()
    monkeypatch.setattr(clock, "now", lambda: still)
    made: list[list[uuid.UUID]] = []
    assert in_threads(4, lambda: made.append([new_id() for _ in range(500)])) == []
    assert all(mine == sorted(mine) for mine in made)
    assert len({one for mine in made for one in mine}) == 2000
