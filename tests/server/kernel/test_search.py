from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.server.kernel.search import document_tokens, query_tokens

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=12)
ANY = st.text(max_size=60)


def finds(query: str, text: str) -> bool:
    """Tell what an engine that looks for all of a query's tokens would say; a query without tokens finds nothing."""
    wanted = query_tokens(query)
    return bool(wanted) and set(wanted) <= set(document_tokens(text))


@pytest.mark.parametrize(
    ("query", "text"),
    [
        pytest.param("李明", "执法人员李明", id="a-two-character-name"),
        pytest.param("李", "执法人员李明", id="a-surname-alone"),
        pytest.param("阿依努尔", "城市管理执法大队 阿依努尔 650027", id="a-name-of-four-characters"),
        pytest.param("执法大队", "第十二师城市管理执法大队", id="a-word-inside-a-longer-one"),
        pytest.param("大队 李建国", "李建国，城市管理执法大队", id="two-words-in-any-order"),
        pytest.param("7654321", "7654321_650012_20261123094210_0007.mp4", id="a-number-between-underscores"),
        pytest.param("MP4", "clip.mp4", id="capitals-and-small-letters"),
        pytest.param("ｄｒ２０４１", "DR2041", id="full-width-letters"),
        pytest.param("DR2041录音笔", "录音笔DR2041", id="mixed-scripts-without-a-blank"),
        pytest.param("𬸣", "王𬸣", id="a-rare-character-outside-the-basic-plane"),
        pytest.param("〇", "二〇二六年", id="the-ideographic-zero"),
        pytest.param("ئابدۇللا", "ئابدۇللا 650031", id="an-uyghur-name-in-its-own-script"),
        pytest.param("strasse", "Straße", id="case-folding"),
        pytest.param("㍿", "株式会社", id="compatibility-forms"),
    ],
)
def test_a_text_is_found_by(query: str, text: str) -> None:
    assert finds(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        pytest.param("李明", "李小明", id="characters-that-do-not-stand-side-by-side"),
        pytest.param("明李", "李明", id="characters-in-the-other-order"),
        pytest.param("李明", "李 明亮", id="characters-on-both-sides-of-a-blank"),
        pytest.param("765432", "7654321", id="a-part-of-a-number"),
        pytest.param("大队 王", "李建国，城市管理执法大队", id="one-word-of-two-is-missing"),
        pytest.param("，。_-", "，。_-", id="punctuation-alone"),
        pytest.param("", "李明", id="nothing"),
    ],
)
def test_a_text_is_not_found_by(query: str, text: str) -> None:
    assert not finds(query, text)


def test_a_run_of_characters_is_indexed_singly_and_in_overlapping_pairs() -> None:
    assert document_tokens("执法人员A12") == ["执", "法", "人", "员", "执法", "法人", "人员", "a12"]
    assert query_tokens("执法人员A12") == ["执法", "法人", "人员", "a12"]
    assert query_tokens("执") == ["执"]


@given(before=HAN, middle=HAN, after=HAN)
def test_every_part_of_a_chinese_text_finds_it(before: str, middle: str, after: str) -> None:
    assert finds(middle, before + middle + after)


@given(text=ANY)
def test_a_text_with_any_word_finds_itself(text: str) -> None:
    assert finds(text, text) == bool(document_tokens(text))


@given(text=ANY)
def test_tokens_hold_no_blank_and_no_character_that_an_engine_could_take_for_syntax(text: str) -> None:
    characters = set("".join(document_tokens(text)))
    assert not {one for one in characters if one.isspace() or (one.isascii() and not one.isalnum())}
    assert "" not in document_tokens(text)


@given(text=ANY, other=ANY)
def test_a_text_is_found_whatever_stands_beside_it(text: str, other: str) -> None:
    assert finds(text, f"{other} {text} {other}") == bool(document_tokens(text))
