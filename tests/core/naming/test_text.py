from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.naming import Decoding, decode_name, reshown, visible

_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Me"}


@pytest.mark.parametrize(
    ("raw", "text", "decoding"),
    [
        ("记录0007.mp4".encode(), "记录0007.mp4", Decoding.UTF8),
        ("记录0007.mp4".encode("gb18030"), "记录0007.mp4", Decoding.GB18030),
        ("\U0001f4f7.jpg".encode("gb18030"), "\U0001f4f7.jpg", Decoding.GB18030),
        (b"plain.mp4", "plain.mp4", Decoding.UTF8),
        (b"\xff\xfe.mp4", "\udcff\udcfe.mp4", Decoding.UNDECODABLE),
    ],
    ids=["utf8", "gb18030", "gb18030-four-bytes", "ascii", "undecodable"],
)
def test_a_name_is_read_as_utf8_then_gb18030_then_not_at_all(raw: bytes, text: str, decoding: Decoding) -> None:
    assert decode_name(raw) == (text, decoding)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("普通 名字.mp4", "普通 名字.mp4"),
        ("a\nb\r\x1b[31m\x00.mp4", "a⟨U+000A⟩b⟨U+000D⟩⟨U+001B⟩[31m⟨U+0000⟩.mp4"),
        ("\u202egpj.exe", "⟨U+202E⟩gpj.exe"),
        ("\u2066x\u2069\u200f\u061c", "⟨U+2066⟩x⟨U+2069⟩⟨U+200F⟩⟨U+061C⟩"),
        ("a\u2028b\u2029c\u0085", "a⟨U+2028⟩b⟨U+2029⟩c⟨U+0085⟩"),
        ("a\u00a0b\u2003c\u3000d", "a⟨U+00A0⟩b⟨U+2003⟩c\u3000d"),
        ("a\u3164\u2800\u115f", "a⟨U+3164⟩⟨U+2800⟩⟨U+115F⟩"),
        ("a\ufe0f\U000e0100\u180b", "a⟨U+FE0F⟩⟨U+E0100⟩⟨U+180B⟩"),
        ("\ue000\U000f0000", "⟨U+E000⟩⟨U+F0000⟩"),
        ("\udcff.mp4", "⟨0xFF⟩.mp4"),
        ("⟨U+000A⟩", "⟨U+27E8⟩U+000A⟨U+27E9⟩"),
        ("<b>&amp;", "<b>&amp;"),
    ],
    ids=[
        "plain",
        "controls",
        "override",
        "isolates",
        "separators",
        "odd-spaces",
        "blank-letters",
        "selectors",
        "private-use",
        "byte",
        "own-sign",
        "markup-is-the-pages-business",
    ],
)
def test_what_cannot_be_seen_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(st.binary(max_size=80))
def test_no_name_can_break_a_line_or_turn_direction(raw: bytes) -> None:
    shown = visible(decode_name(raw)[0])

    assert not {unicodedata.category(character) for character in shown} & _HIDDEN
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")


@given(st.text(max_size=20), st.text(max_size=20))
def test_two_names_never_look_alike_by_way_of_the_signs(one: str, other: str) -> None:
    assert (visible(one) == visible(other)) == (one == other)


@given(st.binary(max_size=80) | st.text("⟨⟩U+0x20AEF\u202e").map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_what_was_shown_is_shown_again_unchanged(raw: bytes) -> None:
    shown = visible(decode_name(raw)[0])

    assert reshown(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[2J⟨U+202E⟩", "a⟨U+001B⟩[2J⟨U+202E⟩"),
        ("⟨U+202E\u202e⟩", "⟨U+27E8⟩U+202E⟨U+202E⟩⟨U+27E9⟩"),
        ("⟨0xFF⟩⟨0xF⟩", "⟨0xFF⟩⟨U+27E8⟩0xF⟨U+27E9⟩"),
        ("录像.mp4", "录像.mp4"),
    ],
    ids=["command-beside-a-sign", "sign-with-a-hidden-end", "half-a-sign", "plain"],
)
def test_what_only_claims_to_be_shown_is_made_so(text: str, shown: str) -> None:
    assert reshown(text) == shown


@given(st.binary(max_size=80))
def test_the_raw_bytes_can_always_be_had_back(raw: bytes) -> None:
    text, decoding = decode_name(raw)

    if decoding is Decoding.UNDECODABLE:
        assert text.encode("utf-8", "surrogateescape") == raw
    else:
        assert text.encode(decoding).decode(decoding) == text
