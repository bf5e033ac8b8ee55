"""A command killed at a step leaves what the next run ends, or names with what is to be done about it."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from liuhen.server.demo import story
from tests.durability.kit import ACTS, FAULTY, Kill, Program, after, before

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


# liuhen init: what is there after each step, of the files below the instance's folder that are not the database's.

_KEY, _LEDGER = ["secrets/ledger.key"], ["ledger/checkpoint", "ledger/key", "ledger/signer-state"]

INIT: dict[str, tuple[Kill, list[str]]] = {
    "folder-made": (after("os.mkdir", "/home"), []),
    "tables-not-committed": (before("database.commit", "migrate.Command.handle"), []),
    "tables-committed": (after("database.commit", "migrate.Command.handle"), []),
    "key-written-beside": (before("os.replace", "/ledger.key"), ["secrets/.ledger.key.part"]),
    "key-named": (after("os.replace", "/ledger.key"), _KEY),
    "verifier-key-named": (after("os.replace", "/ledger/key"), [*_LEDGER[1:2], *_KEY]),
    "memory-named": (after("os.replace", "/ledger/signer-state"), [*_LEDGER[1:], *_KEY]),
    "checkpoint-named": (after("os.replace", "/ledger/checkpoint"), [*_LEDGER, *_KEY]),
    "event-not-committed": (before("database.commit", "ledger.services.init_ledger"), [*_LEDGER, *_KEY]),
    "event-committed": (after("database.commit", "ledger.services.init_ledger"), [*_LEDGER, *_KEY]),
    "secret-written-beside": (before("os.replace", "/django.key"), [*_LEDGER, "secrets/.django.key.part", *_KEY]),
    "secret-named": (after("os.replace", "/django.key"), [*_LEDGER, "secrets/django.key", *_KEY]),
}


@pytest.fixture(scope="module")
def with_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance killed once it had its tables, which take the longest; what comes after begins with it."""
    home = tmp_path_factory.mktemp("tables") / "home"
    Program(home).dies(INIT["tables-committed"][0], "init")
    return home


@pytest.mark.parametrize("step", INIT)
def test_killed_while_an_instance_is_made_the_next_init_ends_it(step: str, with_tables: Path, tmp_path: Path) -> None:
    kill, left = INIT[step]
    program = Program(tmp_path / "home")
    if list(INIT).index(step) > list(INIT).index("tables-committed"):
        shutil.copytree(with_tables, program.home)
    program.dies(kill, "init")
    files = [name for name in program.names(".") if not name.startswith("liuhen.sqlite3") and name != "init.gate"]
    assert files == left
    key = program.home / "secrets" / "ledger.key"
    before_it = key.read_bytes() if key.exists() else None
    program.does("init")
    assert program.names("secrets") == ["django.key", "ledger.key"]
    assert before_it in {None, key.read_bytes()}, "a key once made is the instance's"
    assert program.events("ledger:created") == 1
    program.agrees()


# Commands that are one transaction.

_AT_THE_COMMIT = {"before": before("database.commit"), "after": after("database.commit")}

COMMANDS: dict[str, tuple[tuple[str, ...], tuple[tuple[str, ...], ...], str, str]] = {
    # words, commands before it, the event it writes, what it answers when it was done already
    "unit": (("person", "unit", "v", "法制科"), (), "unit:created", "[unit-code-taken]"),
    "add": (("person", "add", "li", "--name", "李", "--unit", "u"), (), "person:created", "[username-taken]"),
    "grant": (
        ("person", "grant", "li", "officer"),
        (("person", "add", "li", "--name", "李", "--unit", "u"),),
        "person:role-granted",
        "",
    ),
    "revoke": (
        ("person", "revoke", "li", "officer"),
        (("person", "add", "li", "--name", "李", "--unit", "u", "--role", "officer"),),
        "person:role-revoked",
        "",
    ),
}


@pytest.mark.parametrize("how", _AT_THE_COMMIT)
@pytest.mark.parametrize("command", COMMANDS)
def test_killed_at_its_commit_a_command_is_whole_or_not_at_all(command: str, how: str, *, program: Program) -> None:
    words, earlier, event, refusal = COMMANDS[command]
    for once in earlier:
        program.does(*once)
    none = program.events(event)
    printed = program.dies(_AT_THE_COMMIT[how], *words)
    assert program.events(event) == none + (how == "after")
    if command == "add":
        assert len(printed.strip()) == 16, "an account is there only once its password was told"
    again = program.run(*words)
    assert program.events(event) == none + 1
    assert again.returncode == 0 if how == "before" or not refusal else refusal in again.stderr, again.stderr


# Stations: the key's file and the row.

STATION: dict[str, tuple[Kill, str]] = {
    "file-written-beside": (before("os.replace", "/new.json"), "nothing"),
    "file-named": (after("os.replace", "/new.json"), "file"),
    "not-committed": (before("database.commit"), "file"),
    "committed": (after("database.commit"), "both"),
}


def _keys(program: Program, name: str) -> dict[str, bool]:
    """Return the keys of a station, and whether each is valid."""
    rows = [json.loads(line) for line in program.does("station", "list").splitlines()]
    return {key["key"]: key["revoked"] is None for row in rows if row["name"] == name for key in row["keys"]}


@pytest.mark.parametrize("step", STATION)
@pytest.mark.parametrize("action", ["add", "rekey"])
def test_killed_while_a_key_is_issued_no_valid_key_is_without_its_file(
    action: str, step: str, *, program: Program, tmp_path: Path
) -> None:
    kill, left = STATION[step]
    file = tmp_path / "keys" / "new.json"
    name = "二号采集站" if action == "add" else "一号采集站"
    words = ("station", action, name, *(("--unit", "u") if action == "add" else ()), "--out", str(file))
    old = _keys(program, name)
    program.dies(kill, *words)
    assert file.exists() == (left != "nothing")
    held = json.loads(file.read_bytes())["key"].split("_")[1] if file.exists() else ""
    keys = _keys(program, name)
    assert keys == (dict.fromkeys(old, False) | {held: True} if left == "both" else old)

    again = program.run(*words)
    if left != "nothing":
        assert "[station-key-file-exists]" in again.stderr
        file.unlink()
        again = program.run(*words)
    if left == "both" and action == "add":
        assert "[station-name-taken]" in again.stderr
        again = program.run("station", "rekey", name, "--out", str(file))
    assert again.returncode == 0, again.stderr
    (valid,) = [key for key, is_valid in _keys(program, name).items() if is_valid]
    assert json.loads(file.read_bytes())["key"].startswith(f"lhs_{valid}_")
    assert [path.name for path in file.parent.iterdir()] == ["new.json"]


@pytest.mark.parametrize("how", _AT_THE_COMMIT)
def test_killed_while_a_key_is_revoked_it_is_valid_or_not(how: str, program: Program) -> None:
    (key,) = _keys(program, "一号采集站")
    program.dies(_AT_THE_COMMIT[how], "station", "revoke", key)
    assert _keys(program, "一号采集站") == {key: how == "before"}
    program.does("station", "revoke", key)
    assert _keys(program, "一号采集站") == {key: False}
    assert program.events("station:key-revoked") == 1


# The export.

EXPORT: dict[str, tuple[Kill, bool]] = {
    "folder-made": (after("os.mkdir", "/export"), True),
    "tiles-written": (before("os.replace", "/export/key"), False),
    "checkpoint-written-beside": (before("os.replace", "/export/checkpoint"), False),
    "checkpoint-named": (after("os.replace", "/export/checkpoint"), False),
}


@pytest.mark.parametrize("step", EXPORT)
def test_killed_while_it_is_exported_a_ledger_is_whole_or_without_a_checkpoint(
    step: str, *, acting: Callable[..., Program], tmp_path: Path
) -> None:
    kill, is_empty = EXPORT[step]
    program = Program(acting("heads", "sequence").home, program=FAULTY)
    target = tmp_path / "export"
    program.dies(kill, "ledger", "export", str(target))
    assert (target / "checkpoint").exists() == (step == "checkpoint-named")
    again = program.run("ledger", "export", str(target))
    assert again.returncode == 0 if is_empty else "[export-folder]" in again.stderr, again.stderr
    program.does("ledger", "export", str(tmp_path / "other"))


# The demonstration.

DEMO: dict[str, tuple[Kill, str]] = {
    "passwords-written-beside": (before("os.replace", "/demo-accounts.txt"), "demo_cast"),
    "passwords-named": (after("os.replace", "/demo-accounts.txt"), "demo_cast"),
    "cast-not-committed": (before("database.commit"), "demo_cast"),
    "cast-committed": (after("database.commit"), "demo_cast"),
    "day-written-beside": (before("os.replace", "/demo/day"), "demo_day"),
    "day-named": (after("os.replace", "/demo/day"), "demo_day"),
    "film-written-beside": (before("os.replace", ".gps"), "demo_render"),
    "film-named": (after("os.replace", ".gps"), "demo_render"),
    "station-committed": (after("database.commit", "stations.register_station"), "demo_station"),
    "station-key-committed": (after("database.commit", "stations.issue_key"), "demo_station"),
    "station-key-named": (after("os.replace", "/demo-station.json"), "demo_station"),
}


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance that holds nothing, with a few bytes in place of every film but the track, which is left to do."""
    home = tmp_path_factory.mktemp("empty") / "home"
    Program(home).does("init")
    for device in story.devices(datetime.fromisoformat("2026-11-22")):
        for clip in device.clips:
            path = home / "demo" / "devices" / device.folder / clip.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix != ".gps":
                path.write_bytes(b"no film")
    return home


@pytest.mark.parametrize("step", DEMO)
def test_killed_while_a_demonstration_is_filled_the_next_filling_ends_it(
    step: str, empty: Path, tmp_path: Path
) -> None:
    kill, act = DEMO[step]
    program = Program(shutil.copytree(empty, tmp_path / "home"))
    acts = Program(program.home, program=ACTS)
    earlier = ("demo_cast",) if act == "demo_station" else ()
    if earlier:
        acts.does(*earlier)
    acts.dies(kill, act)
    acts.does("demo_cast", "demo_day", "demo_render", "demo_station", "check")
    accounts = (program.home / "secrets" / "demo-accounts.txt").read_text(encoding="utf-8").splitlines()
    assert program.rows("SELECT count(*) FROM accounts_person") == [(len(accounts),)]
    assert program.rows("SELECT count(*) FROM intake_station") == [(1,)]
    assert len((program.home / "demo" / "day").read_text(encoding="ascii")) == len("2026-11-22")
    assert [name for name in program.names("demo") if ".partial" in name or name.endswith(".part")] == []
    held = json.loads((program.home / "secrets" / "demo-station.json").read_bytes())["key"].split("_")[1]
    assert (held,) in program.rows("SELECT key FROM intake_stationkey WHERE revoked_at IS NULL")
