from __future__ import annotations

import dataclasses
import json
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.canonical import MAX_INTEGER, canonical
from liuhen.core.entry import (
    MAX_ENTRY_SIZE,
    Entry,
    EntryError,
    EntryFieldError,
    EntryNotCanonicalError,
    EntryTooLargeError,
    ObjectRef,
    commit_private,
)
from liuhen.core.events import EventType
from tests.core.ledger_kit import SALT, sealed_entry, uuid7

_HEX = "ab" * 32
_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_names = st.from_regex(r"[a-z][a-z0-9_]{0,20}", fullmatch=True)
_scalars = st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | _texts
_inner = st.recursive(
    _scalars,
    lambda deeper: st.lists(deeper, max_size=3) | st.dictionaries(_names, deeper, max_size=3),
    max_leaves=5,
)
_hex = st.binary(min_size=32, max_size=32).map(bytes.hex)
_objects = st.builds(
    ObjectRef,
    role=st.sampled_from(["original", "attachment", "preview-540p"]),
    sha256=_hex,
    sm3=st.none() | _hex,
    size=st.integers(0, MAX_INTEGER),
    version=st.none() | st.from_regex(r"[!-~]{1,40}", fullmatch=True),
)
_times = st.datetimes(timezones=st.just(UTC)).map(
    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000)
)
_ids = st.integers(0, 2**62 - 1).map(uuid7)


@st.composite
def _entries(draw: st.DrawFn) -> Entry:
    n = draw(st.integers(0, 5))
    return Entry(
        id=draw(_ids),
        type=draw(st.sampled_from(EventType)),
        time=draw(_times),
        subject=f"{draw(st.sampled_from(['recording', 'station', 'view-ticket']))}/{draw(st.uuids())}",
        n=n,
        prev=draw(_hex) if n else None,
        actor=draw(st.sampled_from(["system", f"person/{uuid7(1)}", f"station/{uuid7(2)}"])),
        objects=tuple(draw(st.lists(_objects, max_size=3))),
        facts=draw(st.dictionaries(_names, _inner, max_size=4)),
        private=draw(st.none() | _hex),
    )


@given(_entries())
def test_an_entry_is_read_back_from_its_canonical_bytes(entry: Entry) -> None:
    data = entry.to_bytes()
    assert Entry.from_bytes(data) == entry
    assert canonical(json.loads(data)) == data


@given(_entries(), st.integers(min_value=0))
def test_a_flipped_bit_never_reads_as_the_same_entry(entry: Entry, position: int) -> None:
    data = bytearray(entry.to_bytes())
    data[position // 8 % len(data)] ^= 1 << position % 8
    try:
        other = Entry.from_bytes(bytes(data))
    except EntryError:
        return
    assert other != entry


def test_the_example_of_the_specification_is_written_so() -> None:
    entry = Entry(
        id=uuid.UUID("019ab000-0000-7000-8000-000000000001"),
        type=EventType.RECORDING_SEALED,
        time=datetime(2026, 11, 23, 8, tzinfo=UTC),
        subject="recording/019ab000-0000-7000-8000-000000000002",
        n=0,
        prev=None,
        actor="system",
        objects=(ObjectRef("original", "0" * 64, None, 123),),
        facts={"kind": "video"},
    )
    assert entry.to_bytes().decode() == (
        '{"actor":"system","facts":{"kind":"video"},"id":"019ab000-0000-7000-8000-000000000001","n":0,'
        f'"objects":[{{"role":"original","sha256":"{"0" * 64}","size":123,"sm3":null,"version":null}}],'
        '"prev":null,"private":null,"subject":"recording/019ab000-0000-7000-8000-000000000002",'
        '"time":"2026-11-23T08:00:00.000Z","type":"recording:sealed","v":1}'
    )


def _document(**changes: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(sealed_entry().to_bytes())
    return value | changes


def _object(**changes: Any) -> list[Any]:
    return [_document()["objects"][0] | changes]


_UUID4 = "3b241101-e2bb-4255-8caf-4136c566a962"
_REFUSED_FIELDS: dict[str, tuple[str, Any]] = {
    "version-2": ("v", 2),
    "version-true": ("v", True),
    "id-number": ("id", 7),
    "id-not-version-7": ("id", _UUID4),
    "id-upper-case": ("id", str(uuid7(10)).upper()),
    "type-unknown": ("type", "recording:deleted"),
    "type-list": ("type", []),
    "time-number": ("time", 1_700_000_000),
    "time-with-offset": ("time", "2026-11-23T08:00:00.000+00:00"),
    "time-without-milliseconds": ("time", "2026-11-23T08:00:00Z"),
    "subject-without-kind": ("subject", _UUID4),
    "subject-null": ("subject", None),
    "subject-personal": ("subject", f"张三/{_UUID4}"),
    "n-negative": ("n", -1),
    "n-true": ("n", True),
    "n-text": ("n", "0"),
    "prev-at-0": ("prev", _HEX),
    "actor-nobody": ("actor", None),
    "actor-unknown-kind": ("actor", f"visitor/{_UUID4}"),
    "actor-newline": ("actor", "system\n"),
    "objects-null": ("objects", None),
    "objects-of-numbers": ("objects", [1]),
    "facts-list": ("facts", []),
    "facts-float": ("facts", {"a": 1.5}),
    "facts-inner-float": ("facts", {"a": [{"b": 1.5}]}),
    "facts-name-upper-case": ("facts", {"A": 1}),
    "facts-inner-name-chinese": ("facts", {"a": {"姓名": 1}}),
    "private-short": ("private", "ab"),
    "private-object": ("private", {}),
}


@pytest.mark.parametrize("name", _REFUSED_FIELDS)
def test_a_malformed_field_is_named(name: str) -> None:
    field, value = _REFUSED_FIELDS[name]
    with pytest.raises(EntryFieldError) as caught:
        Entry.from_bytes(canonical(_document(**{field: value})))
    assert caught.value.where["field"] == field
    assert field in str(caught.value)


def test_facts_may_hold_lists_and_objects_of_codes() -> None:
    entry = sealed_entry(facts={"tracks": ["h264", {"rate": 25, "tags": [None, True]}]})
    assert Entry.from_bytes(entry.to_bytes()) == entry


def test_facts_nested_beyond_the_limit_are_refused() -> None:
    deep: Any = 1
    for _ in range(8):
        deep = {"a": deep}
    Entry.from_bytes(canonical(_document(facts={"a": deep})))
    for deeper in ({"a": deep}, [deep]):
        with pytest.raises(EntryFieldError):
            Entry.from_bytes(canonical(_document(facts={"a": deeper})))


def test_a_later_event_names_the_one_before() -> None:
    with pytest.raises(EntryFieldError) as caught:
        Entry.from_bytes(canonical(_document(n=1)))
    assert caught.value.where["field"] == "prev"


_REFUSED_OBJECTS: dict[str, tuple[str, Any]] = {
    "role-upper-case": ("role", "Original"),
    "role-null": ("role", None),
    "sha256-upper-case": ("sha256", "AB" * 32),
    "sha256-null": ("sha256", None),
    "sm3-short": ("sm3", "ab"),
    "size-negative": ("size", -1),
    "size-float": ("size", 0.5),
    "size-true": ("size", True),
    "version-empty": ("version", ""),
    "version-space": ("version", "a b"),
}


@pytest.mark.parametrize("name", _REFUSED_OBJECTS)
def test_a_malformed_object_is_named(name: str) -> None:
    field, value = _REFUSED_OBJECTS[name]
    with pytest.raises(EntryFieldError) as caught:
        Entry.from_bytes(canonical(_document(objects=_object(**{field: value}))))
    assert caught.value.where["field"] == f"objects.{field}"


@pytest.mark.parametrize("key", sorted(_document()))
def test_a_missing_key_is_named(key: str) -> None:
    document = _document()
    del document[key]
    with pytest.raises(EntryFieldError) as caught:
        Entry.from_bytes(canonical(document))
    assert caught.value.where["field"] == key


def test_an_unknown_key_is_named() -> None:
    for document in (_document(colour="red"), _document(objects=_object(colour="red"))):
        with pytest.raises(EntryFieldError) as caught:
            Entry.from_bytes(canonical(document))
        assert caught.value.where["field"] == "colour"


@pytest.mark.parametrize("data", [b"[]", b"null", b'"text"', b"1"], ids=["list", "null", "text", "number"])
def test_an_entry_is_an_object(data: bytes) -> None:
    with pytest.raises(EntryFieldError):
        Entry.from_bytes(data)


def test_an_entry_with_a_space_is_not_canonical() -> None:
    with pytest.raises(EntryNotCanonicalError, match="RFC 8785"):
        Entry.from_bytes(json.dumps(_document()).encode())


def _of_size(size: int) -> Entry:
    empty = len(sealed_entry(facts={"a": ""}).to_bytes())
    return sealed_entry(facts={"a": "x" * (size - empty)})


def test_an_entry_of_the_largest_size_passes_and_one_byte_more_is_refused() -> None:
    largest = _of_size(MAX_ENTRY_SIZE)
    assert Entry.from_bytes(largest.to_bytes()) == largest
    with pytest.raises(EntryTooLargeError):
        _of_size(MAX_ENTRY_SIZE + 1).to_bytes()
    with pytest.raises(EntryTooLargeError):
        Entry.from_bytes(largest.to_bytes() + b" ")


@pytest.mark.parametrize(
    "change",
    [
        {"type": "recording:sealed"},
        {"time": datetime(2026, 11, 23)},  # noqa: DTZ001 - the missing zone is the point
        {"time": datetime(2026, 11, 23, microsecond=1, tzinfo=UTC)},
        {"time": datetime(2026, 11, 23, tzinfo=timezone(timedelta(hours=8)))},
        {"id": uuid.UUID(_UUID4)},
        {"facts": {"number": MAX_INTEGER + 1}},
        {"facts": {"moment": datetime(2026, 11, 23, tzinfo=UTC)}},
        {"n": MAX_INTEGER + 1, "prev": _HEX},
    ],
    ids=["plain-type", "naive", "microsecond", "beijing", "uuid4", "large-number", "moment", "large-n"],
)
def test_an_impossible_entry_is_a_wrong_call(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="cannot stand in a ledger entry"):
        sealed_entry(**change)


def test_a_lone_surrogate_in_the_facts_is_a_wrong_call() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        sealed_entry(facts={"a": "\ud800"}).to_bytes()


def test_an_entry_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        sealed_entry().n = 1  # type: ignore[misc]  # that it fails is what is tested


def test_a_commitment_depends_on_salt_and_details() -> None:
    one = commit_private(SALT, {"name": "a"})
    assert one == commit_private(SALT, {"name": "a"})
    assert len({one, commit_private(SALT[::-1], {"name": "a"}), commit_private(SALT, {"name": "b"})}) == 3


@pytest.mark.parametrize("salt", [b"", b"short", bytes(33)])
def test_a_salt_of_another_length_is_a_wrong_call(salt: bytes) -> None:
    with pytest.raises(ValueError, match="salt"):
        commit_private(salt, {})


def test_event_types_are_subject_and_verb() -> None:
    for event_type in EventType:
        subject, colon, verb = event_type.value.partition(":")
        assert colon
        assert subject.isalpha()
        assert verb.replace("-", "").isalpha()
        assert event_type.name == event_type.value.upper().replace(":", "_").replace("-", "_")
