"""Folders for work in progress."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from liuhen.server.media.workspace import workspace

if TYPE_CHECKING:
    from pathlib import Path


def folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir()]


def test_a_workspace_is_empty_private_and_gone_afterwards(tmp_path: Path) -> None:
    root = tmp_path / "work"
    with workspace(root) as folder:
        assert [path.name for path in folder.iterdir()] == ["lock"]
        assert folder.stat().st_mode & 0o077 == 0
        (folder / "inner").mkdir()
        (folder / "inner" / "file").write_bytes(b"1")

    assert folders(root) == []


def test_a_workspace_is_gone_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), workspace(tmp_path / "work"):
        raise ZeroDivisionError

    assert folders(tmp_path / "work") == []


def test_workspaces_in_use_leave_each_other_alone(tmp_path: Path) -> None:
    with workspace(tmp_path) as first, workspace(tmp_path) as second:
        assert first != second
        assert set(folders(tmp_path)) == {first, second}


def test_what_a_killed_worker_left_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    script = f"""
import os
from pathlib import Path
from liuhen.server.media.workspace import workspace
with workspace(Path({str(tmp_path)!r})) as folder:
    (folder / "half-made.mp4").write_bytes(b"1")
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", script], check=False)
    (left,) = folders(tmp_path)
    assert (left / "half-made.mp4").exists()

    with workspace(tmp_path) as mine:
        assert folders(tmp_path) == [mine]


def test_workers_that_end_while_others_begin_do_not_disturb_them(tmp_path: Path) -> None:
    """Each of the many beginnings looks through what the others are removing just then."""

    def use_many() -> None:
        for _ in range(300):
            with workspace(tmp_path) as folder:
                (folder / "file").write_bytes(b"1")

    with ThreadPoolExecutor(3) as pool:
        for worker in [pool.submit(use_many) for _ in range(3)]:
            worker.result()
    assert folders(tmp_path) == []
