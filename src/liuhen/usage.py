"""Command lines in the chosen language: a parser for each, whose subcommands speak as it does.

argparse writes its own sentences in English. They are few, and stand here once more in Chinese; a sentence that is not
here (a later Python may have new ones) is shown as it is, behind a Chinese beginning.
"""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING, Any, ClassVar, Final, NoReturn

from liuhen.core.errors import Language
from liuhen.core.exits import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Parser", "parser_in"]

_CHINESE: Final = (
    (r"the following arguments are required: (.*)", r"缺少参数：\1"),
    (r"one of the arguments (.*) is required", r"须给出以下参数之一：\1"),
    (r"unrecognized arguments: (.*)", r"无法识别的参数：\1"),
    (r"ambiguous option: (.*) could match (.*)", r"选项 \1 不明确，可能是：\2"),
    (r"invalid choice: (.*), maybe you meant (.*)\? \(choose from (.*)\)", r"\1 无效，是否指 \2？（可选：\3）"),
    (r"invalid choice: (.*) \(choose from (.*)\)", r"\1 无效（可选：\2）"),
    (r"invalid \S+ value: (.*)", r"值 \1 无效"),
    (r"expected one argument", r"须跟一个值"),
    (r"expected at least one argument", r"须至少跟一个值"),
    (r"expected at most one argument", r"最多跟一个值"),
    (r"expected (\d+) arguments?", r"须跟 \1 个值"),
    (r"not allowed with argument (.*)", r"不能与 \1 同时使用"),
    (r"ignored explicit argument (.*)", r"不接受值 \1"),
)


class _ChineseFormatter(argparse.HelpFormatter):
    """Help that begins in Chinese."""

    def add_usage(
        self, usage: str | None, actions: Iterable[argparse.Action], groups: Iterable[Any], prefix: str | None = None
    ) -> None:
        super().add_usage(usage, actions, groups, "用法：" if prefix is None else prefix)


class Parser(argparse.ArgumentParser):
    """A parser whose refusals name the way to help. Subcommands are parsed by the class of their parser."""

    language: ClassVar[Language] = Language.EN

    def error(self, message: str) -> NoReturn:
        """End the program with the usage and `message`, both in the parser's language."""
        self.print_usage(sys.stderr)
        self.exit(ExitCode.USAGE, f"{self.prog}: {self._refusal(message)}\n")

    def _refusal(self, message: str) -> str:
        return f"{message}; see {self.prog} --help"


class _ChineseParser(Parser):
    """A parser that speaks Chinese."""

    language = Language.ZH

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"formatter_class": _ChineseFormatter, **options})
        self._positionals.title, self._optionals.title = "参数", "选项"
        for action in self._actions:
            if "--help" in action.option_strings:
                action.help = "显示本说明并退出"

    def _refusal(self, message: str) -> str:
        return f"用法有误：{_in_chinese(message)}。请看 {self.prog} --help"


def parser_in(language: Language) -> type[Parser]:
    """Return the class of parsers that speak `language`."""
    return _ChineseParser if language is Language.ZH else Parser


def _in_chinese(message: str) -> str:
    """Return argparse's sentence in Chinese, with the argument that it is about before it."""
    about = re.fullmatch(r"argument (\S.*?): (.*)", message, re.DOTALL)
    if about:
        return f"参数 {about[1]}：{_in_chinese(about[2])}"
    for english, chinese in _CHINESE:
        match = re.fullmatch(english, message, re.DOTALL)
        if match:
            return match.expand(chinese)
    return message
