"""The demonstration by the real path: server, collector and worker as processes; only the films are already there."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from liuhen.core.errors import Language
from liuhen.server.demo import cast, fill, story
from liuhen.server.demo.fill import ServerSilentError
from tests.server.commands.test_serve import Server
from tests.support.commands import liuhen
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

DAY = "2026-11-22"


def with_small_files(home: Path) -> int:
    """Put a few bytes in place of each film, so that nothing is rendered; return how many files there are."""
    (home / "demo").mkdir(parents=True)
    (home / "demo" / "day").write_text(DAY, encoding="ascii")
    count = 0
    for device in story.devices(datetime.fromisoformat(DAY)):
        for clip in device.clips:
            path = home / "demo" / "devices" / device.folder / clip.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"no film: {clip.path}".encode())
            count += 1
    return count


def counted(home: Path, table: str) -> int:
    with closing(sqlite3.connect(home / "liuhen.sqlite3")) as database:
        count: int = database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - a name of ours
        return count


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int, str]:
    """An instance that `serve --demo` made and filled, how many files the devices hold, and what was said."""
    home = tmp_path_factory.mktemp("demo") / "home"
    count = with_small_files(home)
    running = Server(home, "--demo", "--no-worker")
    wait_for((home / "demo" / "complete").exists)
    code, said = running.stop()
    assert code == 0, said
    return home, count, said


def test_every_file_of_the_devices_is_sealed(filled: tuple[Path, int, str]) -> None:
    home, count, _ = filled
    assert counted(home, "recordings_recording") + counted(home, "recordings_attachment") == count
    assert liuhen(home, "ledger", "fsck").returncode == 0


def test_where_to_go_is_said_before_the_filling_and_the_end_in_one_word(filled: tuple[Path, int, str]) -> None:
    home, _, said = filled
    assert len((home / "secrets" / "demo-accounts.txt").read_text(encoding="utf-8").splitlines()) == len(cast.CAST)
    assert said.index("demo-accounts.txt") < said.index("Making and collecting")
    assert said.endswith("\nstopped\n")
    assert "uvicorn" not in said


def test_a_filling_ends_with_the_address_and_what_to_try_first(filled: tuple[Path, int, str], tmp_path: Path) -> None:
    home = shutil.copytree(filled[0], tmp_path / "home")
    (home / "demo" / "complete").unlink()
    beside = Server(home)
    wait_for(beside.answers)
    done = liuhen(home, "demo", port=str(beside.port))
    said = beside.stop()[1]
    assert done.returncode == 0, done.stderr
    last = done.stderr.rpartition("cleared")[2]
    assert f"http://127.0.0.1:{beside.port}/" in last
    assert "Verify in my browser" in last
    assert f"http://127.0.0.1:{beside.port}/ is served\n" in said
    with closing(sqlite3.connect(home / "liuhen.sqlite3")) as database:
        left = database.execute("SELECT task FROM jobs_job WHERE state IN ('ready', 'running')").fetchall()
    assert [task for (task,) in left if ".media." in task] == []


def test_the_second_start_serves_the_same_and_adds_nothing(filled: tuple[Path, int, str]) -> None:
    home, _, _ = filled
    accounts = (home / "secrets" / "demo-accounts.txt").read_bytes()
    recordings = counted(home, "recordings_recording")
    again = Server(home, "--demo", "--no-worker")
    wait_for(again.answers)
    assert again.children() == {}
    assert again.stop()[0] == 0
    assert (home / "secrets" / "demo-accounts.txt").read_bytes() == accounts
    assert counted(home, "recordings_recording") == recordings


def test_a_filling_cut_short_before_the_stations_key_was_kept_is_completed(
    filled: tuple[Path, int, str], tmp_path: Path
) -> None:
    home = shutil.copytree(filled[0], tmp_path / "home")
    (home / "secrets" / "demo-station.json").unlink()
    (home / "demo" / "complete").unlink()
    again = Server(home, "--demo", "--no-worker")
    wait_for((home / "demo" / "complete").exists)
    assert again.stop()[0] == 0
    assert counted(home, "recordings_recording") == counted(filled[0], "recordings_recording")


def test_a_real_instance_is_served_and_gets_no_demonstration(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert liuhen(home, "init").returncode == 0
    assert liuhen(home, "person", "unit", "u", "执法大队").returncode == 0
    running = Server(home, "--demo", "--no-worker")
    wait_for(running.answers)
    assert running.children() == {}
    code, said = running.stop()
    assert (code, "nothing is added" in said) == (0, True)
    assert counted(home, "accounts_person") == 0
    refused = liuhen(home, "demo")
    assert refused.returncode == 11
    assert "[not-a-demonstration]" in refused.stderr


@pytest.mark.usefixtures("db")
def test_filling_without_a_server_says_that_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = settings.INSTANCE
    instance = replace(own, home=tmp_path, settings=replace(own.settings, port=1))
    with_small_files(tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "demo-station.json").write_text("{}", encoding="ascii")
    monkeypatch.setattr(fill, "_WAIT_S", 0.3)
    with pytest.raises(ServerSilentError, match="did not answer"):
        fill.fill(instance, Language.ZH)
    assert not cast.is_filled(instance)


def test_the_day_of_the_story_is_yesterday_at_first_and_stays(tmp_path: Path) -> None:
    instance = replace(settings.INSTANCE, home=tmp_path)
    day = fill._day(instance)
    assert (tmp_path / "demo" / "day").read_text(encoding="ascii") == day.date().isoformat()
    (tmp_path / "demo" / "day").write_text(DAY, encoding="ascii")
    assert fill._day(instance) == datetime.fromisoformat(DAY)
