"""Every message that a person can see is one that they can act on: in both languages, in its own place, once."""

from __future__ import annotations

import re
import string
import sys
from typing import TYPE_CHECKING

import pytest
from tools.i18n import translations

from liuhen.collector.errors import RefusedError
from liuhen.core.exits import ExitCode
from tools import messages

if TYPE_CHECKING:
    from liuhen.core.errors import LiuhenError

KINDS = messages.error_types()
TOLD = [kind for kind in KINDS if messages.is_told(kind)]
# What stays as it is in a Chinese sentence: names of formats, products and fields, and the words of commands.
NAMES = """
agency_domain Base64 behind_tls checkpoint Content-Type Ctrl+C declaration DELETE digits DIR Ed25519 false GET grammar
HEAD host HTTP JSON key ledger ledger_public LIUHEN_HOME null PATCH port pysqlite3 Python RFC sequence SHA-256 SM3
SOURCE SQLite TLS tlog-proof TOML true tus Tus-Resumable Upload-Defer-Length Upload-Length upload_limit_bytes UTC UTF-8
UUID WAL X-HTTP-Method-Override
"""
# Commands, options, paths, addresses, settings and times are copied as they stand.
COPIED = re.compile(
    r"pip install --require-hashes -r \S+|tools/i18n\.py compile|chmod \d+|make run|liuhen (?:[a-z]+ ?)*|LIUHEN_PORT="
    r"|\{[^{}]*\}|%\(\w+\)[sd]|`[^`]*`|</?code>|--[a-z-]+|https?://\S*"
    r"|[\w.<>-]*[./][\w./<>-]+|tile/|\d{4}-\d\d-\d\dT[\d:.]+Z?"
)


def left_in_english(chinese: str) -> set[str]:
    """Return the words of Latin letters in `chinese` that are neither names nor copied as they stand."""
    words = set(re.findall(r"[A-Za-z][\w+-]*", COPIED.sub(" ", chinese)))
    return words - set(NAMES.split())


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def of(kinds: list[type[LiuhenError]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("kind", kinds, ids=[f"{kind.__module__}.{kind.__name__}" for kind in kinds])


def test_the_list_is_in_step_with_the_program() -> None:
    assert messages.LIST.read_text(encoding="utf-8") == messages.document(), "run: python -m tools.messages"


OTHER_NAMES = {
    "原件": re.compile("原始记录|原始文件"),
    "附件": re.compile("附属文件"),
    "校验值": re.compile("摘要"),
    "系统管理员、安全管理员": re.compile("(?<!系统)(?<!安全)管理员"),
    "system or security administrator": re.compile("(?<!system )(?<!security )administrator", re.IGNORECASE),
}


@pytest.mark.parametrize("name", OTHER_NAMES)
def test_one_thing_has_one_name_in_all_that_is_said(name: str) -> None:
    *_, said = messages.LIST.read_text(encoding="utf-8").partition("\n## ")
    catalogue = [text for pair in translations("zh_Hans").items() for text in pair]
    found = [line for line in [*said.splitlines(), *map(str, catalogue)] if OTHER_NAMES[name].search(line)]
    assert min(len(catalogue), len(said.splitlines())) > 500
    assert found == []


def test_the_list_has_every_error_with_its_code_once() -> None:
    listed = re.findall(r"^\| `([a-z0-9-]+)` \|", messages.LIST.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) > 150
    assert sorted(listed) == sorted(kind.code for kind in TOLD)


@of(TOLD)
def test_an_error_has_a_code_and_words_of_its_own(kind: type[LiuhenError]) -> None:
    """But the collector, telling again what the server refused, has one sentence for it however it goes on."""
    assert "code" in vars(kind)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code)
    assert issubclass(kind, RefusedError) or {"zh", "en"} <= vars(kind).keys()
    assert [other for other in TOLD if other.code == kind.code] == [kind]


@of([kind for kind in KINDS if not messages.is_told(kind)])
def test_the_base_of_a_family_says_nothing_that_somebody_could_be_shown(kind: type[LiuhenError]) -> None:
    assert not {"code", "zh", "en"} & vars(kind).keys()
    assert kind.__subclasses__()


@of(TOLD)
def test_an_error_has_a_place_that_makes_an_answer_of_it(kind: type[LiuhenError]) -> None:
    """And where it may end a command, its exit code is one that the guide tells of, and never the one for success."""
    shown = messages.shown_as(kind)
    assert shown
    if any(given.startswith("exit ") for given in shown):
        assert kind.exit_code not in {ExitCode.OK, ExitCode.USAGE}


@of(TOLD)
def test_an_error_speaks_chinese_in_chinese(kind: type[LiuhenError]) -> None:
    assert left_in_english(kind.zh) == set()
    assert not re.search(r"[\u4e00-\u9fff][,;:!?()]|[,;:!?()][\u4e00-\u9fff]", kind.zh), "half-width punctuation"


class Anything:
    """A fact that is shown in any form."""

    def __format__(self, spec: str) -> str:
        return format(7, spec)


@of(TOLD)
def test_an_error_shows_the_same_facts_in_both_languages(kind: type[LiuhenError]) -> None:
    assert fields(kind.zh) == fields(kind.en)
    assert re.search(r"[\u4e00-\u9fff]", kind.zh)
    assert not re.search(r"[\u4e00-\u9fff]", kind.en)
    facts = dict.fromkeys(fields(kind.zh), Anything())
    assert "{" not in kind.zh.format(**facts) + kind.en.format(**facts)


@of(TOLD)
def test_an_error_ends_with_what_to_do_or_with_the_cause_that_says_it(kind: type[LiuhenError]) -> None:
    if re.search(r"\{(cause|words)\}$", kind.zh):
        assert re.search(r"\{(cause|words)\}$", kind.en)
    else:
        assert kind.zh.endswith("。")
        assert kind.en.endswith(".")
        assert len(re.findall(r"[。；：]|，请", kind.zh)) > 1, "what happened, and what to do"


def test_what_goes_into_errors_and_the_checks_and_the_pages_speak_chinese_in_chinese() -> None:
    said = [*(zh for _, zh, _ in messages.checks()), *translations("zh_Hans").values()]
    for path in sorted(messages.SOURCE.rglob("*.py")):
        if messages.is_listed(path):
            said += [zh for zh, _ in messages.words_of(path)]
    assert len(said) > 500
    assert {zh: words for zh in said if (words := left_in_english(zh))} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('both("没有权限", "not allowed")', [("没有权限", "not allowed")]),
        ('fail(f"{path} 缺失", f"{path} is missing")', [("{path} 缺失", "{path} is missing")]),
        ('say(f"{count + 1} 项 / {count + 1} jobs")', [("{…} 项", "{…} jobs")]),
        ('zh = f"没有 {name}" + near\nen = f"no {name}" + near', [("没有 {name}{…}", "no {name}{…}")]),
        ('Report(zh="缺失", en="missing")', [("缺失", "missing")]),
        ('add("--key", help=pick("密钥", "the key"))', []),
        ('class E(X):\n    zh = "错"\n    en = "wrong"', []),
        ('pair = ("一", "二")', []),
    ],
)
def test_words_in_both_languages_are_found_in_source(source: str, found: list[tuple[str, str]]) -> None:
    assert list(messages.words_in(source)) == found


@pytest.mark.parametrize(
    "name", [name for place in messages.PLACES for name in re.findall(r"`([^`]+)`", place.function)]
)
def test_a_place_that_is_named_is_there(name: str) -> None:
    module, _, function = name.rpartition(".")
    assert name in sys.modules or hasattr(sys.modules[module], function)
