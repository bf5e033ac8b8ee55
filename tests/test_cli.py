from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import types
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from liuhen import cli
from liuhen.collector.exits import ExitCode, exit_code_of
from liuhen.core.errors import Language, LiuhenError
from liuhen.core.naming import GrammarInvalidError
from liuhen.core.verify.errors import CommitmentError

if TYPE_CHECKING:
    import argparse

ROOT = Path(__file__).resolve().parents[1]


class _TrialError(LiuhenError):
    code = "trial"
    zh = "试验 {what}"
    en = "trial of {what}"


def _command(monkeypatch: pytest.MonkeyPatch, name: str = "trial", problem: BaseException | None = None) -> None:
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
    monkeypatch.setattr(cli, "COMMANDS", {name: cli.Command("trial_command", "试验命令", "a trial")})


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


def test_help_loads_no_command_and_nothing_heavy() -> None:
    program = (
        "import sys; from liuhen.cli import main; main(['--help']); "
        "heavy = {'django', 'httpx', 'rich', 'cryptography', 'liuhen.collector.commands'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["collect", "verify"])
def test_a_stations_command_is_imported_without_anything_heavy(name: str) -> None:
    program = (
        f"import sys, importlib; importlib.import_module({cli.COMMANDS[name].module!r}); "
        "heavy = {'django', 'httpx', 'rich', 'cryptography', 'rfc8785'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT / "src", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


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


def test_a_server_command_without_the_server_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "needs_django.py").write_text("import django_of_nobody.conf\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(cli, "COMMANDS", {"serve": cli.Command("needs_django", "启动服务", "serve")})

    assert cli.main(["serve", "--language", "en"]) == ExitCode.NOT_INSTALLED
    words = capsys.readouterr().err
    assert "django_of_nobody is not installed" in words
    assert "pip install 'liuhen[server]'" in words


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
        (["--language", "fr"], {"LANG": "en_US"}, Language.EN),
        (["--language"], {}, Language.ZH),
    ],
)
def test_the_language_is_the_one_asked_for_else_the_locales_else_chinese(
    words: list[str], environment: dict[str, str], language: Language
) -> None:
    assert cli.choose_language(words, environment) is language


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (_TrialError(what="x"), ExitCode.FAILED),
        (CommitmentError(), ExitCode.NOT_VERIFIED),
        (GrammarInvalidError(file="f", key="k", reason_zh="", reason_en=""), ExitCode.CONFIGURATION),
        (cli.ServerPartMissingError(command="serve", missing="django"), ExitCode.NOT_INSTALLED),
    ],
)
def test_an_error_class_has_its_exit_code(error: LiuhenError, code: ExitCode) -> None:
    assert exit_code_of(error) is code
