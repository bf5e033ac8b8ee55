from __future__ import annotations

import inspect
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from liuhen.server.demo import clips, story
from liuhen.server.demo.cast import CAST
from liuhen.server.demo.scenes import SCENES
from liuhen.server.demo.story import Clip, StoryDevice, devices, render

if TYPE_CHECKING:
    from pathlib import Path

DAY = datetime(2026, 11, 23)  # noqa: DTZ001 - device time has no zone


def test_no_two_files_of_a_device_have_one_path_and_all_lie_below_their_folder() -> None:
    for device in devices(DAY):
        paths = [clip.path for clip in device.clips]
        assert len(set(paths)) == len(paths)
        assert all(not path.startswith("/") and ".." not in path for path in paths)


def test_the_story_has_what_the_demonstration_must_show() -> None:
    suffixes = {clip.path.rpartition(".")[2].lower() for device in devices(DAY) for clip in device.clips}
    assert suffixes >= {"mp4", "avi", "jpg", "wav", "gps"}
    assert len(devices(DAY)) == 3
    assert any(device.clock_error is None for device in devices(DAY)), "one clock that nobody reads off"


def test_officers_named_by_files_are_of_the_cast() -> None:
    known = {member.certificate_number for member in CAST}
    named = {
        clip.path.rpartition("/")[2].split("_")[1]
        for device in devices(DAY)
        for clip in device.clips
        if clip.path.rpartition("/")[2].startswith(f"{device.serial}_")
    }
    assert named
    assert named <= known


def test_the_gps_track_is_nmea_with_right_checksums_in_utc(tmp_path: Path) -> None:
    (clip,) = [clip for device in devices(DAY) for clip in device.clips if clip.path.endswith(".gps")]
    clip.make(tmp_path / "track", DAY + clip.at)
    lines = (tmp_path / "track").read_bytes().split(b"\r\n")
    assert lines.pop() == b""
    assert lines[0].startswith(b"$GPRMC,014210.00,A,")
    assert b",231126," in lines[0]
    for line in lines:
        body, _, checksum = line.removeprefix(b"$").partition(b"*")
        parity = 0
        for byte in body:
            parity ^= byte
        assert int(checksum, 16) == parity


def test_every_film_is_ordered_as_its_maker_wants_it_and_of_a_scene_that_there_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each maker is stood in for by one that only looks at what it is given; rendering all takes a minute."""
    ordered: list[tuple[Path, dict[str, Any]]] = []

    def stand_in(name: str) -> None:
        signature = inspect.signature(getattr(clips, name))

        def make(*given: Any, **named: Any) -> None:
            order = signature.bind(*given, **named).arguments
            film = order.pop("film", None)
            assert film is None or film.keys() == clips.Film.__annotations__.keys() - {"size"}
            ordered.append((order["path"], {**order, **(film or {})}))

        monkeypatch.setattr(clips, name, make)

    for name in ("h264_mp4", "hevc_mp4", "mjpeg_avi", "photo_jpeg", "voice_wav", "damaged"):
        stand_in(name)
    films = [(device, clip) for device in devices(DAY) for clip in device.clips if not clip.path.endswith(".gps")]
    for device, clip in films:
        clip.make(tmp_path / clip.path, DAY + clip.at)
        path, order = ordered[-1]
        assert (path, order["started"]) == (tmp_path / clip.path, DAY + clip.at)
        assert order.get("device", device.serial) == device.serial
        assert order.get("scene", "market") in SCENES
    assert len(ordered) == len(films)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A story of one device with three files, of which the second cannot be made at first; what was made is noted."""
    made: list[str] = []

    def write(path: Path, started: datetime) -> None:
        path.write_text(started.isoformat(), encoding="ascii")
        made.append(path.name)

    def fail_once(path: Path, started: datetime) -> None:
        write(path, started)
        if made.count(path.name) == 1:
            raise KeyboardInterrupt

    clips = (
        Clip("DCIM/a.mp4", timedelta(hours=9), write),
        Clip("DCIM/b.mp4", timedelta(hours=10), fail_once),
        Clip("c.wav", timedelta(hours=11), write),
    )
    monkeypatch.setattr(story, "devices", lambda _day: (StoryDevice("recorder", "1", None, clips),))
    return made


def test_a_rendering_cut_short_goes_on_where_it_stopped(tmp_path: Path, told: list[str]) -> None:
    with pytest.raises(KeyboardInterrupt):
        list(render(tmp_path, DAY))
    assert (tmp_path / "recorder" / "DCIM" / "a.mp4").exists()
    assert not (tmp_path / "recorder" / "DCIM" / "b.mp4").exists(), "a file has its name only when it is whole"
    ((device, root),) = render(tmp_path, DAY)
    assert (device.serial, root) == ("1", tmp_path / "recorder")
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert files == ["DCIM/a.mp4", "DCIM/b.mp4", "c.wav"]
    assert (root / "DCIM" / "b.mp4").read_text(encoding="ascii") == "2026-11-23T10:00:00"
    assert told.count(".partial-a.mp4") == 1, "what was there is not made again"
