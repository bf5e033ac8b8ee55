from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from liuhen.server.kernel import clock
from liuhen.server.kernel.clock import MonotonicClock, SystemClock
from liuhen.server.kernel.errors import ClockSetBackError
from tests.support.threads import in_threads

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def test_the_system_clock_gives_utc_in_whole_milliseconds() -> None:
    for _ in range(50):
        moment = SystemClock().now()
        assert moment.tzinfo is UTC
        assert moment.microsecond % 1000 == 0


def test_time_goes_on_as_the_clock_beneath_does() -> None:
    hands = Hands(NOON)
    own = MonotonicClock(hands)
    assert own.now() == NOON
    hands.moment += timedelta(milliseconds=1)
    assert own.now() == NOON + timedelta(milliseconds=1)


def test_time_stands_still_while_the_clock_beneath_is_a_little_behind() -> None:
    hands = Hands(NOON)
    own = MonotonicClock(hands, tolerance_s=60)
    own.now()
    hands.moment = NOON - timedelta(seconds=60)
    assert own.now() == NOON
    hands.moment = NOON + timedelta(seconds=1)
    assert own.now() == NOON + timedelta(seconds=1)


def test_a_clock_set_far_back_is_an_error_that_says_by_how_much() -> None:
    hands = Hands(NOON)
    own = MonotonicClock(hands, tolerance_s=60)
    own.now()
    hands.moment = NOON - timedelta(seconds=61)
    with pytest.raises(ClockSetBackError) as caught:
        own.now()
    assert caught.value.where == {
        "now": "2026-11-23T11:58:59+00:00",
        "last": "2026-11-23T12:00:00+00:00",
        "seconds": 61,
    }
    hands.moment = NOON
    assert own.now() == NOON, "set right again, the clock serves again"


def test_a_clock_before_the_newest_sealed_entry_is_found_at_the_start() -> None:
    own = MonotonicClock(Hands(NOON))
    own.observe(NOON + timedelta(days=1))
    with pytest.raises(ClockSetBackError):
        own.now()


def test_observing_an_older_time_changes_nothing() -> None:
    own = MonotonicClock(Hands(NOON))
    assert own.now() == NOON
    own.observe(NOON - timedelta(days=1))
    assert own.now() == NOON


def test_no_thread_is_ever_given_a_time_before_one_already_given() -> None:
    flicker = [NOON + timedelta(milliseconds=(-1) ** step * step % 7) for step in range(4000)]

    class Flickering:
        def now(self) -> datetime:
            return flicker.pop()

    own = MonotonicClock(Flickering())
    seen: list[list[datetime]] = []
    assert in_threads(4, lambda: seen.append([own.now() for _ in range(1000)])) == []
    assert all(mine == sorted(mine) for mine in seen)


def test_invariant_9_the_process_has_one_clock() -> None:
    first = clock.now()
    assert first <= clock.now()
    clock.observe(first)
    assert first <= clock.now()
