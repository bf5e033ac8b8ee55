"""The root of every error that Liuhen shows to people, in Chinese and in English.

An error type has one meaning. It carries its two sentences as templates; each says what went wrong, where,
and what to do. A wrong call by a programmer is a `TypeError` or `ValueError`, never one of these.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from liuhen.core.exits import ExitCode

__all__ = ["Language", "LiuhenError", "both"]


class Language(StrEnum):
    """The two languages that every message is written in."""

    ZH = "zh"
    EN = "en"

    def pick(self, zh: str, en: str) -> str:
        """Return the one of two texts that is in this language."""
        return zh if self is Language.ZH else en


class LiuhenError(Exception):
    """Base of all errors that people may see.

    A subclass sets `code` (stable, kebab-case, unique; programs match on it), `zh` and `en`
    (templates for `str.format`, filled from the keyword arguments given at construction). An argument that is itself
    words, as `both` makes them, is shown in the language of the sentence. `exit_code` is what a command that fails by
    it ends with.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    zh: ClassVar[str] = "发生错误。"
    en: ClassVar[str] = "An error occurred."

    def __init__(self, **where: Any) -> None:
        """Keep `where`, the named facts that the templates show."""
        self.where = where
        super().__init__(self.text(Language.EN))

    def text(self, language: Language) -> str:
        """Return the sentence in `language`."""
        return language.pick(self.zh, self.en).format(
            **{name: value[language] if isinstance(value, dict) else value for name, value in self.where.items()}
        )

    def as_dict(self) -> dict[str, str]:
        """Return `{"code", "zh", "en"}`, the form in which an error travels as JSON."""
        return {"code": self.code, "zh": self.text(Language.ZH), "en": self.text(Language.EN)}

    def __reduce__(self) -> tuple[Any, ...]:
        return (_rebuild, (type(self), self.where))


def both(zh: str, en: str) -> dict[str, str]:
    """Return one fact in both languages, by language: an argument for an error's sentences."""
    return {Language.ZH.value: zh, Language.EN.value: en}


def _rebuild(kind: type[LiuhenError], where: dict[str, Any]) -> LiuhenError:
    return kind(**where)
