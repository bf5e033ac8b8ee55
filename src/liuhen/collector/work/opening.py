"""What a new collection is opened with: whose device, since when, and how wrong its clock is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from liuhen.collector import clock as clocks
from liuhen.collector.wire import opening
from liuhen.core.forms import cut_to_ms, format_time

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from liuhen.collector.clock import ClockError, StationClock
    from liuhen.collector.source import Found
    from liuhen.collector.work.order import Order

__all__ = ["opening_of"]


def opening_of(order: Order, clock: StationClock, found: Found, carried: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the body that opens a collection of what was `found`; `carried` as the protocol has it."""
    return opening(
        device=order.device,
        collector=order.collector,
        opened=format_time(clock.now()),
        clock=_clock_error(order, clock, found).as_json(),
        carried=carried,
    )


def _clock_error(order: Order, clock: StationClock, found: Found) -> ClockError:
    """Return the error of the device's clock: measured if it was declared and trusted time is known, else estimated."""
    now = clock.now()
    if order.device_time is None:
        newest = max((one.entry.mtime_ns for one in found.finds), default=None)
        return clocks.unknown_error() if newest is None else clocks.estimated_error(newest, now)
    shown, at_ns = order.device_time
    if clock.trusted is not None:
        return clocks.measured_error(shown, at_ns, clock.trusted)
    then = cut_to_ms(now - dt.timedelta(microseconds=(clock.monotonic_ns() - at_ns) // 1000))
    return clocks.estimated_by(shown[0], then)
