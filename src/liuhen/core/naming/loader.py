"""The strict loader of grammar files: a fault is named by file, key and reason, every example is tried."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any, ClassVar, Final

from liuhen.core.errors import LiuhenError, both
from liuhen.core.exits import ExitCode
from liuhen.core.naming.pattern import Pattern, PatternError, compile_pattern
from liuhen.core.naming.reading import NameReading, read_name
from liuhen.core.naming.types import Grammar, Grammars, MediaKind
from liuhen.core.reasons import reason_of

__all__ = ["GrammarInvalidError", "builtin_grammars", "load_grammars"]

_VERSION: Final = 1
_TOP: Final = {"version", "kinds", "sidecars", "important_folders", "grammar"}
_GRAMMAR: Final = {"id", "description", "kinds", "patterns", "example"}
_READ: Final = {"grammar", "device_serial", "officer_code", "started", "sequence", "important"}
_EXAMPLE: Final = {"name", "kind"} | (_READ - {"grammar"})
_ID: Final = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_EXTENSION: Final = re.compile(r"[a-z0-9]{1,8}")
_NAMED_KINDS: Final = tuple(kind for kind in MediaKind if kind is not MediaKind.UNKNOWN)


class GrammarInvalidError(LiuhenError):
    """A grammar file is not as it must be."""

    exit_code = ExitCode.CONFIGURATION

    code: ClassVar[str] = "grammar-invalid"
    zh: ClassVar[str] = "文件名规则表 {file} 的 {key} 有误：{reason}。请改正后再运行。"
    en: ClassVar[str] = "The grammar file {file} is wrong at {key}: {reason}. Correct it and run again."


@cache
def builtin_grammars() -> Grammars:
    """Return the table that comes with the package."""
    data = resources.files("liuhen.core.naming").joinpath("grammars.toml").read_bytes()
    return load_grammars(data, file="grammars.toml")


def load_grammars(data: bytes, *, file: str, base: Grammars | None = None) -> Grammars:
    """Load the TOML `data` of the grammar file called `file`, before the entries of `base` if that is given.

    Every example is read through the finished table and must give exactly what it states, so a grammar that
    an earlier one shadows is found here and not on a device.

    Raises:
        GrammarInvalidError: names the file, the key and the reason.
    """
    return _Loader(file).load(data, base or Grammars((), MappingProxyType({}), frozenset(), frozenset()))


class _Loader:
    """Loads one file; holds its name for the errors."""

    def __init__(self, file: str) -> None:
        self._file = file

    def load(self, data: bytes, base: Grammars) -> Grammars:
        table = self._parse(data)
        self._only(table, _TOP, "")
        if table.get("version") != _VERSION:
            raise self._fault("version", f"应为 {_VERSION}", f"it must be {_VERSION}")
        kinds = {**base.kinds, **self._kinds(table.get("kinds", {}))}
        sidecars = base.sidecars | set(self._extensions(table.get("sidecars", []), "sidecars"))
        for extension in sorted(sidecars & kinds.keys()):
            raise self._fault("sidecars", f"{extension} 已是媒体扩展名", f"{extension} is a media extension already")
        folders = {folder.lower() for folder in self._texts(table.get("important_folders", []), "important_folders")}
        raws = self._grammar_tables(table)
        taken = {grammar.id for grammar in base.entries}
        entries = tuple(self._grammar(raw, index, taken) for index, raw in enumerate(raws))
        grammars = Grammars(
            entries + base.entries,
            MappingProxyType(kinds),
            frozenset(sidecars),
            base.important_folders | folders,
        )
        for raw, grammar in zip(raws, entries, strict=True):
            self._try_examples(raw["example"], grammar, grammars)
        return grammars

    def _parse(self, data: bytes) -> dict[str, Any]:
        try:
            return tomllib.loads(data.decode("utf-8"))
        except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise GrammarInvalidError(file=self._file, key="file", reason=reason_of(error)) from error

    def _grammar_tables(self, table: dict[str, Any]) -> list[dict[str, Any]]:
        raws = table.get("grammar", [])
        if not isinstance(raws, list) or not all(isinstance(raw, dict) for raw in raws):
            raise self._fault("grammar", "应为 [[grammar]] 表", "it must be [[grammar]] tables")
        return raws

    def _kinds(self, raw: Any) -> dict[str, MediaKind]:
        if not isinstance(raw, dict):
            raise self._fault("kinds", "应为表", "it must be a table")
        self._only(raw, set(_NAMED_KINDS), "kinds.")
        found: dict[str, MediaKind] = {}
        for kind, extensions in raw.items():
            for extension in self._extensions(extensions, f"kinds.{kind}"):
                if extension in found:
                    raise self._fault(f"kinds.{kind}", f"{extension} 出现两次", f"{extension} appears twice")
                found[extension] = MediaKind(kind)
        return found

    def _extensions(self, raw: Any, key: str) -> list[str]:
        extensions = self._texts(raw, key)
        for extension in extensions:
            if not _EXTENSION.fullmatch(extension):
                raise self._fault(
                    key,
                    f"扩展名 {extension!r} 应为 1 到 8 个小写字母或数字",
                    f"the extension {extension!r} must be 1 to 8 lower-case letters or digits",
                )
        return extensions

    def _grammar(self, raw: dict[str, Any], index: int, taken: set[str]) -> Grammar:
        name = raw.get("id")
        if not isinstance(name, str) or not _ID.fullmatch(name):
            zh, en = "应为小写字母、数字和连字符", "it must be lower-case letters, digits and hyphens"
            raise self._fault(f"grammar[{index}].id", zh, en)
        if name in taken:
            raise self._fault(f"grammar[{index}].id", f"{name} 已有", f"there is a {name} already")
        taken.add(name)
        key = f"grammar.{name}."
        self._only(raw, _GRAMMAR, key)
        description = raw.get("description")
        if not isinstance(description, str) or not description.strip():
            raise self._fault(key + "description", "应有说明文字", "there must be a description")
        kinds = self._texts(raw.get("kinds", list(_NAMED_KINDS)), key + "kinds")
        if not kinds or not set(kinds) <= set(_NAMED_KINDS):
            choice = ", ".join(_NAMED_KINDS)
            raise self._fault(key + "kinds", f"只能取 {choice}", f"it may hold {choice} only")
        sources = self._texts(raw.get("patterns", []), key + "patterns")
        if not sources:
            raise self._fault(key + "patterns", "至少要有一个模式", "there must be one pattern or more")
        patterns = tuple(self._pattern(source, f"{key}patterns[{at}]") for at, source in enumerate(sources))
        self._examples(raw.get("example"), key + "example")
        flags = any("important" in pattern.fields for pattern in patterns)
        return Grammar(name, description, patterns, frozenset(map(MediaKind, kinds)), flags)

    def _pattern(self, source: str, key: str) -> Pattern:
        try:
            return compile_pattern(source)
        except PatternError as fault:
            raise self._fault(key, fault.zh, fault.en) from fault

    def _examples(self, raw: Any, key: str) -> None:
        if not isinstance(raw, list) or not raw or not all(isinstance(item, dict) for item in raw):
            raise self._fault(key, "至少要有一个示例", "there must be one example or more")
        for index, example in enumerate(raw):
            self._only(example, _EXAMPLE, f"{key}[{index}].")
            if not isinstance(example.get("name"), str):
                raise self._fault(f"{key}[{index}].name", "应为文件名", "it must be a file name")

    def _try_examples(self, examples: list[dict[str, Any]], grammar: Grammar, grammars: Grammars) -> None:
        for index, example in enumerate(examples):
            reading = read_name(example["name"].encode(), grammars)
            expected = {"grammar": grammar.id} | {key: example[key] for key in example.keys() & _READ}
            wrong = _difference(expected, reading, example.get("kind", reading.kind.value))
            if wrong is not None:
                field, wanted, got = wrong
                raise self._fault(
                    f"grammar.{grammar.id}.example[{index}]",
                    f"{reading.shown} 的 {field} 读作 {got}，应为 {wanted}",
                    f"{field} of {reading.shown} is read as {got}, not {wanted}",
                )

    def _texts(self, raw: Any, key: str) -> list[str]:
        if not isinstance(raw, list) or not all(isinstance(item, str) for item in raw):
            raise self._fault(key, "应为文字的列表", "it must be a list of texts")
        return raw

    def _only(self, table: dict[str, Any], known: set[str], prefix: str) -> None:
        for key in sorted(table.keys() - known):
            raise self._fault(prefix + key, "没有这个键", "there is no such key")

    def _fault(self, key: str, zh: str, en: str) -> GrammarInvalidError:
        return GrammarInvalidError(file=self._file, key=key, reason=both(zh, en))


def _difference(expected: dict[str, Any], reading: NameReading, kind: str) -> tuple[str, Any, Any] | None:
    """Return the first field in which `reading` differs from what is expected, with both values."""
    wanted = {**expected, "kind": kind}
    got = {**reading.values(), "kind": reading.kind.value}
    for field in sorted(wanted.keys() | got.keys()):
        if wanted.get(field) != got.get(field) or type(wanted.get(field)) is not type(got.get(field)):
            return field, wanted.get(field), got.get(field)
    return None
