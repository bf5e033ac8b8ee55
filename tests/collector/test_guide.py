from __future__ import annotations

import re

from tests.collector.kit import ROOT

from liuhen.collector.commands.collect import add_arguments
from liuhen.collector.report.events import Event
from liuhen.collector.source import SkipReason
from liuhen.core.errors import Language
from liuhen.core.exits import ExitCode
from liuhen.core.naming import builtin_grammars, load_grammars
from liuhen.usage import parser_in

_GUIDE = (ROOT / "docs" / "guide" / "collector.md").read_text(encoding="utf-8")


def test_the_guide_leads_to_the_one_table_of_exit_codes_and_names_only_codes_of_it() -> None:
    section = _GUIDE.partition("## Exit codes\n")[2].partition("\n## ")[0]

    assert "(commands.md#exit-codes)" in section
    told = {int(code) for code in re.findall(r"\b\d+\b", re.sub(r"section \d+", "", section))}
    assert told
    assert told <= {code.value for code in ExitCode}


def test_the_guide_explains_every_reason_for_leaving_a_file() -> None:
    assert [reason for reason in SkipReason if f"`{reason}`" not in _GUIDE] == []


def test_the_guide_names_every_event_for_machines() -> None:
    names = [
        "".join(f"-{c.lower()}" if c.isupper() else c for c in kind.__name__)[1:] for kind in Event.__value__.__args__
    ]

    assert [name for name in names if f"`{name}`" not in _GUIDE] == []


def test_the_guides_grammar_file_is_one() -> None:
    block = _GUIDE.partition("    version = 1\n")
    table = "".join(block[1:]).partition("\nA pattern describes")[0]
    lines = [line[4:] for line in table.splitlines() if line.startswith("    ") or not line]

    grammars = load_grammars("\n".join(lines).encode(), file="guide.toml", base=builtin_grammars())
    assert grammars.entries[0].id == "our-cameras"


def test_the_guide_tells_every_option_of_the_command() -> None:
    parser = parser_in(Language.EN)()
    add_arguments(parser)
    options = [
        option for action in parser._actions for option in action.option_strings if option not in {"-h", "--help"}
    ]

    assert [option for option in options if f"| `{option}" not in _GUIDE] == []
