from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.naming import builtin_grammars
from liuhen.core.naming.pattern import PatternError, compile_pattern


@pytest.mark.parametrize(
    ("source", "stem", "found"),
    [
        ("A{sequence:digits:1-3}", "a007", {"sequence": "007"}),
        ("A{sequence:digits:1-3}", "A0007", None),
        (
            "{date}_{time}[{other:letters:1}]",
            "20261123_094210F",
            {"date": "20261123", "time": "094210", "other1": "F"},
        ),
        ("{date}_{time}[{other:letters:1}]", "20261123_094210", {"date": "20261123", "time": "094210"}),
        ("[A[B]]{sequence:digits:1}", "AB7", {"sequence": "7"}),
        ("[A[B]]{sequence:digits:1}", "A7", {"sequence": "7"}),
        ("[A[B]]{sequence:digits:1}", "B7", None),
        (r"\[{sequence:digits:1}\]\{\}\\", "[7]{}\\", {"sequence": "7"}),
        ("x[_{important:IMP}]", "X_imp", {"important": "imp"}),
        ("{other:han:1-2}{sequence:digits:1}", "张三7", {"other1": "张三", "sequence": "7"}),
        ("a.b", "axb", None),
        ("k", "\u212a", None),
    ],
)
def test_a_pattern_matches_the_whole_stem_or_nothing(source: str, stem: str, found: dict[str, str] | None) -> None:
    assert compile_pattern(source).match(stem) == found


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "empty"),
        ("a]", "too many"),
        ("a}", "too many"),
        ("[a", "has no “]”"),
        ("{date", "has no “}”"),
        ("a\\", "may follow"),
        ("a\\n", "may follow"),
        ("{nothing}", "is no field"),
        ("{sequence}", "is no field"),
        ("{sequence:words:1}", "is no field"),
        ("{date:digits:8}", "is no field"),
        ("{important:}", "is no field"),
        ("{important:a+}", "is no field"),
        ("{sequence:digits:0}", "length"),
        ("{sequence:digits:3-2}", "length"),
        ("{sequence:digits:1-65}", "length"),
        ("{sequence:digits:x}", "length"),
        ("{sequence:digits:16}", "length"),
        ("{sequence:alnum:4}", "digits only"),
        ("{sequence:digits:1}{sequence:digits:1}", "twice"),
        ("{date}", "not whole"),
        ("{time}", "not whole"),
        ("{date}{year}{time}", "not whole"),
        ("{year}{month}{time}", "not whole"),
        ("{date}{hour}{minute}", "not whole"),
        ("[[a]]", "required"),
        ("[]", "required"),
        ("{sequence:digits:1-3}{other:digits:1}", "accepts itself"),
        ("{sequence:digits:1-3}[a]7", "accepts itself"),
        ("{other:alnum:1-3}X", "accepts itself"),
        ("{other:alnum:1-3}x", "accepts itself"),
        ("[a]a", "accepts itself"),
        ("[a]A", "accepts itself"),
        ("[a{other:digits:1-3}]7", "accepts itself"),
        ("[_a][_b]", "accepts itself"),
        ("{other:han:1-3}张", "accepts itself"),
    ],
)
def test_a_pattern_outside_the_language_is_refused_with_its_reason(source: str, reason: str) -> None:
    with pytest.raises(PatternError, match=re.escape(reason)) as caught:
        compile_pattern(source)

    assert caught.value.zh


_ALPHABET = st.text("0127_-.aAimpIMPrRecE张重要", max_size=40)
_DEVICE_LIKE = st.lists(
    st.sampled_from(
        [
            "7654321",
            "650012",
            "20261123",
            "094210",
            "0007",
            "IMP",
            "_",
            "-",
            "DSJ",
            "2026",
            "1123",
            "A",
            "重要",
            "x",
        ]
    ),
    max_size=10,
).map("".join)


@given(_ALPHABET | _DEVICE_LIKE)
def test_never_going_back_misses_nothing_that_going_back_would_find(stem: str) -> None:
    for grammar in builtin_grammars().entries:
        for pattern in grammar.patterns:
            backtracking = pattern.regex.pattern.replace("}+", "}").replace(")?+", ")?")
            found = re.fullmatch(backtracking, stem, re.IGNORECASE | re.ASCII)
            expected = None if found is None else {k: v for k, v in found.groupdict().items() if v is not None}
            assert pattern.match(stem) == expected


def test_no_quantifier_of_a_compiled_pattern_can_go_back() -> None:
    for grammar in builtin_grammars().entries:
        for pattern in grammar.patterns:
            bounded = re.sub(r"\{\d+,\d+\}\+|\{\d+\}|\)\?\+", "", pattern.regex.pattern.replace("(?", "("))
            assert not re.search(r"(?<!\\)[*+?]", bounded), pattern.source
