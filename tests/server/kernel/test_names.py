"""Names that people type."""

from __future__ import annotations

import pytest

from liuhen.core.errors import both
from liuhen.server.kernel.errors import NameInvalidError
from liuhen.server.kernel.names import checked_name

WHAT = both("名称", "name")


@pytest.mark.parametrize("name", ["一", "执法大队　三中队", "买买提·艾力", "Unit 3", "a" * 20])
def test_a_name_that_can_be_seen_is_kept(name: str) -> None:
    assert checked_name(f" {name}\n", what=WHAT, limit=20) == name


@pytest.mark.parametrize(
    "name", ["", " \n", "a" * 21, "一\n二", "a\x1b[31m", "a\x07", "gpj\u202e.exe", "\u3164", "a\u200bb"]
)
def test_a_name_that_deceives_is_refused_and_shown_as_it_is(name: str) -> None:
    with pytest.raises(NameInvalidError) as caught:
        checked_name(name, what=WHAT, limit=20)
    assert str(caught.value).isprintable()
