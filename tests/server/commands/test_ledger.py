"""`liuhen ledger`, by the real command on an instance of its own."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest

from liuhen.core.tlog.checkpoint import open_checkpoint
from liuhen.core.tlog.note import VerifierKey
from liuhen.core.verify import FolderFiles, verify_export
from liuhen.server.ledger.files import HEALTH_PATH, LedgerFolder
from liuhen.server.ledger.health import Health, IntegratorState, write_health
from tests.support.served import made_instance

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.served import Served


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """An instance whose first events are in the ledger."""
    made = made_instance(tmp_path_factory.mktemp("ledger") / "home")
    made.start()
    made.stop()
    return made


def key_of(instance: Served) -> VerifierKey:
    return VerifierKey.from_text(instance.run("ledger", "key").stdout.strip())


def test_key_and_checkpoint_belong_together(instance: Served) -> None:
    printed = instance.run("ledger", "checkpoint").stdout
    checkpoint = open_checkpoint(printed.encode(), key_of(instance))
    assert checkpoint.origin.startswith("liuhen.invalid/liuhen/")
    assert checkpoint.size > 0


@pytest.mark.parametrize(
    ("language", "whole", "read_again"),
    [("zh", "不符 0 处", "复核原件 0 件"), ("en", "0 discrepancies", "0 originals read again")],
)
def test_fsck_says_in_the_language_asked_for_that_nothing_is_wrong(
    language: str, whole: str, read_again: str, instance: Served
) -> None:
    plain, deep = (instance.run("ledger", "fsck", "--language", language, *more) for more in ((), ("--deep",)))
    for done in (plain, deep):
        assert done.stdout == ""
        assert whole in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert read_again not in plain.stderr
    assert read_again in deep.stderr


def test_fsck_says_what_keeps_events_from_being_sequenced(instance: Served) -> None:
    folder = LedgerFolder(instance.home / "ledger")
    before = folder.read(HEALTH_PATH)
    problem = {"code": "ledger-files", "zh": "账本文件有误。", "en": "A file is wrong."}
    write_health(folder, Health(state=IntegratorState.REFUSED, since=None, problem=problem, affirmed=None))
    try:
        told = [instance.run("ledger", "fsck", "--language", language).stderr for language in ("zh", "en")]
    finally:
        folder.put(HEALTH_PATH, before)
    assert [
        words.splitlines()[1].endswith(problem[language]) for words, language in zip(told, ("zh", "en"), strict=True)
    ] == [True] * 2


def test_fsck_names_what_is_wrong_one_object_a_line(instance: Served) -> None:
    database = sqlite3.connect(instance.home / "liuhen.sqlite3")
    (name,) = database.execute("SELECT subject FROM ledger_subjecthead LIMIT 1").fetchone()
    try:
        database.execute("UPDATE ledger_subjecthead SET n = n + 1 WHERE subject = ?", [name])
        database.commit()
        done = instance.run("ledger", "fsck", "--language", "en", check=False)
    finally:
        database.execute("UPDATE ledger_subjecthead SET n = n - 1 WHERE subject = ?", [name])
        database.commit()
        database.close()
    assert done.returncode == 1
    (line,) = done.stdout.splitlines()
    found = json.loads(line)
    assert (found["kind"], found["where"], sorted(found)) == ("altered", f"head {name}", ["en", "kind", "where", "zh"])
    assert "1 discrepancies" in done.stderr


def test_an_export_is_verified_with_the_printed_key(instance: Served, tmp_path: Path) -> None:
    done = instance.run("ledger", "export", "--language", "en", str(tmp_path / "export"))
    facts = verify_export(FolderFiles(tmp_path / "export"), key=key_of(instance))
    assert f"{facts.checkpoint.size} entries" in done.stderr
    again = instance.run("ledger", "export", str(tmp_path / "export"), check=False)
    assert again.returncode != 0
    assert "export-folder" in again.stderr
