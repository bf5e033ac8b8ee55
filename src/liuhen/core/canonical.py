"""Canonical JSON (RFC 8785): one value, one run of bytes.

What is hashed or signed is canonical, so that a reader who re-encodes what was parsed gets the very same bytes.
"""

from __future__ import annotations

import json
import math
from typing import Any, Final, Never

import rfc8785

from liuhen.core.errors import LiuhenError
from liuhen.core.exits import ExitCode

__all__ = [
    "MAX_DEPTH",
    "MAX_INTEGER",
    "CanonicalError",
    "CanonicalFormError",
    "DepthError",
    "DuplicateKeyError",
    "EncodingError",
    "JsonSyntaxError",
    "NumberRangeError",
    "canonical",
    "parse_canonical",
]

MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every reader of JSON keeps exact (RFC 8785 section 3.2.2.3, RFC 7493 section 2.2)."""

MAX_DEPTH: Final = 64
"""How deep arrays and objects may be nested; deeper text could exhaust the stack of the reader."""

_INTEGER_DIGITS: Final = 17  # sign and the 16 digits of MAX_INTEGER; longer text is refused before it is converted
_FIRST_ASTRAL_BYTE: Final = 0xF0  # where UTF-8 has no byte from here on, code point order is UTF-16 order


class CanonicalError(LiuhenError):
    """Base: the bytes are not one canonical JSON value."""

    exit_code = ExitCode.NOT_VERIFIED


class EncodingError(CanonicalError):
    """The bytes are not UTF-8."""

    code = "canonical-not-utf8"
    zh = "数据在第 {position} 字节处不是 UTF-8 编码。请从原处重新取得这份数据。"
    en = "The data is not UTF-8 at byte {position}. Obtain it again from its source."


class JsonSyntaxError(CanonicalError):
    """The text is not JSON."""

    code = "canonical-not-json"
    zh = "数据在第 {position} 字符处不符合 JSON 语法。请从原处重新取得这份数据。"
    en = "The data is not JSON at character {position}. Obtain it again from its source."


class DuplicateKeyError(CanonicalError):
    """One object names a key twice; readers would disagree about its value."""

    code = "canonical-duplicate-key"
    zh = "数据中的键“{key}”重复出现。请从原处重新取得这份数据。"
    en = "The key “{key}” appears twice in the data. Obtain it again from its source."


class NumberRangeError(CanonicalError):
    """A number that readers would not all keep exact: NaN, an infinity, or an integer beyond 2^53 - 1."""

    code = "canonical-number-range"
    zh = "数据中的数值 {number} 超出可精确表示的范围。请从原处重新取得这份数据。"
    en = "The number {number} in the data is outside the exact range. Obtain it again from its source."


class DepthError(CanonicalError):
    """Arrays and objects are nested deeper than `MAX_DEPTH`."""

    code = "canonical-too-deep"
    zh = "数据嵌套超过 {limit} 层。请从原处重新取得这份数据。"
    en = "The data is nested deeper than {limit} levels. Obtain it again from its source."


class CanonicalFormError(CanonicalError):
    """JSON, but not in the one form that RFC 8785 allows."""

    code = "canonical-other-form"
    zh = "数据是 JSON，但不是 RFC 8785 规定的唯一写法。请从原处重新取得这份数据，不要经过编辑或格式化。"
    en = (
        "The data is JSON, but not in the one form of RFC 8785. "
        "Obtain it again from its source, neither edited nor reformatted."
    )


def canonical(value: Any) -> bytes:
    """Return the canonical bytes of `value`: None, bool, int, float, str, list, tuple, dict with str keys.

    Raises:
        ValueError: `value` has no canonical form: another type, a number out of range, a lone surrogate, a cycle.
    """
    try:
        return rfc8785.dumps(value)
    except RecursionError as error:
        raise ValueError("nested too deep for canonical JSON") from error


def parse_canonical(data: bytes) -> Any:
    """Return the value whose canonical bytes are exactly `data`.

    Integers beyond `MAX_INTEGER` are refused even where RFC 8785 could write them, since readers round them.

    Raises:
        CanonicalError: `data` is anything else; the subclass names the defect.
    """
    text = _decode(data)
    value, has_float = _parse(text)
    if data.count(b"[") + data.count(b"{") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise DepthError(limit=MAX_DEPTH)
    plain = not has_float and (text.isascii() or max(data) < _FIRST_ASTRAL_BYTE)
    try:
        same = (encode_plain(value) if plain else canonical(value)) == data
    except ValueError:
        same = False
    if not same:
        _NAMING_DECODER.decode(text)
        raise CanonicalFormError
    return value


def encode_plain(value: Any) -> bytes:
    """Return the canonical bytes of a value without floats, integers beyond `MAX_INTEGER` and keys beyond U+FFFF.

    For such values the standard encoder and RFC 8785 agree (a property test holds them together), at a tenth of
    the time. The caller warrants the conditions.

    Raises:
        ValueError: a lone surrogate.
    """
    return _PLAIN_ENCODER.encode(value).encode()


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise EncodingError(position=error.start) from error


def _parse(text: str) -> tuple[Any, bool]:
    """Return the value and whether a float is in it."""
    try:
        try:
            return _EXACT_DECODER.decode(text), False
        except _FloatMetError:
            return _FLOAT_DECODER.decode(text), True
    except json.JSONDecodeError as error:
        raise JsonSyntaxError(position=error.pos) from error
    except RecursionError as error:
        raise DepthError(limit=MAX_DEPTH) from error


def _depth(value: Any) -> int:
    """Return how deep `value` is nested; the parser has bounded it already."""
    depth, level = 0, [value]
    while level := [item for item in level if isinstance(item, list | dict)]:
        depth += 1
        level = [child for item in level for child in (item.values() if isinstance(item, dict) else item)]
    return depth


class _FloatMetError(Exception):
    """A number with a fraction or an exponent: the slower path is needed."""


def _integer(text: str) -> int:
    if len(text) > _INTEGER_DIGITS or abs(number := int(text)) > MAX_INTEGER:
        raise NumberRangeError(number=text[:_INTEGER_DIGITS])
    return number


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise NumberRangeError(number=text[:_INTEGER_DIGITS])
    return number


def _no_float(_text: str) -> Never:
    raise _FloatMetError


def _no_constant(text: str) -> Never:
    raise NumberRangeError(number=text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    for key, value in pairs:
        if key in seen:
            raise DuplicateKeyError(key=key)
        seen[key] = value
    return seen


_EXACT_DECODER: Final = json.JSONDecoder(parse_int=_integer, parse_float=_no_float, parse_constant=_no_constant)
_FLOAT_DECODER: Final = json.JSONDecoder(parse_int=_integer, parse_float=_float, parse_constant=_no_constant)
_NAMING_DECODER: Final = json.JSONDecoder(object_pairs_hook=_unique)
_PLAIN_ENCODER: Final = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"), check_circular=False
)
