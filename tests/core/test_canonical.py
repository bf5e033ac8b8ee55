from __future__ import annotations

import json
import math
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from liuhen.core.canonical import (
    MAX_DEPTH,
    MAX_INTEGER,
    CanonicalError,
    CanonicalFormError,
    DepthError,
    DuplicateKeyError,
    EncodingError,
    JsonSyntaxError,
    NumberRangeError,
    canonical,
    encode_plain,
    parse_canonical,
)

_text = st.text(st.characters(exclude_categories=["Cs"]))
_basic_text = st.text(st.characters(exclude_categories=["Cs"], max_codepoint=0xFFFF))
_integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
_floats = st.floats(allow_nan=False, allow_infinity=False).filter(
    lambda number: not number.is_integer() or abs(number) <= MAX_INTEGER or abs(number) >= 1e21
)


def _json(scalars: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(keys, inner), max_leaves=12)


_values = _json(st.none() | st.booleans() | _integers | _floats | _text, _text)
_plain_values = _json(st.none() | st.booleans() | _integers | _text, _basic_text)


@given(_values)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert parse_canonical(canonical(value)) == value


@given(_plain_values)
def test_the_quick_encoder_agrees_with_rfc8785(value: Any) -> None:
    assert encode_plain(value) == rfc8785.dumps(value)


@given(_plain_values, st.integers(min_value=0))
def test_one_flipped_bit_never_reads_as_the_same_value(value: Any, position: int) -> None:
    data = bytearray(canonical(value))
    bit = position % (8 * len(data))
    data[bit // 8] ^= 1 << bit % 8
    try:
        other = parse_canonical(bytes(data))
    except CanonicalError:
        return
    assert canonical(other) == data != canonical(value)


@given(st.binary(max_size=40))
def test_any_bytes_are_either_canonical_or_refused(data: bytes) -> None:
    try:
        value = parse_canonical(data)
    except CanonicalError:
        return
    assert canonical(value) == data


@given(_values)
def test_a_reformatted_document_is_refused(value: Any) -> None:
    data = json.dumps(value, indent=1).encode()
    if data != canonical(value):
        with pytest.raises(CanonicalFormError):
            parse_canonical(data)


_LARGE = str(MAX_INTEGER + 1)
_REFUSED = {
    "empty": (b"", JsonSyntaxError),
    "text-after": (b"{} ", CanonicalFormError),
    "two-values": (b"{}{}", JsonSyntaxError),
    "byte-order-mark": (b"\xef\xbb\xbf{}", JsonSyntaxError),
    "not-utf8": (b'"\xff"', EncodingError),
    "utf8-surrogate": (b'"\xed\xa0\x80"', EncodingError),
    "overlong-utf8": (b'"\xc0\xaf"', EncodingError),
    "control-character": (b'"\n"', JsonSyntaxError),
    "trailing-comma": (b"[1,]", JsonSyntaxError),
    "single-quotes": (b"{'a':1}", JsonSyntaxError),
    "nan": (b"NaN", NumberRangeError),
    "infinity": (b"[Infinity]", NumberRangeError),
    "minus-infinity": (b"-Infinity", NumberRangeError),
    "float-beyond-range": (b"1e400", NumberRangeError),
    "integer-beyond-range": (_LARGE.encode(), NumberRangeError),
    "negative-beyond-range": (b"-" + _LARGE.encode(), NumberRangeError),
    "integer-of-5000-digits": (b"9" * 5000, NumberRangeError),
    "duplicate-key": (b'{"a":1,"a":1}', DuplicateKeyError),
    "inner-duplicate-key": (b'[{"a":1,"b":2,"a":3}]', DuplicateKeyError),
    "duplicate-key-by-escape": (b'{"a":1,"\\u0061":1}', DuplicateKeyError),
    "keys-out-of-order": (b'{"b":1,"a":2}', CanonicalFormError),
    "keys-in-code-point-order": ('{"￿":1,"\U00010000":2}'.encode(), CanonicalFormError),
    "escaped-letter": (b'"\\u0061"', CanonicalFormError),
    "escaped-non-ascii": (b'"\\u4e2d"', CanonicalFormError),
    "escaped-slash": (b'"\\/"', CanonicalFormError),
    "upper-case-escape": (b'"\\u001F"', CanonicalFormError),
    "lone-surrogate": (b'"\\ud800"', CanonicalFormError),
    "lone-surrogate-key": (b'{"\\ud800":1.5}', CanonicalFormError),
    "minus-zero": (b"-0", CanonicalFormError),
    "float-of-an-integer": (b"1.0", CanonicalFormError),
    "exponent-of-an-integer": (b"1e2", CanonicalFormError),
    "too-many-decimals": (b"0.10", CanonicalFormError),
    "space": (b'{"a": 1}', CanonicalFormError),
    "too-deep-list": (b"[" * 65 + b"]" * 65, DepthError),
    "too-deep-object": (b'{"a":' * 65 + b"1" + b"}" * 65, DepthError),
    "deep-enough-to-exhaust-a-stack": (b"[" * 200_000, DepthError),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_what_is_not_canonical_is_refused_by_its_defect(name: str) -> None:
    data, kind = _REFUSED[name]
    with pytest.raises(CanonicalError) as caught:
        parse_canonical(data)
    assert type(caught.value) is kind


def test_keys_are_ordered_by_utf16() -> None:
    data = '{"\U00010000":2,"￿":1}'.encode()
    assert parse_canonical(data) == {"\uffff": 1, "\U00010000": 2}


def test_nesting_up_to_the_limit_and_many_shallow_brackets_are_read() -> None:
    deep = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert canonical(parse_canonical(deep)) == deep
    wide = canonical([{"a": []}] * MAX_DEPTH)
    assert len(parse_canonical(wide)) == MAX_DEPTH


def test_the_largest_integers_are_read() -> None:
    assert parse_canonical(f"[{-MAX_INTEGER},{MAX_INTEGER}]".encode()) == [-MAX_INTEGER, MAX_INTEGER]


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, MAX_INTEGER + 1, {1: 2}, {"a"}, "\ud800", {"\ud800": 1}],
    ids=["nan", "infinity", "large-integer", "integer-key", "set", "surrogate", "surrogate-key"],
)
def test_a_value_without_canonical_form_is_a_wrong_call(value: Any) -> None:
    with pytest.raises(ValueError, match=r"exceeds|not representable|must be strings|unsupported|UTF-8|surrogates"):
        canonical(value)


def test_a_cycle_is_a_wrong_call() -> None:
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="too deep"):
        canonical(cycle)
