from __future__ import annotations

import errno
import fcntl
import os
from typing import TYPE_CHECKING

import pytest
from tests.collector.failing import bad_device
from tests.collector.kit import device_with

from liuhen.collector.source import EntryKind, FolderSource, find
from liuhen.collector.source.interface import Entry
from liuhen.core.naming import builtin_grammars

if TYPE_CHECKING:
    from pathlib import Path


def test_a_path_through_a_link_is_not_opened(tmp_path: Path) -> None:
    outside = device_with(tmp_path / "outside", {"a.mp4": b"secret"})
    device = device_with(tmp_path / "device", {"x.mp4": b"x"})
    (device / "link").symlink_to(outside)
    (device / "file.mp4").symlink_to(outside / "a.mp4")
    os.mkfifo(device / "pipe")

    with FolderSource(device) as source:
        for path in (b"link/a.mp4", b"file.mp4", b"pipe", b"none/a.mp4"):
            with pytest.raises(OSError, match=r".+"), source.open(path):
                pass


def test_a_folder_that_cannot_be_read_is_said_and_the_rest_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = device_with(tmp_path / "device", {"bad/a.mp4": b"a", "good/b.mp4": b"b"})
    real = os.open

    def refuse(path: object, *rest: int, **more: int) -> int:
        if path == b"bad":
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return real(path, *rest, **more)  # type: ignore[arg-type] # passed on as it came

    with FolderSource(device) as source:
        monkeypatch.setattr(os, "open", refuse)
        found = find(source.walk(), builtin_grammars())
        monkeypatch.undo()

    assert [one.entry.path for one in found.finds] == [b"good/b.mp4"]
    assert [(skip.shown, skip.reason.value) for skip in found.skips] == [("bad", "unreadable")]


def test_folders_within_folders_end_somewhere(tmp_path: Path) -> None:
    device = device_with(tmp_path / "device", {"/".join("d" * 40) + "/a.mp4": b"a"})

    with FolderSource(device) as source:
        entries = list(source.walk())

    assert entries[-1].kind is EntryKind.TOO_DEEP


def test_the_source_is_gone_when_another_folder_has_its_place(tmp_path: Path) -> None:
    device = device_with(tmp_path / "device", {"a.mp4": b"a"})

    with FolderSource(device) as source:
        assert source.is_there()
        device.rename(tmp_path / "away")
        assert not source.is_there()
        device.mkdir()
        assert not source.is_there()


def test_the_source_is_gone_when_it_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    device = device_with(tmp_path / "device", {"a.mp4": b"a"})

    with bad_device(monkeypatch) as bad, FolderSource(device) as source:
        bad.gone = True
        assert not source.is_there()


def test_a_file_system_without_locks_is_collected_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", none)
    with FolderSource(device_with(tmp_path / "device", {"a.mp4": b"a"})) as source:
        assert source.is_there()


def _file(path: bytes, *, read_only: bool = False) -> Entry:
    return Entry(path, EntryKind.FILE, 1, 0, read_only)


def test_a_locked_file_is_important_unless_all_are_locked() -> None:
    some = find([_file(b"a.mp4"), _file(b"b.mp4", read_only=True)], builtin_grammars())
    every = find([_file(b"a.mp4", read_only=True), _file(b"b.mp4", read_only=True)], builtin_grammars())

    assert [one.important for one in some.finds] == [True, False]
    assert [one.important for one in every.finds] == [False, False]


def test_a_sidecar_goes_to_the_film_before_the_sound_and_the_photo() -> None:
    entries = [_file(b"d/A.JPG"), _file(b"d/a.wav"), _file(b"d/a.mp4"), _file(b"d/A.gps"), _file(b"d/a.wav.log")]
    found = find([*entries, _file(b"e/a.gps")], builtin_grammars())

    attached = {one.entry.path: [sidecar.path for sidecar in one.attachments] for one in found.finds}
    assert attached == {b"d/a.mp4": [b"d/A.gps"], b"d/a.wav": [b"d/a.wav.log"], b"d/A.JPG": []}
    assert [(skip.shown, skip.reason.value) for skip in found.skips] == [("e/a.gps", "sidecar-alone")]
