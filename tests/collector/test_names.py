"""Files and names as bad as devices make them; each is a file named by its defect."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from tests.collector.kit import IntakeServer, Station, device_with

if TYPE_CHECKING:
    from pathlib import Path

_NAMES = {
    "gb18030": "日常检查_20261123094210.mp4".encode("gb18030"),
    "newline": b"line\nbreak.mp4",
    "255-bytes": b"n" * 251 + b".mp4",
    "255-bytes-han": "记".encode() * 83 + b"00.mp4",
    "dots": b"..mp4",
    "looks-like-a-path": b"..\\..\\etc\\passwd.mp4",
    "bidi": "\u202e4pm.exe.mp4".encode(),
    "undecodable": b"\xff\xfe\xff.mp4",
    "escape": b"\x1b[2J.mp4",
    "markup": b"[red]<b>&{name}%s.mp4",
    "quotes": b"\"'`$(id);.mp4",
    "trailing-blank": b"blank.mp4 ",
    "hidden": b".mp4",
    "upper": b"UPPER.MP4",
}


@pytest.mark.parametrize("name", _NAMES.values(), ids=_NAMES.keys())
def test_a_bad_name_keeps_its_bytes_and_harms_nobody(
    name: bytes, station: Station, server: IntakeServer, tmp_path: Path
) -> None:
    device = device_with(tmp_path / "device", {b"DCIM/" + name: b"bytes"})

    done = station.collect(device, "--clear-device")

    assert done.code == 0, done.words
    (sealed,) = server.sealed()
    assert (sealed.name, sealed.path) == (name, b"DCIM/" + name)
    assert "\x1b" not in done.words
    assert "\u202e" not in done.words
    assert os.listdir(os.fsencode(device / "DCIM")) == []  # noqa: PTH208 - names made of raw bytes
    (receipt,) = station.receipts()
    assert receipt.parent.parent == station.state / "receipts"


_CONTENTS = {
    "empty.mp4": b"",
    "text-named-as-film.mp4": b"this is no film\n",
    "truncated.mp4": b"\0\0\0\x18ftypisom\0\0\0\0isommp41\0\xff\xff\xffmoov",
    "one-byte.wav": b"R",
    "zeros.jpg": bytes(5000),
}


@pytest.mark.parametrize(("name", "data"), _CONTENTS.items(), ids=_CONTENTS.keys())
def test_bad_contents_are_originals_all_the_same(
    name: str, data: bytes, station: Station, server: IntakeServer, tmp_path: Path
) -> None:
    done = station.collect(device_with(tmp_path / "device", {name: data}))

    assert done.code == 0
    (sealed,) = server.sealed()
    assert (sealed.name, sealed.size) == (name.encode(), len(data))


def test_the_same_name_in_two_folders_is_two_recordings(station: Station, server: IntakeServer, tmp_path: Path) -> None:
    device = device_with(tmp_path / "device", {"100/AMBA0001.MP4": b"one", "101/AMBA0001.MP4": b"two"})

    assert station.collect(device).code == 0
    assert {one.path for one in server.sealed()} == {b"100/AMBA0001.MP4", b"101/AMBA0001.MP4"}
    assert len(station.receipts()) == 2


def test_links_are_not_followed_and_said(station: Station, server: IntakeServer, tmp_path: Path) -> None:
    outside = device_with(tmp_path / "outside", {"secret.mp4": b"secret"})
    device = device_with(tmp_path / "device", {"AMBA0001.MP4": b"one"})
    (device / "file.mp4").symlink_to(outside / "secret.mp4")
    (device / "folder").symlink_to(outside)
    os.mkfifo(device / "pipe.mp4")

    done = station.collect(device, "--clear-device")

    assert [one.path for one in server.sealed()] == [b"AMBA0001.MP4"]
    assert done.skipped() == {"file.mp4": "symlink", "folder": "symlink", "pipe.mp4": "not-a-file"}
    assert (outside / "secret.mp4").exists()


def test_what_the_system_left_on_the_card_is_no_recording(station: Station, tmp_path: Path) -> None:
    device = device_with(
        tmp_path / "device",
        {
            "System Volume Information/tracking.mp4": b"x",
            ".Trash-1000/files/old.mp4": b"x",
            "DCIM/._AMBA0001.MP4": b"x",
            "DCIM/alone.gps": b"x",
            "DCIM/thumbs.db": b"x",
        },
    )

    done = station.collect(device)

    assert done.skipped() == {
        "System Volume Information": "system-file",
        ".Trash-1000": "system-file",
        "DCIM/._AMBA0001.MP4": "system-file",
        "DCIM/alone.gps": "sidecar-alone",
        "DCIM/thumbs.db": "not-media",
    }


@pytest.mark.parametrize(
    "locale",
    [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["C", "C-without-utf-8"],
)
def test_a_locale_that_lacks_the_letters_neither_fails_nor_loses_them(
    locale: dict[str, str], station: Station, server: IntakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["录音20261123094210.mp3".encode(), "日常检查.mp4".encode("gb18030"), b"\xff\n.mp4"]
    device = device_with(tmp_path / "设备", {name: name for name in names})
    for variable, value in locale.items():
        monkeypatch.setenv(variable, value)
    with station.running(device) as process:
        out, err = process.communicate(timeout=30)
    assert process.returncode == 0, (out, err)

    for variable in locale:
        monkeypatch.delenv(variable)
    assert sorted(one.name for one in server.sealed()) == sorted(names)
    assert any("录音20261123094210.mp3" in path.name for path in station.receipts())
    done = station.collect(device, "--clear-device")
    assert done.code == 0, "the receipts are found again under another locale"
    assert len(done.ended["cleared"]) == 3
