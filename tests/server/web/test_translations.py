"""The tool that keeps the translations: what it compiles is what gettext reads, and what is wrong is named."""

from __future__ import annotations

import gettext
from typing import TYPE_CHECKING

import pytest

from tools import i18n

if TYPE_CHECKING:
    from pathlib import Path

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\nPlural-Forms: nplurals=1; plural=0;\\n"\n\n'
MESSAGES: dict[tuple[str, ...], None] = {("Today",): None, ("%(n)s event", "%(n)s events"): None}
WHOLE = """msgid "Today"
msgstr "今日"

msgid "%(n)s event"
msgid_plural "%(n)s events"
msgstr[0] ""
"%(n)s 个"
"事件"
"""


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The Chinese catalogue of a small set of messages."""
    monkeypatch.setattr(i18n, "LOCALE", tmp_path)
    path = tmp_path / "zh_Hans" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(HEADER + WHOLE, encoding="utf-8")
    return path


def test_what_is_compiled_is_what_gettext_reads(catalogue: Path) -> None:
    i18n.compile_catalogue(catalogue)
    with catalogue.with_suffix(".mo").open("rb") as file:
        found = gettext.GNUTranslations(file)
    assert found.gettext("Today") == "今日"
    assert found.ngettext("%(n)s event", "%(n)s events", 5) == "%(n)s 个事件"
    assert found.gettext("unknown") == "unknown"


def faults() -> list[str]:
    return list(i18n._faults("zh_Hans", MESSAGES))


def test_a_whole_catalogue_has_no_fault(catalogue: Path) -> None:
    assert catalogue.exists()
    assert faults() == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('msgstr "今日"', 'msgstr ""', "not translated: 'Today'"),
        ('msgid "Today"', '#, fuzzy\nmsgid "Today"', "fuzzy: 'Today'"),
        ("%(n)s 个", "%(m)s 个", "other placeholders: '%(n)s event'"),
        ('msgid "Today"', 'msgid "Gone"\nmsgstr "没有"\n\nmsgid "Today"', "stale: 'Gone'"),
    ],
)
def test_each_fault_is_named(catalogue: Path, old: str, new: str, fault: str) -> None:
    catalogue.write_text((HEADER + WHOLE).replace(old, new), encoding="utf-8")
    assert faults() == [fault]
