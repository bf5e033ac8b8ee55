from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.commands import liuhen

if TYPE_CHECKING:
    from pathlib import Path


def test_django_commands_run_on_the_instance_and_end_with_their_own_exit_code(tmp_path: Path) -> None:
    assert liuhen(tmp_path, "init").returncode == 0
    fine = liuhen(tmp_path, "manage", "migrate", "--check")
    assert fine.returncode == 0, fine.stderr
    assert (tmp_path / "liuhen.sqlite3").exists()
    wrong = liuhen(tmp_path, "manage", "no-such-command")
    assert wrong.returncode == 1
    assert "no-such-command" in wrong.stderr
