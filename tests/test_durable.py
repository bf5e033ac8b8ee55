"""Files that a power cut leaves old or new; the order of the calls is tests/durability/test_order.py's."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from liuhen.durable import make_folder, remove_durably, write_durably

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_durably(path, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_durably(path, b"new")
    monkeypatch.undo()

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    assert path.stat().st_mode & 0o777 == 0o600


def test_folders_are_made_private_and_removal_lasts(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    write_durably(tmp_path / "a" / "b" / "c", b"")
    remove_durably(tmp_path / "a" / "b" / "c")

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_file_is_replaced_with_its_rights_and_whatever_lies_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_durably(path, b"old")
    path.chmod(0o644)
    (tmp_path / "elsewhere").write_bytes(b"not ours")
    (tmp_path / ".file.part").symlink_to(tmp_path / "elsewhere")

    write_durably(path, b"new")

    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "elsewhere").read_bytes() == b"not ours"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["elsewhere", "file"]


def test_a_folder_that_is_there_is_entered_again_where_one_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    (tmp_path / "a").mkdir()
    monkeypatch.setattr(os, "fsync", synced.append)
    make_folder(tmp_path / "a")
    assert len(synced) == 1

    def not_ours(*_: object) -> int:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "open", not_ours)
    make_folder(tmp_path / "a")
    with pytest.raises(PermissionError):
        make_folder(tmp_path / "b")
