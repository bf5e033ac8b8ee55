"""Whatever people can set, call, get back or be told is documented; the documents are compared with the code itself."""

from __future__ import annotations

import argparse
import importlib
import re
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest

import liuhen
from liuhen.cli import COMMANDS
from liuhen.core.errors import Language
from liuhen.core.exits import ExitCode
from liuhen.server.access.content import Part
from liuhen.server.config.instance import Settings
from liuhen.server.intake.asgi import IntakeHandler
from liuhen.server.web.urls import urlpatterns
from liuhen.usage import parser_in

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
SOURCE = Path(liuhen.__file__).parent
UUID = "0193d2a0-0000-7000-8000-000000000001"


def text(*parts: str) -> str:
    return DOCS.joinpath(*parts).read_text(encoding="utf-8")


def rows(document: str) -> list[list[str]]:
    """Return the cells of every table row of a Markdown document, without back-quotes."""
    lines = [line for line in document.splitlines() if line.startswith("|") and not line.startswith("|-")]
    return [[cell.strip().replace("`", "") for cell in line.strip("|").split(" | ")] for line in lines]


def documents() -> list[Path]:
    return [*ROOT.glob("README*.md"), *DOCS.rglob("*.md")]


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(path: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    inner = {target.partition("#")[0] for target in targets if not re.match(r"[a-z]+:", target)} - {""}
    assert {target for target in inner if not (path.parent / target).is_file()} == set()


def test_the_front_pages_and_the_guides_have_links_to_look_at() -> None:
    assert {path.name for path in documents()} >= {"README.md", "README.zh-CN.md", "operators.md", "http.md"}
    for name in ("README.md", "README.zh-CN.md"):
        linked = re.findall(r"\]\((docs/[^)]+\.md)\)", (ROOT / name).read_text(encoding="utf-8"))
        guides = {str(path.relative_to(ROOT)) for folder in ("spec", "guide") for path in (DOCS / folder).glob("*.md")}
        assert guides - set(linked) == set(), name


def test_every_folder_of_the_architecture_is_there_and_every_folder_of_the_source_is_in_it() -> None:
    listed = [folder for row in rows(text("architecture.md")) for folder in re.findall(r"[\w./-]+/[\w./-]+", row[0])]
    assert [one for one in listed if not (ROOT / one).exists()] == []
    packages = [SOURCE / "core", SOURCE / "collector", SOURCE / "server"]
    folders = {
        str(folder.relative_to(ROOT))
        for package in packages
        for folder in package.iterdir()
        if (folder / "__init__.py").exists()
    }
    assert folders - set(listed) == set()


def test_the_walks_lead_past_what_is_there() -> None:
    stations = re.findall(r"`([\w/]+)\.py::([\w.]+)`", text("architecture.md"))
    assert len(stations) > 30
    lost = []
    for file, name in stations:
        here: object = importlib.import_module(".".join(["liuhen", *file.split("/")]))
        for part in name.split("."):
            here = getattr(here, part, None)
        if here is None:
            lost.append(f"{file}.py::{name}")
    assert lost == []


def test_the_front_that_the_guide_shows_is_accepted_by_nginx(tmp_path: Path) -> None:
    """With a certificate that is there, and on ports and in folders for which no rights are needed."""
    block = re.search(r"```nginx\n(.*?)```", text("guide", "operators.md"), re.DOTALL)
    assert block
    assert {"client_max_body_size 0;", "proxy_request_buffering off;", "proxy_buffering off;"} <= {
        line.strip() for line in block[1].splitlines()
    }
    certificate = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=liuhen.example.gov.cn"]
    files = ["-keyout", str(tmp_path / "server.key"), "-out", str(tmp_path / "server.crt")]
    subprocess.run(["openssl", *certificate, *files], check=True, capture_output=True)
    config = tmp_path / "nginx.conf"
    server = block[1].replace("/etc/ssl/liuhen", str(tmp_path))
    server = server.replace("listen 80;", "listen 127.0.0.1:8080;").replace("listen 443 ", "listen 127.0.0.1:8443 ")
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {tmp_path}/{kind};\n" for kind in kinds)
    config.write_text(
        f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{folders}{server}}}", encoding="utf-8"
    )

    done = subprocess.run(
        ["/usr/sbin/nginx", "-t", "-c", str(config), "-e", "stderr"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def shown(value: object) -> str:
    """Return a setting's value as `liuhen.toml` would have it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{part}"' for part in value) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


def test_every_setting_is_documented_with_its_default_and_none_that_is_not_there() -> None:
    documented = {row[0]: row[1] for row in rows(text("guide", "settings.md")) if row[0] != "setting"}
    assert documented == {field.name: shown(getattr(Settings(), field.name)) for field in fields(Settings)}


def test_every_variable_that_the_program_reads_is_documented() -> None:
    named = {
        name for path in SOURCE.rglob("*.py") for name in re.findall(r"LIUHEN_[A-Z_]*[A-Z]", path.read_text("utf-8"))
    }
    assert named
    assert {name for name in named if name not in text("guide", "settings.md")} == set()


def test_every_check_is_documented_and_none_that_is_not_there() -> None:
    documented = {row[0] for row in rows(text("guide", "checks.md"))} - {"id"}
    used = {
        one for path in SOURCE.rglob("*.py") for one in re.findall(r"\bliuhen\.[EWI]\d{3}\b", path.read_text("utf-8"))
    }
    assert documented == used


def parsers(name: str, language: Language = Language.EN) -> dict[str, argparse.ArgumentParser]:
    """Return the parser of a command and those of its subcommands, by what is typed."""
    module = importlib.import_module(COMMANDS[name].module)
    top = parser_in(language)(prog=f"liuhen {name}")
    module.add_arguments(top)
    found: dict[str, argparse.ArgumentParser] = {name: top}
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= {f"{name} {word}": parser for word, parser in action.choices.items()}
    return found


_chinese = re.compile(r"[\u4e00-\u9fff]").search


def options(parser: argparse.ArgumentParser) -> set[str]:
    given = {word for action in parser._actions for word in action.option_strings if word.startswith("--")}
    return given - {"--help"}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_speaks_the_one_language_that_was_asked_for(name: str) -> None:
    chinese, english = parsers(name, Language.ZH), parsers(name, Language.EN)
    helped = {
        language: [action.help or "" for top in of.values() for action in _helped(top)]
        for language, of in (("zh", chinese), ("en", english))
    }
    assert [words for words in helped["zh"] if words and not _chinese(words)] == []
    assert [words for words in helped["en"] if _chinese(words)] == []


def _helped(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Return every action with a help text, subcommands among them."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [*parser._actions, *(choice for action in below for choice in action._choices_actions)]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_subcommand_and_option_is_documented(name: str) -> None:
    guide = text("guide", "commands.md")
    assert f"liuhen {name}" in guide
    if COMMANDS[name].module.startswith("liuhen.collector."):
        guide += text("guide", "collector.md")
    for words, parser in parsers(name).items():
        assert re.search(rf"\bliuhen {words}\b", guide), words
        assert {option for option in options(parser) if option not in guide} == set(), words


def test_no_command_is_documented_that_is_not_there() -> None:
    typed = set(re.findall(r"`liuhen ([a-z]+)", text("guide", "commands.md")))
    assert typed == set(COMMANDS)


def test_every_exit_code_is_documented_with_its_name() -> None:
    table = {row[0]: row[1] for row in rows(text("guide", "commands.md")) if row[0].isdigit()}
    assert table == {str(code.value): code.name.lower().replace("_", " ") for code in ExitCode}


def addresses() -> set[tuple[str, str]]:
    """Return (method, address) of each row of docs/spec/http.md."""
    found = [row for row in rows(text("spec", "http.md")) if row[0].startswith("/")]
    return {(method, row[0]) for row in found for method in row[1].split(", ")}


def test_every_page_is_documented_and_none_that_is_not_there() -> None:
    pages = {"/" + re.sub(r"<\w+:", "<", str(pattern.pattern)) for pattern in urlpatterns}
    doors = ("/intake/", "/media/", "/ledger/", "/static/")
    assert {address for _, address in addresses() if not address.startswith(doors)} == pages


def test_every_address_of_intake_is_documented_with_its_methods_and_none_that_is_not_there() -> None:
    documented = {(method, address) for method, address in addresses() if address.startswith("/intake/")}
    met: set[tuple[str, str]] = set()
    for matches, methods in IntakeHandler()._routes:
        these = {(method, one) for method, one in documented if matches(one.replace("<uuid>", UUID))}
        assert {method for method, _ in these} == set(methods)
        met |= these
    assert met == documented
    protocol = text("spec", "intake-protocol.md")
    assert {address for _, address in documented if address.replace("/intake", "") not in protocol} == set()


def test_every_part_of_a_recording_that_is_served_is_documented() -> None:
    documented = {address for _, address in addresses() if address.startswith("/media/")}
    assert documented == {f"/media/<ticket>/{part.value}" for part in Part}


def test_every_file_of_the_ledger_is_documented_in_both_places() -> None:
    documented = {address.removeprefix("/ledger/") for _, address in addresses() if address.startswith("/ledger/")}
    files = {row[0] for row in rows(text("spec", "ledger.md")) if row[0] in {"checkpoint", "key"} or "<" in row[0]}
    assert {"checkpoint", "key"} <= documented
    assert documented == {one for one in files if one.startswith(("checkpoint", "key", "tile/", "heads/"))}
