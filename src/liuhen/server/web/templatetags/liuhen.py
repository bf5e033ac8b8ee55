"""Filters and tags of the pages: the forms of `web.formats`, the words of `web.words`, citations and icons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html

from liuhen.server.web import articles, formats, words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from django.utils.safestring import SafeString

__all__ = ["register"]

register = template.Library()

for _name in formats.__all__:
    register.filter(_name, getattr(formats, _name))


def _filter_by(name: str, table: Mapping[Any, object]) -> None:
    """Register the filter `name`, which gives a code's word from `table`; a code that has none stands for itself."""

    def look_up(code: str) -> str:
        return str(table.get(code, code))

    register.filter(name, look_up)


_filter_by("role_word", words.ROLES)
_filter_by("kind_word", words.KINDS)
_filter_by("state_word", words.STATES)
_filter_by("state_mark", words.STATE_MARKS)
_filter_by("source_word", words.SOURCES)
_filter_by("clock_word", words.CLOCK_METHODS)
_filter_by("device_word", words.DEVICE_KINDS)
_filter_by("upload_word", words.UPLOAD_STATES)
_filter_by("upload_mark", words.UPLOAD_MARKS)
_filter_by("skip_word", words.SKIP_REASONS)
_filter_by("defect_word", words.DEFECTS)


@register.simple_tag
def article(*numbers: int) -> SafeString:
    """Return the citation of articles of the rule, each with its matter as a hint."""
    return cited(numbers)


@register.filter
def cited(numbers: Iterable[int]) -> SafeString:
    """Return the citation of articles, as `article` does."""
    numbers = tuple(numbers)
    matters = " / ".join(str(articles.MATTERS[number]) for number in numbers)
    return format_html('<span class="art" title="{}">{}</span>', matters, articles.cite(*numbers))


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return an icon of the sprite; it says nothing that the text beside it does not say."""
    sprite = static("web/icons.svg")
    return format_html('<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>', sprite, name)
