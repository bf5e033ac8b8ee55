from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from liuhen import cli
from liuhen.core.errors import Language, LiuhenError
from liuhen.core.exits import ExitCode
from liuhen.core.naming import GrammarInvalidError
from liuhen.core.verify.errors import CommitmentError

if TYPE_CHECKING:
    import argparse

ROOT = Path(__file__).resolve().parents[1]


class _TrialError(LiuhenError):
    code = "trial"
    zh = "试验 {what}"
    en = "trial of {what}"


def _command(monkeypatch: pytest.MonkeyPatch, problem: BaseException | None = None) -> None:
    module = types.ModuleType("trial_command")

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true")
        parser.add_argument("words", nargs="*")

    def run(args: argparse.Namespace) -> int:
        if problem is not None:
            raise problem
        sys.stdout.write(f"{args.language} {args.words}\n")
        return 42

    module.add_arguments = add_arguments  # type: ignore[attr-defined]
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "trial_command", module)
    monkeypatch.setattr(cli, "COMMANDS", {"trial": cli.Command("trial_command", "试验命令", "a trial")})


def _with_subcommands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make `trial` a command with an option that is required and a subcommand that has every kind of argument."""
    _command(monkeypatch)

    def add_arguments(parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--must", type=int, required=True)
        go = parser.add_subparsers(dest="action", required=True).add_parser("go")
        go.add_argument("name")
        go.add_argument("--pair", nargs=2)
        go.add_argument("--some", nargs="+")
        either = go.add_mutually_exclusive_group()
        either.add_argument("--fast", action="store_true")
        either.add_argument("--slow", action="store_true")
        go.add_argument("--far-away", action="store_true", dest="away")

    monkeypatch.setattr(sys.modules["trial_command"], "add_arguments", add_arguments)


@pytest.fixture
def _chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(variable, raising=False)


@pytest.mark.parametrize("command", cli.COMMANDS.values(), ids=cli.COMMANDS.keys())
def test_every_command_of_the_table_has_its_module_and_words(command: cli.Command) -> None:
    assert importlib.util.find_spec(command.module) is not None
    assert command.zh
    assert command.en


def test_help_lists_every_command_in_the_chosen_language(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--language", "en", "--help"]) == 0
    english = capsys.readouterr().out
    assert cli.main(["--help", "--language=zh"]) == 0
    chinese = capsys.readouterr().out

    for name, command in cli.COMMANDS.items():
        assert f"{name} " in english
        assert command.en in english
        assert command.zh in chinese


@pytest.mark.parametrize(
    ("program", "heavy"),
    [
        ("from liuhen.cli import main; main(['--help'])", "liuhen.collector.commands"),
        (f"import {cli.COMMANDS['collect'].module}", "rfc8785"),
        (f"import {cli.COMMANDS['verify'].module}", "rfc8785"),
    ],
    ids=["help", "collect", "verify"],
)
def test_help_loads_no_command_and_neither_it_nor_a_stations_command_anything_heavy(program: str, heavy: str) -> None:
    tell = f"print({{'django', 'httpx', 'rich', 'cryptography', {heavy!r}}} & set(sys.modules), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {program}; {tell}"],
        cwd=ROOT / "src",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == "set()\n"


@pytest.mark.usefixtures("_chinese")
def test_without_a_command_the_list_goes_to_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == ExitCode.USAGE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "collect" in captured.err


def test_a_mistyped_command_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--language", "en", "colect"]) == ExitCode.USAGE
    assert "Did you mean collect?" in capsys.readouterr().err
    assert cli.main(["--language", "zh", "%%%"]) == ExitCode.USAGE
    assert "没有命令 %%%。" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("liuhen ")


def test_a_command_gets_its_words_and_its_code_is_the_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _command(monkeypatch)

    assert cli.main(["--language", "en", "trial", "a", "b"]) == 42
    assert capsys.readouterr().out == "en ['a', 'b']\n"
    assert cli.main(["trial", "--language=zh"]) == 42
    assert capsys.readouterr().out == "zh []\n"


def test_the_words_of_the_process_are_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    _command(monkeypatch)
    monkeypatch.setattr(sys, "argv", ["liuhen", "trial"])

    assert cli.main() == 42


def test_an_error_reaches_people_in_their_language_and_machines_as_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _command(monkeypatch, problem=_TrialError(what="x"))

    assert cli.main(["trial", "--language", "zh"]) == ExitCode.FAILED
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "试验 x [trial]\n")

    assert cli.main(["trial", "--language", "en", "--json"]) == ExitCode.FAILED
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"event": "trouble", "code": "trial", "zh": "试验 x", "en": "trial of x"}
    assert captured.out.isascii(), "read by whoever, in whatever locale"
    assert captured.err == "trial of x [trial]\n"


def test_a_name_that_the_terminal_cannot_show_stops_no_message(tmp_path: Path) -> None:
    program = "import sys; from liuhen.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", program, "verify", "--language", "zh", "--key", "k", str(tmp_path / "无.json")],
        cwd=ROOT / "src",
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        check=False,
    )
    assert done.returncode == ExitCode.NOT_VERIFIED, done.stderr
    assert b"Traceback" not in done.stderr


def test_ctrl_c_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    _command(monkeypatch, problem=KeyboardInterrupt())

    assert cli.main(["trial"]) == 130


@pytest.mark.parametrize(("language", "word"), [("zh", "用法有误"), ("en", "see liuhen trial --help")])
def test_wrong_usage_is_said_with_the_way_to_help(
    language: str, word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _command(monkeypatch)

    with pytest.raises(SystemExit) as caught:
        cli.main(["trial", "--language", language, "--unknown"])
    assert caught.value.code == ExitCode.USAGE
    assert word in capsys.readouterr().err


@pytest.mark.usefixtures("_chinese")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "缺少参数：--must, action"),
        (["--must", "1", "fly"], "'fly' 无效"),
        (["--must", "x", "go", "a"], "参数 --must：值 'x' 无效"),
        (["--must"], "参数 --must：须跟一个值"),
        (["--must", "1", "go"], "缺少参数：name"),
        (["--must", "1", "go", "a", "--odd"], "无法识别的参数：--odd"),
        (["--must", "1", "go", "a", "--fast", "--slow"], "参数 --slow：不能与 --fast 同时使用"),
        (["--must", "1", "go", "a", "--fast=2"], "参数 --fast：不接受值 '2'"),
        (["--must", "1", "go", "a", "--pair", "1"], "参数 --pair：须跟 2 个值"),
        (["--must", "1", "go", "a", "--some"], "参数 --some：须至少跟一个值"),
        (["--must", "1", "go", "a", "--f"], "选项 --f 不明确"),
    ],
)
def test_a_refusal_of_arguments_is_wholly_chinese_in_a_chinese_place(
    words: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_subcommands(monkeypatch)

    with pytest.raises(SystemExit) as caught:
        cli.main(["trial", *words])
    told = capsys.readouterr().err
    assert caught.value.code == ExitCode.USAGE
    assert said in told
    assert told.startswith("用法：liuhen trial ")
    assert not re.search(r"usage:|argument|required|choose|invalid|expected|option", told), told


@pytest.mark.usefixtures("_chinese")
@pytest.mark.parametrize("words", [["--help"], ["--must", "1", "go", "--help"]])
def test_help_is_wholly_chinese_in_a_chinese_place(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_subcommands(monkeypatch)

    with pytest.raises(SystemExit) as caught:
        cli.main(["trial", *words])
    told = capsys.readouterr().out
    assert caught.value.code == 0
    assert {"用法", "参数", "选项"} <= set(re.findall(r"^\w\w(?=：|:)", told, re.MULTILINE))
    assert "显示本说明并退出" in told
    assert not re.search(r"usage|arguments|options|show this", told), told


def test_a_subcommand_refuses_in_english_where_english_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _with_subcommands(monkeypatch)

    with pytest.raises(SystemExit):
        cli.main(["--language", "en", "trial", "--must", "1", "go"])
    told = capsys.readouterr().err
    assert told.startswith("usage: liuhen trial go ")
    assert "the following arguments are required: name; see liuhen trial go --help" in told


def test_a_server_command_without_the_server_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "django" else find(name))

    assert cli.main(["init", "--language", "en"]) == ExitCode.NOT_INSTALLED
    words = capsys.readouterr().err
    assert "django is not installed" in words
    assert "pip install --require-hashes -r requirements/server.lock" in words


def test_a_module_of_our_own_that_is_missing_is_a_fault_and_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "COMMANDS", {"serve": cli.Command("liuhen.server.commands.nothing", "", "")})

    with pytest.raises(ModuleNotFoundError):
        cli.main(["serve"])


@pytest.mark.parametrize(
    ("words", "environment", "language"),
    [
        ([], {}, Language.ZH),
        ([], {"LANG": "en_GB.UTF-8"}, Language.EN),
        ([], {"LANG": "zh_CN.UTF-8"}, Language.ZH),
        ([], {"LANG": "C.UTF-8"}, Language.ZH),
        ([], {"LC_ALL": "en_US", "LANG": "zh_CN"}, Language.EN),
        ([], {"LC_ALL": "", "LANG": "en_US"}, Language.EN),
        (["--language", "en"], {"LANG": "zh_CN"}, Language.EN),
        (["collect", "--language=zh"], {"LANG": "en_US"}, Language.ZH),
        (["ledger", "fsck", "--language", "en"], {}, Language.EN),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_locales_else_chinese(
    words: list[str], environment: dict[str, str], language: Language
) -> None:
    chosen, rest = cli.choose_language(words, environment)
    assert chosen is language
    assert rest == [word for word in words if word in {"collect", "ledger", "fsck"}]


def test_the_other_words_stay_as_they_are() -> None:
    words = ["manage", "shell", "-c", "print()", "--", "--x=1", "-v"]
    assert cli.choose_language([*words[:2], "--language", "en", *words[2:]], {}) == (Language.EN, words)


@pytest.mark.parametrize("words", [["--language", "fr"], ["collect", "--language"]])
def test_a_language_that_there_is_not_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        cli.main(words)
    assert refused.value.code == ExitCode.USAGE
    assert "--language" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_TrialError(what="x"), ExitCode.FAILED),
        (CommitmentError(), ExitCode.NOT_VERIFIED),
        (GrammarInvalidError(file="f", key="k", reason=""), ExitCode.CONFIGURATION),
        (cli.ServerPartMissingError(command="serve", missing="django"), ExitCode.NOT_INSTALLED),
    ],
)
def test_an_error_class_has_its_exit_code(error: LiuhenError, code: ExitCode) -> None:
    assert error.exit_code is code
