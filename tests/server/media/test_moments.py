"""Times as files write them."""

from __future__ import annotations

import pytest

from liuhen.server.media.tools.moments import container_moment, wall_clock


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T09:42:10.000000Z",
        "2026-11-23 09:42:10",
        "2026:11:23 09:42:10",
        "2026/11/23 09:42:10",
        "  2026-11-23T09:42:10+08:00",
    ],
)
def test_the_time_stays_as_the_device_wrote_it(text: str) -> None:
    assert wall_clock(text) == "2026-11-23T09:42:10"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026",
        "yesterday",
        "1904-01-01 00:00:00",
        "1999-12-31 23:59:59",
        "2100-01-01 00:00:00",
        "2026-13-01 00:00:00",
        "2026-02-30 10:00:00",
        "2026-11-23 24:00:00",
    ],
)
def test_what_cannot_be_meant_is_no_time(text: str) -> None:
    assert wall_clock(text) == ""


def test_the_first_tag_with_a_time_is_taken() -> None:
    assert container_moment({"date": "2026", "com.apple.quicktime.creationdate": "2026-11-23T09:42:10+0800"}) == (
        "2026-11-23T09:42:10"
    )
    assert container_moment({"origination_date": "2026-11-23", "origination_time": "09:42:10"}) == "2026-11-23T09:42:10"
    assert container_moment({}) == ""
