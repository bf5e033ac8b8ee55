r"""The small language in which name patterns are written, and its matcher.

    pattern   = { literal | field | "[" pattern "]" }        brackets: may be absent
    field     = "{" name "}"                                  date time year yy month day hour minute second
              | "{" name ":" class ":" min [ "-" max ] "}"    device_serial officer_code sequence other
              | "{important:" literal "}"                     its presence marks the recording as important
    class     = digits | letters | alnum | han
    literal   = any other character, "\" before { } [ ] \; ASCII letters match in either case

A pattern must be deterministic: what may follow a field of open length, or an optional part, can never start
with a character that the part itself accepts. Matching then never goes back, so its time is linear in the
name's length whatever the name holds; the loader refuses a pattern that breaks the rule.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from typing import Final

__all__ = ["Pattern", "PatternError", "compile_pattern"]

_HAN: Final = "\u4e00"  # stands for every Han character in first sets
_CLASSES: Final[dict[str, tuple[str, frozenset[str]]]] = {
    "digits": ("[0-9]", frozenset(string.digits)),
    "letters": ("[A-Za-z]", frozenset(string.ascii_lowercase)),
    "alnum": ("[0-9A-Za-z]", frozenset(string.digits + string.ascii_lowercase)),
    "han": ("[\u3400-\u4dbf\u4e00-\u9fff]", frozenset({_HAN})),
}
_DIGITS: Final = _CLASSES["digits"][1]
_FIXED: Final = {
    "date": 8,
    "time": 6,
    "year": 4,
    "yy": 2,
    "month": 2,
    "day": 2,
    "hour": 2,
    "minute": 2,
    "second": 2,
}
_SIZED: Final = frozenset({"device_serial", "officer_code", "sequence", "other"})
_LONGEST_FIELD: Final = 64
_LONGEST_COUNTER: Final = 15  # more digits exceed the integers that JSON keeps exact
_WIDTH: Final = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?")


class PatternError(ValueError):
    """A pattern breaks the language; `zh` and `en` say how."""

    def __init__(self, zh: str, en: str) -> None:
        self.zh = zh
        self.en = en
        super().__init__(en)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern; `fields` are the names that it can read."""

    source: str
    regex: re.Pattern[str]
    fields: frozenset[str]

    @property
    def tells_moment(self) -> bool:
        """Whether the pattern reads a whole date and time."""
        return not self.fields.isdisjoint(_FIXED)

    def match(self, stem: str) -> dict[str, str] | None:
        """Return the text of each field found in the whole of `stem`, or None."""
        found = self.regex.fullmatch(stem)
        if found is None:
            return None
        return {name: text for name, text in found.groupdict().items() if text is not None}


@dataclass(frozen=True, slots=True)
class _Part:
    """One element: its expression, the characters it can start with, those it could go on with at its end."""

    expression: str
    first: frozenset[str]
    goes_on_with: frozenset[str] = frozenset()
    optional: bool = False


def compile_pattern(source: str) -> Pattern:
    """Compile `source`.

    Raises:
        PatternError: the text is not of the language, or the pattern is not deterministic.
    """
    parser = _Parser(source)
    parts = parser.sequence(closing=False)
    if not parts:
        raise PatternError("模式为空", "the pattern is empty")
    expression = "".join(part.expression for part in parts)
    fields = frozenset(parser.names)
    _check_moment(fields)
    return Pattern(source, re.compile(expression, re.IGNORECASE | re.ASCII), fields)


class _Parser:
    """Reads one pattern from left to right."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._at = 0
        self.names: list[str] = []
        self._others = 0

    def sequence(self, *, closing: bool) -> list[_Part]:
        parts: list[_Part] = []
        while self._at < len(self._source):
            character = self._source[self._at]
            self._at += 1
            if character == "]" and closing:
                return _deterministic(parts)
            parts.append(self._part(character))
        if closing:
            raise PatternError("“[”没有配对的“]”", "a “[” has no “]”")
        return _deterministic(parts)

    def _part(self, character: str) -> _Part:
        match character:
            case "{":
                return self._field()
            case "[":
                return self._optional()
            case "]" | "}":
                raise PatternError(f"多余的“{character}”", f"a “{character}” too many")
            case "\\":
                return self._escaped()
            case _:
                return _literal(character)

    def _escaped(self) -> _Part:
        character = self._source[self._at : self._at + 1]
        if not character or character not in "{}[]\\":
            raise PatternError("“\\”后面只能是 { } [ ] \\", "only { } [ ] \\ may follow a “\\”")
        self._at += 1
        return _literal(character)

    def _optional(self) -> _Part:
        parts = self.sequence(closing=True)
        if all(part.optional for part in parts):
            raise PatternError("方括号内没有必有的内容", "nothing in the brackets is required")
        first = _first_of(parts)
        expression = "".join(part.expression for part in parts)
        return _Part(f"(?:{expression})?+", first, optional=True, goes_on_with=first | _tail_of(parts))

    def _field(self) -> _Part:
        end = self._source.find("}", self._at)
        if end < 0:
            raise PatternError("“{”没有配对的“}”", "a “{” has no “}”")
        name, *spec = self._source[self._at : end].split(":")
        self._at = end + 1
        if name == "other":
            self._others += 1
            group = f"other{self._others}"
        elif name in self.names:
            raise PatternError(f"字段 {name} 出现两次", f"the field {name} appears twice")
        else:
            group = name
            self.names.append(name)
        return _field_part(name, group, spec)


def _field_part(name: str, group: str, spec: list[str]) -> _Part:
    if name in _FIXED and not spec:
        return _Part(f"(?P<{group}>[0-9]{{{_FIXED[name]}}})", _DIGITS)
    if name == "important" and len(spec) == 1 and spec[0].isalnum():
        literal = [_literal(character) for character in spec[0]]
        expression = "".join(part.expression for part in literal)
        return _Part(f"(?P<{group}>{expression})", literal[0].first)
    match spec:
        case [kind, width] if name in _SIZED and kind in _CLASSES:
            return _counter_part(group, kind, width) if name == "sequence" else _sized_part(group, kind, width)
        case _:
            shape = ":".join([name, *spec])
            raise PatternError(f"不认识的字段 {{{shape}}}", f"{{{shape}}} is no field")


def _counter_part(group: str, kind: str, width: str) -> _Part:
    if kind != "digits":
        raise PatternError("sequence 只能由 digits 组成", "a sequence is made of digits only")
    return _sized_part(group, kind, width, longest=_LONGEST_COUNTER)


def _sized_part(group: str, kind: str, width: str, longest: int = _LONGEST_FIELD) -> _Part:
    found = _WIDTH.fullmatch(width)
    low = int(found[1]) if found else 0
    high = int(found[2] or low) if found else 0
    if not 1 <= low <= high <= longest:
        raise PatternError(
            f"长度 {width} 应为 1 到 {longest} 之间的数或范围",
            f"the length {width} is not a number or range within 1 to {longest}",
        )
    expression, characters = _CLASSES[kind]
    goes_on_with = characters if high > low else frozenset[str]()
    return _Part(f"(?P<{group}>{expression}{{{low},{high}}}+)", characters, goes_on_with)


def _literal(character: str) -> _Part:
    stands_for = _HAN if re.fullmatch(_CLASSES["han"][0], character) else character.lower()
    return _Part(re.escape(character), frozenset({stands_for}))


def _first_of(parts: list[_Part]) -> frozenset[str]:
    """Return the characters that the sequence can start with; one part at least is required."""
    required = next(index for index, part in enumerate(parts) if not part.optional)
    return frozenset[str]().union(*(part.first for part in parts[: required + 1]))


def _tail_of(parts: list[_Part]) -> frozenset[str]:
    """Return the characters that the sequence would still accept where it may end."""
    tail: frozenset[str] = frozenset()
    for part in reversed(parts):
        tail |= part.goes_on_with
        if not part.optional:
            break
    return tail


def _deterministic(parts: list[_Part]) -> list[_Part]:
    for index in range(1, len(parts)):
        clash = _tail_of(parts[:index]) & parts[index].first
        if clash:
            signs = "".join(sorted(clash))[:8]
            raise PatternError(
                f"长度不定或可省略的部分之后不能以它自己接受的字符开头（{signs}）",
                f"a part of open length, or an optional one, is followed by what it accepts itself ({signs})",
            )
    return parts


def _check_moment(fields: frozenset[str]) -> None:
    """Refuse a pattern that tells a part of a moment only, or tells a part twice."""
    told = fields & _FIXED.keys()
    day = told & {"date", "year", "yy", "month", "day"}
    clock = told & {"time", "hour", "minute", "second"}
    days: list[set[str]] = [{"date"}, {"year", "month", "day"}, {"yy", "month", "day"}]
    clocks: list[set[str]] = [{"time"}, {"hour", "minute", "second"}]
    if told and (day not in days or clock not in clocks):
        raise PatternError(
            "时刻不完整：应有完整的年月日和时分秒，各一次",
            "the moment is not whole: tell year, month, day, hour, minute, second once each, or none",
        )
