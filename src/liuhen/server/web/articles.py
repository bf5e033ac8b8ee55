"""The articles of the rule that the pages cite, and how a citation is written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = ["MATTERS", "cite"]

MATTERS: Final[dict[int, _StrPromise]] = {
    3: _("Recorded in step, kept centrally, filed in order, held in confidence"),
    4: _("Devices are for work only"),
    5: _("Check before use: battery, storage, date and time"),
    11: _("No interruption without cause, no selection, no editing"),
    12: _("Collected and kept centrally, by dedicated equipment"),
    13: _("Handed in after the day's enforcement, at the latest 24 hours after return"),
    14: _("Kept for at least one year"),
    15: _("Extraction as evidence"),
    16: _("Viewing: approval, then entry in the register"),
    17: _("Viewing for cases, supervision and review"),
    18: _("Originals are not altered, and not given out without approval"),
}

_NUMERALS: Final = "〇一二三四五六七八九十"
_TEN: Final = 10


def cite(*numbers: int) -> str:
    """Return a citation: `第十六、十七条` or `Articles 16, 17`."""
    if get_language() == "en":
        return ("Article " if len(numbers) == 1 else "Articles ") + ", ".join(map(str, numbers))
    return f"第{'、'.join(map(_numeral, numbers))}条"


def _numeral(number: int) -> str:
    """Return 1 to 99 as it is written in the rule."""
    tens, ones = divmod(number, _TEN)
    head = "" if tens == 0 else ("" if tens == 1 else _NUMERALS[tens]) + "十"
    return head + (_NUMERALS[ones] if ones else "")
