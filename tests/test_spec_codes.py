"""What a station can be told is in the protocol, code by code with its status, and nothing else is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from liuhen.server.intake.errors import _OTHERS, IntakeError, StationMissingError, is_refusal
from liuhen.server.ledger.errors import SignerRefusesError

if TYPE_CHECKING:
    from liuhen.core.errors import LiuhenError
    from liuhen.server.kernel.errors import ServerError

PROTOCOL = (Path(__file__).parents[1] / "docs" / "spec" / "intake-protocol.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| (\d{3}) \| (yes|resume|anew|no) \| \S.*\|$", re.MULTILINE)
IN_TEXT = re.compile(r"`(\d{3}) ([a-z]+(?:-[a-z]+)+)`")


def documented() -> dict[str, int]:
    return {code: int(status) for code, status, _ in ROW.findall(PROTOCOL)}


def refusals() -> dict[str, int]:
    """Return the status of every refusal that the handler can answer, by its code."""
    found: list[type[ServerError]] = [*_OTHERS]
    waiting: list[type[ServerError]] = [IntakeError]
    while waiting:
        kinds = waiting.pop().__subclasses__()
        found += kinds
        waiting += kinds
    return {kind.code: kind.status for kind in found}


def test_every_refusal_is_in_the_protocol_with_its_status_and_none_that_is_not_there() -> None:
    assert documented() == refusals()


def test_each_code_has_one_row() -> None:
    assert len(ROW.findall(PROTOCOL)) == len(documented()) > 40


def test_the_statuses_named_along_the_way_are_those_of_the_table() -> None:
    named = {(code, int(status)) for status, code in IN_TEXT.findall(PROTOCOL)}
    assert len(named) > 10
    assert named <= set(documented().items())


@pytest.mark.parametrize("error", [SignerRefusesError(size=1, signed=2), StationMissingError(name="一号采集站")])
def test_what_is_not_in_the_protocol_is_no_refusal(error: LiuhenError) -> None:
    assert not is_refusal(error)
