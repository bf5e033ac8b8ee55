"""The messages of the protocol, read strictly."""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.errors import LiuhenError
from liuhen.server.intake.errors import DeclarationInvalidError, RequestInvalidError
from liuhen.server.intake.messages import parse_closing, parse_declaration, parse_opening, parse_seal
from liuhen.server.intake.models import FileRole

ID = "01a20ce0-a43f-7345-801a-b51df98756aa"
TIME = "2026-11-23T08:00:00.000Z"
OPENING: dict[str, Any] = {
    "v": 1,
    "device": "7654321",
    "collector": "liuhen/0.1.0",
    "opened": TIME,
    "clock": {"method": "declared", "error_ms": -41_000, "measured": TIME, "uncertainty_ms": 500},
    "carried": {"station": ID, "spooled": TIME},
}
CLOSING: dict[str, Any] = {
    "v": 1,
    "closed": TIME,
    "taken": [ID],
    "skipped": [{"name": "notes.txt", "reason": "not-media"}],
    "cleared": [ID, ID],
}
SEAL: dict[str, Any] = {"v": 1, "size": 3, "sha256": "a" * 64, "sm3": "b" * 64}
DECLARATION: dict[str, Any] = {
    "v": 1,
    "upload": ID,
    "collection": ID,
    "name": "Y2xpcC5tcDQ=",
    "path": "RENJTS9jbGlwLm1wNA==",
    "role": "attachment",
    "attached_to": ID,
    "facts": {"sequence": {"value": 7, "source": "name"}},
}


def _changed(table: dict[str, Any], path: str, value: Any) -> bytes:
    """Return `table` as JSON with the value at `path` (dots between keys) changed; `...` removes it."""
    copy = json.loads(json.dumps(table))
    *outer, last = path.split(".")
    inner = copy
    for key in outer:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return json.dumps(copy).encode()


def _encoded(table: dict[str, Any]) -> bytes:
    return json.dumps(table).encode()


def test_whole_messages_are_read() -> None:
    opening = parse_opening(_encoded(OPENING))
    assert (opening.device, opening.clock.error_ms, opening.carried_from) == ("7654321", -41_000, uuid.UUID(ID))
    closing = parse_closing(_encoded(CLOSING))
    assert (closing.taken, closing.skipped, closing.cleared) == (1, 1, 2)
    seal = parse_seal(_encoded(SEAL))
    assert (seal.size, seal.sha256, seal.sm3) == (3, "a" * 64, "b" * 64)
    declaration = parse_declaration(_encoded(DECLARATION))
    assert (declaration.name, declaration.path) == (b"clip.mp4", b"DCIM/clip.mp4")
    assert declaration.role is FileRole.ATTACHMENT


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("v", 2, "v"),
        ("v", True, "v"),
        ("extra", 1, "extra"),
        ("device", ..., "device"),
        ("device", "", "device"),
        ("device", "x" * 65, "device"),
        ("device", "seri\u202eal", "device"),
        ("device", 7, "device"),
        ("opened", "2026-11-23T08:00:00Z", "opened"),
        ("opened", None, "opened"),
        ("clock", [], "clock"),
        ("clock.method", "guessed", "clock.method"),
        ("clock.method", "unknown", "clock.error_ms"),
        ("clock.error_ms", None, "clock.error_ms"),
        ("clock.error_ms", 1.5, "clock.error_ms"),
        ("clock.error_ms", 10**15, "clock.error_ms"),
        ("clock.uncertainty_ms", -1, "clock.uncertainty_ms"),
        ("clock.measured", "now", "clock.measured"),
        ("clock.zone", "x", "clock.zone"),
        ("carried.station", "x", "carried.station"),
        ("carried.station", ID.upper(), "carried.station"),
        ("carried.spooled", None, "carried.spooled"),
    ],
)
def test_an_opening_with_a_wrong_field_is_refused_by_name(path: str, value: Any, field: str) -> None:
    with pytest.raises(RequestInvalidError) as refusal:
        parse_opening(_changed(OPENING, path, value))
    assert refusal.value.where["field"] == field


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("closed", "x", "closed"),
        ("taken", {}, "taken"),
        ("taken", ["x"], "taken"),
        ("cleared", [7], "cleared"),
        ("skipped", [{"name": "x"}], "skipped.0.reason"),
        ("skipped", [{"name": 1, "reason": "x"}], "skipped.0.name"),
        ("skipped", [{"name": "x", "reason": "x"}, {"name": "x", "reason": "Because"}], "skipped.1.reason"),
        ("skipped", [{"name": "x", "reason": "x"}, "x"], "skipped.1"),
    ],
)
def test_a_closing_with_a_wrong_field_is_refused_by_name(path: str, value: Any, field: str) -> None:
    with pytest.raises(RequestInvalidError) as refusal:
        parse_closing(_changed(CLOSING, path, value))
    assert refusal.value.where["field"] == field


@pytest.mark.parametrize(
    ("data", "field", "zh", "en"),
    [
        (_changed(SEAL, "sm3", ...), "sm3", "缺少此项", "it is missing"),
        (_changed(SEAL, "md5", 1), "md5", "没有这一项", "there is no such field"),
        (_changed(SEAL, "\x1b[2J", 1), "⟨U+001B⟩[2J", "没有这一项", "there is no such field"),
        (_encoded(SEAL)[:-1] + b',"size":4}', "size", "重复出现", "it is written twice"),
        (_encoded(SEAL)[:-1], "-", "不是 UTF-8 编码的 JSON", "not JSON in UTF-8"),
        (b'{"size": NaN}', "-", "不是 UTF-8 编码的 JSON", "not JSON in UTF-8"),
        (b"[" * 100_000, "-", "不是 UTF-8 编码的 JSON", "not JSON in UTF-8"),
    ],
    ids=["missing", "unknown", "unknown-and-unseen", "twice", "cut", "no-number", "deep"],
)
def test_a_field_too_few_too_many_or_twice_is_told_as_such(data: bytes, field: str, zh: str, en: str) -> None:
    with pytest.raises(RequestInvalidError) as refusal:
        parse_seal(data)
    assert refusal.value.where["field"] == field
    assert refusal.value.where["reason"] == {"zh": zh, "en": en}


def test_a_skipped_name_that_was_shown_by_the_station_is_kept_and_another_is_shown() -> None:
    names = ["gpj.⟨U+202E⟩exe", "gpj.\u202eexe"]
    skipped = [{"name": name, "reason": "not-media"} for name in names]

    closing = parse_closing(_changed(CLOSING, "skipped", skipped))
    assert [one["name"] for one in closing.body["skipped"]] == ["gpj.⟨U+202E⟩exe"] * 2


@pytest.mark.parametrize(
    ("path", "value"),
    [("size", -1), ("size", "3"), ("size", 2**53), ("sha256", "A" * 64), ("sha256", "a" * 63), ("sm3", None)],
)
def test_a_seal_with_a_wrong_field_is_refused_by_name(path: str, value: Any) -> None:
    with pytest.raises(RequestInvalidError) as refusal:
        parse_seal(_changed(SEAL, path, value))
    assert refusal.value.where["field"] == path


@pytest.mark.parametrize(
    ("path", "value", "field"),
    [
        ("upload", 7, "upload"),
        ("collection", "x", "collection"),
        ("name", "", "name"),
        ("name", "?", "name"),
        ("name", None, "name"),
        ("name", "A" * 2000, "name"),
        ("path", "A" * 20_000, "path"),
        ("role", "original", "attached_to"),
        ("role", "other", "role"),
        ("role", [], "role"),
        ("attached_to", None, "attached_to"),
        ("facts", [], "facts"),
        ("facts.place", {"value": 1, "source": "name"}, "facts.place"),
        ("facts.sequence", 7, "facts.sequence"),
        ("facts.sequence.value", -1, "facts.sequence"),
        ("facts.sequence.value", True, "facts.sequence"),
        ("facts.sequence.source", "guess", "facts.sequence.source"),
        ("facts.important", {"value": 1, "source": "name"}, "facts.important"),
        ("facts.kind", {"value": "film", "source": "name"}, "facts.kind"),
        ("facts.started", {"value": "2026-02-30T00:00:00", "source": "name"}, "facts.started"),
        ("facts.started", {"value": "2026-02-03", "source": "name"}, "facts.started"),
        ("facts.started", {"value": 7, "source": "name"}, "facts.started"),
        ("facts.officer_code", {"value": "", "source": "name"}, "facts.officer_code"),
    ],
)
def test_a_declaration_with_a_wrong_field_is_refused_by_name(path: str, value: Any, field: str) -> None:
    with pytest.raises(DeclarationInvalidError) as refusal:
        parse_declaration(_changed(DECLARATION, path, value))
    assert refusal.value.where["field"] == field
    assert "docs/spec/intake-protocol.md" in refusal.value.as_dict()["zh"]


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*OPENING, *DECLARATION]), inner),
    max_leaves=8,
)


@given(st.binary() | _json.map(lambda value: json.dumps(value).encode()), st.sampled_from(sorted(DECLARATION)), _json)
def test_whatever_comes_is_read_or_refused(data: bytes, key: str, value: Any) -> None:
    for parse in (parse_opening, parse_closing, parse_seal, parse_declaration):
        with pytest.raises(LiuhenError):
            parse(data)
    with suppress(DeclarationInvalidError):
        parse_declaration(_changed(DECLARATION, key, value))
