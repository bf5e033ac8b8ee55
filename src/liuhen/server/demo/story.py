"""What the demonstration's devices recorded: three device folders, written as the devices would have.

Names follow three different habits, so that each way of reading a name is seen: the Chinese body-recorder form with
device and officer number, a chipset's date form, and names that say nothing (the container's time is
used, then the file's).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from liuhen.server.demo import clips

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Clip", "StoryDevice", "devices", "render"]


@dataclass(frozen=True, slots=True)
class Clip:
    """One file: where it lies, when it began (offset from 00:00 of the day), and how it is made."""

    path: str
    at: timedelta
    make: Callable[[Path, datetime], None]


@dataclass(frozen=True, slots=True)
class StoryDevice:
    """One device folder; `clock_error` is how far the device's clock runs ahead, None when nobody reads it off."""

    folder: str
    serial: str
    clock_error: timedelta | None
    clips: tuple[Clip, ...]


def _hm(hours: int, minutes: int, seconds: int = 0) -> timedelta:
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)


def _video(device: str, officer: str, scene: str, seconds: int) -> Callable[[Path, datetime], None]:
    def make(path: Path, started: datetime) -> None:
        clips.h264_mp4(path, started=started, seconds=seconds, device=device, officer=officer, scene=scene)

    return make


def _hevc(device: str, officer: str, scene: str, seconds: int) -> Callable[[Path, datetime], None]:
    def make(path: Path, started: datetime) -> None:
        clips.hevc_mp4(path, started=started, seconds=seconds, device=device, officer=officer, scene=scene)

    return make


def _avi(device: str, officer: str, scene: str, seconds: int) -> Callable[[Path, datetime], None]:
    def make(path: Path, started: datetime) -> None:
        clips.mjpeg_avi(path, started=started, seconds=seconds, device=device, officer=officer, scene=scene)

    return make


def _photo(device: str, officer: str, scene: str) -> Callable[[Path, datetime], None]:
    def make(path: Path, started: datetime) -> None:
        clips.photo_jpeg(path, started=started, device=device, officer=officer, scene=scene)

    return make


def _voice(seconds: int) -> Callable[[Path, datetime], None]:
    def make(path: Path, started: datetime) -> None:
        clips.voice_wav(path, started=started, seconds=seconds)

    return make


def _damaged(device: str, officer: str, scene: str) -> Callable[[Path, datetime], None]:
    def make(path: Path, started: datetime) -> None:
        clips.damaged(path, started=started, device=device, officer=officer, scene=scene)

    return make


def _track(path: Path, started: datetime) -> None:
    """Write a GPS track (NMEA 0183 RMC sentences, one per second) as body recorders leave beside a clip."""
    lines = []
    for second in range(8):
        moment = started + timedelta(seconds=second, hours=-8)
        place = f"4349.{300 + second:04d},N,08737.{100 + 2 * second:04d},E"
        body = f"GPRMC,{moment:%H%M%S}.00,A,{place},1.2,90.0,{moment:%d%m%y},,,A"
        checksum = 0
        for character in body:
            checksum ^= ord(character)
        lines.append(f"${body}*{checksum:02X}\r\n")
    path.write_text("".join(lines), encoding="ascii", newline="")


def _body(day: str, device: str, officer: str, clock: str, number: int) -> str:
    return f"DCIM/{day[2:]}/{device}_{officer}_{day}{clock}_{number:04d}"


def devices(day: datetime) -> tuple[StoryDevice, ...]:
    """Return the three devices as they came back on `day` (midnight, device wall-clock, no zone)."""
    d = f"{day:%Y%m%d}"
    first, second, third = "7654321", "7654327", "DR2041"
    li, ayi, ma = "650012", "650027", "650031"
    return (
        StoryDevice("执法记录仪-7654321", first, timedelta(seconds=1.4), (
            Clip(_body(d, first, li, "094210", 7) + ".mp4", _hm(9, 42, 10), _video(first, li, "building-site", 8)),
            Clip(_body(d, first, li, "094210", 7) + ".gps", _hm(9, 42, 10), _track),
            Clip(_body(d, first, li, "095512", 8) + "_IMP.mp4", _hm(9, 55, 12), _video(first, li, "demolition", 6)),
            Clip(_body(d, first, li, "101820", 9) + ".jpg", _hm(10, 18, 20), _photo(first, li, "building-site")),
            Clip(_body(d, first, li, "152033", 10) + ".mp4", _hm(15, 20, 33), _hevc(first, li, "market", 6)),
        )),
        StoryDevice("执法记录仪-7654327", second, timedelta(seconds=-41), (
            Clip(_body(d, second, ayi, "094155", 3) + ".mp4", _hm(9, 41, 55), _video(second, ayi, "building-site", 7)),
            Clip(_body(d, second, ayi, "143002", 4) + ".mp4", _hm(14, 30, 2), _video(second, ayi, "office", 6)),
            Clip(_body(d, second, ayi, "145540", 5) + ".mp4", _hm(14, 55, 40), _damaged(second, ayi, "office")),
            Clip(f"DCIM/100MEDIA/{day:%Y_%m%d}_214506_012.AVI", _hm(21, 45, 6), _avi(second, ayi, "night", 5)),
        )),
        StoryDevice("录音笔-DR2041", third, None, (
            Clip(f"RECORD/R{d}-103015.WAV", _hm(10, 30, 15), _voice(9)),
            Clip("DCIM/101CANON/IMG_0412.JPG", _hm(11, 2, 44), _photo(third, ma, "market")),
            Clip("DCIM/101CANON/MOV_0413.MP4", _hm(11, 5, 0), _video(third, ma, "market", 6)),
        )),
    )  # fmt: skip


def render(folder: Path, day: datetime) -> Iterator[tuple[StoryDevice, Path]]:
    """Render every file that is not there yet; yield each device with its folder when its files are there.

    A file appears under its name only when it is whole and durable, so a run cut short goes on where it stopped.
    """
    for device in devices(day):
        root = folder / device.folder
        for clip in device.clips:
            path = root / clip.path
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                partial = path.with_name(f".partial-{path.name}")
                clip.make(partial, day + clip.at)
                with partial.open("rb") as file:
                    os.fsync(file.fileno())
                partial.replace(path)
        yield device, root
