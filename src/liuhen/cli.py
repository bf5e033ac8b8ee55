"""`liuhen`: finds the command, loads just that one, and is the one place where errors reach people.

Each command is a module with `add_arguments(parser)` and `run(args) -> int`. It speaks one language: `parser.language`,
which is `args.language` when it runs.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import importlib.util
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from liuhen.core.errors import Language, LiuhenError
from liuhen.core.exits import ExitCode
from liuhen.usage import parser_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Protocol, TextIO

    from liuhen.usage import Parser

    class CommandModule(Protocol):
        """What a command's module offers."""

        def add_arguments(self, parser: Parser) -> None:
            """Declare the command's arguments."""
            ...

        def run(self, args: argparse.Namespace) -> int:
            """Carry out the command; return its exit code."""
            ...


__all__ = ["COMMANDS", "Command", "choose_language", "main"]


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is, and its line in the list of commands."""

    module: str
    zh: str
    en: str


COMMANDS: Final[Mapping[str, Command]] = {
    "collect": Command(
        "liuhen.collector.commands.collect",
        "采集：将设备中的音像记录采集入库",
        "take recordings from a device to the server",
    ),
    "verify": Command(
        "liuhen.collector.commands.verify",
        "核验：离线核对回执、原件或账本",
        "check a receipt, an original or a ledger offline",
    ),
    "init": Command("liuhen.server.commands.init", "建立实例目录", "make an instance folder"),
    "serve": Command("liuhen.server.commands.serve", "启动服务", "serve the instance"),
    "worker": Command("liuhen.server.commands.worker", "启动后台处理进程", "run jobs"),
    "station": Command("liuhen.server.commands.station", "采集站与密钥", "stations and their keys"),
    "person": Command("liuhen.server.commands.person", "人员与角色", "people and roles"),
    "ledger": Command(
        "liuhen.server.commands.ledger",
        "存证账本：核对、导出、检查点、核验公钥",
        "the ledger: fsck, export, checkpoint, key",
    ),
    "vault": Command("liuhen.server.commands.vault", "原件库：状态、清理、复核", "the vault: status, sweep, verify"),
    "demo": Command("liuhen.server.commands.demo", "装入演示数据", "fill with demonstration data"),
    "manage": Command("liuhen.server.commands.manage", "Django 管理命令", "Django's management commands"),
}


class ServerPartMissingError(LiuhenError):
    """A server command was asked for where only the station's part is installed."""

    code = "server-part-missing"
    exit_code = ExitCode.NOT_INSTALLED
    zh = (
        "命令 {command} 属于服务器部分，而这里缺少 {missing}。"
        "请在源码目录执行 pip install --require-hashes -r requirements/server.lock 后再运行。"
    )
    en = (
        "The command {command} belongs to the server, and {missing} is not installed. "
        "In the checkout, run pip install --require-hashes -r requirements/server.lock."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (default: the process's own) and return the exit code.

    Raises:
        SystemExit: argparse has shown help or refused the arguments.
    """
    _show_anything()
    language, words = choose_language(sys.argv[1:] if argv is None else argv, os.environ)
    name = words[0] if words else ""
    if name not in COMMANDS:
        return _without_command(name, language)
    args = argparse.Namespace(json=False)
    try:
        module = _load(name)
        _parser(name, module, language).parse_args(words[1:], args)
        args.language = language
        return module.run(args)
    except LiuhenError as error:
        _tell(error, language, as_json=args.json)
        return error.exit_code
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def choose_language(words: Sequence[str], environment: Mapping[str, str]) -> tuple[Language, list[str]]:
    """Return the language of `--language`, wherever it stands, else of the locale, else Chinese; and the other words.

    Raises:
        SystemExit: there is no such language.
    """
    usual = _language_of(environment)
    parser = parser_in(usual)(prog="liuhen", add_help=False, allow_abbrev=False)
    _add_language(parser)
    chosen, rest = parser.parse_known_args(words)
    return (usual if chosen.language is None else Language(chosen.language)), rest


def _language_of(environment: Mapping[str, str]) -> Language:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        locale = environment.get(variable, "")
        if locale:
            return Language.EN if locale.lower().startswith("en") else Language.ZH
    return Language.ZH


def _add_language(parser: Parser) -> None:
    parser.add_argument(
        "--language",
        choices=[language.value for language in Language],
        help=parser.language.pick("提示语言", "language of the words"),
    )


def _load(name: str) -> CommandModule:
    """Import a command's module.

    Raises:
        ServerPartMissingError: it needs a package that is not installed.
    """
    module = COMMANDS[name].module
    # The server's commands import Django late, for the sake of a quick `--help`.
    if module.startswith("liuhen.server.") and importlib.util.find_spec("django") is None:
        raise ServerPartMissingError(command=name, missing="django")
    return cast("CommandModule", importlib.import_module(module))


def _parser(name: str, module: CommandModule, language: Language) -> Parser:
    command = COMMANDS[name]
    parser = parser_in(language)(
        prog=f"liuhen {name}", description=language.pick(command.zh, command.en), allow_abbrev=False
    )
    _add_language(parser)
    module.add_arguments(parser)
    return parser


def _without_command(name: str, language: Language) -> int:
    """Answer a call for help, for the version, or for something that is no command."""
    if name in {"-h", "--help", "help"}:
        _say(_overview(language), sys.stdout)
        return ExitCode.OK
    if name == "--version":
        from importlib.metadata import version

        _say(f"liuhen {version('liuhen')}", sys.stdout)
        return ExitCode.OK
    if name:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        zh = f"没有命令 {name}。" + (f"是否指 {near[0]}？" if near else "")
        en = f"There is no command {name}." + (f" Did you mean {near[0]}?" if near else "")
        _say(language.pick(zh, en), sys.stderr)
    _say(_overview(language), sys.stderr)
    return ExitCode.USAGE


def _overview(language: Language) -> str:
    head = language.pick(
        "用法：liuhen 命令 [参数]    （liuhen 命令 --help 查看详情）",
        "usage: liuhen COMMAND [ARGUMENTS]    (liuhen COMMAND --help tells more)",
    )
    lines = [f"  {name:<10}{language.pick(command.zh, command.en)}" for name, command in COMMANDS.items()]
    return "\n".join([head, "", *lines])


def _tell(error: LiuhenError, language: Language, *, as_json: bool) -> None:
    from liuhen.core.naming import reshown

    if as_json:
        _say(json.dumps({"event": "trouble", **error.as_dict()}), sys.stdout)
    # What a file or a far end says of itself may stand in an error, and must not command the terminal.
    _say(f"{reshown(error.text(language))} [{error.code}]", sys.stderr)


def _say(line: str, stream: TextIO) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def _show_anything() -> None:
    """Let no character of a name or path stop a message where the terminal cannot show it."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    sys.exit(main())
