"""Small media files, sound and damaged, named by what is wrong with them."""

from __future__ import annotations

import struct
import zlib
from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final

import av
import numpy as np
from PIL import Image

from liuhen.server.demo import clips
from liuhen.server.media.tools.probe import probe

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

__all__ = [
    "DEFECTS",
    "STARTED",
    "clip",
    "demo_clip",
    "moov_of",
    "nothing",
    "photo",
    "picture",
    "png_bomb",
    "probed",
    "sound_file",
]

STARTED: Final = datetime(2026, 11, 23, 9, 42, 10)  # noqa: DTZ001 - a device's wall clock has no zone
RATE: Final = 25
SOUND_RATE: Final = 16_000


def picture(width: int, height: int, number: int) -> Any:
    """Return an RGB picture whose left upper quarter is white; the rest turns from blue to red with `number`."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, :] = (min(255, number * 4), 30, max(0, 200 - number * 4))
    pixels[: height // 2, : width // 2] = 255
    return pixels


def clip(
    path: Path,
    *,
    container: str = "mp4",
    codec: str = "libx264",
    sound: str | None = "aac",
    frames: int = 50,
    size: tuple[int, int] = (160, 90),
    times: Sequence[int] | None = None,
    rotation: int = 0,
    metadata: dict[str, str] | None = None,
    options: dict[str, str] | None = None,
    pixels: str = "yuv420p",
) -> Path:
    """Write two seconds of video; `times` (in 1/1000 s) replace the even ones, `rotation` is the display matrix's."""
    with av.open(path, "w", format=container, options=options or {}) as output:
        output.metadata.update(metadata or {})
        video: Any = output.add_stream(codec, rate=RATE, options=_quiet(codec))
        video.width, video.height, video.pix_fmt = *size, pixels
        if times is not None:
            video.codec_context.time_base = Fraction(1, 1000)
        if rotation:
            video.set_display_rotation(rotation)
        audio: Any = output.add_stream(sound, rate=SOUND_RATE, layout="mono") if sound else None
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(*size, number), "rgb24").reformat(format=pixels)
            frame.pts = number if times is None else times[number]
            frame.time_base = Fraction(1, RATE if times is None else 1000)
            output.mux(video.encode(frame))
            if audio is not None:
                output.mux(audio.encode(_tone(number * SOUND_RATE // RATE, SOUND_RATE // RATE, "mono")))
        output.mux(video.encode(None))
        if audio is not None:
            output.mux(audio.encode(None))
    return path


def sound_file(
    path: Path, *, container: str, codec: str, seconds: float = 2.0, channels: str = "mono", rate: int = SOUND_RATE
) -> Path:
    """Write a tone that is silent in its second half."""
    with av.open(path, "w", format=container) as output:
        audio: Any = output.add_stream(codec, rate=rate, layout=channels)
        step = rate // 10
        for number in range(round(seconds * 10)):
            loud = number < seconds * 5
            output.mux(audio.encode(_tone(number * step, step, channels, rate=rate, loud=loud)))
        output.mux(audio.encode(None))
    return path


def photo(path: Path, *, size: tuple[int, int] = (300, 200), form: str = "JPEG", **options: Any) -> Path:
    """Write a still picture."""
    Image.fromarray(picture(*size, 0)).save(path, form, **options)
    return path


def probed(path: Path) -> dict[str, Any]:
    """Return what the probe says of a file."""
    with path.open("rb") as file:
        return probe(file)


def demo_clip(path: Path) -> Path:
    """Write two seconds as the demonstration's devices do, index at the end."""
    return clips.h264_mp4(path, started=STARTED, seconds=2, device="7654321", officer="650012", scene="office")


def png_bomb(path: Path) -> Path:
    """Write a PNG of a few bytes that says it is 60,000 pixels wide and high."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 64)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    return path


def nothing(path: Path) -> Path:
    """Write an empty file."""
    path.write_bytes(b"")
    return path


def moov_of(data: bytes) -> tuple[int, int]:
    """Return where the index of an MP4 begins and ends."""
    at = 0
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        if data[at + 4 : at + 8] == b"moov":
            return at, at + size
        at += size
    raise LookupError("there is no index")


def _text_named_mp4(path: Path) -> Path:
    path.write_text("这不是视频。\n" * 400, encoding="utf-8")
    return path


def _noise(path: Path) -> Path:
    path.write_bytes(np.random.default_rng(7).bytes(200_000))
    return path


def _zeros(path: Path) -> Path:
    path.write_bytes(bytes(200_000))
    return path


def _moov_cut(path: Path) -> Path:
    return clips.damaged(path, started=STARTED, device="7654321", officer="650012", scene="office")


def _playlist_named_mp4(path: Path) -> Path:
    path.write_text(
        "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n", encoding="ascii"
    )
    return path


def _script_named_mp4(path: Path) -> Path:
    path.write_text("ffconcat version 1.0\nfile '/etc/passwd'\n", encoding="ascii")
    return path


def _index_without_pictures(path: Path) -> Path:
    """An MP4 whose index is whole and whose pictures and sound were overwritten with noise."""
    data = bytearray(clip(path).read_bytes())
    start, _ = moov_of(bytes(data))
    at = data.index(b"mdat") + 4
    data[at:start] = np.random.default_rng(7).bytes(start - at)
    path.write_bytes(bytes(data))
    return path


def _header_only(path: Path) -> Path:
    """An AVI of which the recorder wrote the header and no picture."""
    data = clip(path, container="avi", codec="mjpeg", sound=None, pixels="yuvj420p").read_bytes()
    path.write_bytes(data[: data.index(b"movi") + 4])
    return path


def _broken_jpeg(path: Path) -> Path:
    data = bytearray(photo(path, size=(600, 400)).read_bytes())
    path.write_bytes(bytes(data[:20]) + np.random.default_rng(7).bytes(4_000))
    return path


def _avi_of_absurd_size(path: Path) -> Path:
    """An AVI whose header says that its pictures are 60,000 pixels wide and high."""
    data = bytearray(clip(path, container="avi", codec="rawvideo", sound=None, frames=2).read_bytes())
    at = data.index(b"strf") + 8
    struct.pack_into("<II", data, at + 4, 60_000, 60_000)
    path.write_bytes(bytes(data))
    return path


def _too_wide(path: Path) -> Path:
    return clip(path, container="matroska", codec="ffv1", sound=None, frames=2, size=(20_000, 16))


DEFECTS: Final[dict[str, tuple[Callable[[Path], Path], str]]] = {
    "empty": (nothing, "not-media"),
    "text-named.mp4": (_text_named_mp4, "not-media"),
    "noise.mp4": (_noise, "not-media"),
    "zeros.mp4": (_zeros, "not-media"),
    "truncated-before-its-index.mp4": (_moov_cut, "index-missing"),
    "playlist-named.mp4": (_playlist_named_mp4, "not-media"),
    "script-named.mp4": (_script_named_mp4, "not-media"),
    "index-without-pictures.mp4": (_index_without_pictures, "undecodable"),
    "header-only.avi": (_header_only, "undecodable"),
    "broken.jpg": (_broken_jpeg, "undecodable"),
    "bomb.png": (png_bomb, "over-limit"),
    "absurd-size.avi": (_avi_of_absurd_size, "undecodable"),
    "too-wide.mkv": (_too_wide, "over-limit"),
}
"""File name: how it is made, and the verdict."""


def _tone(at: int, count: int, channels: str, *, rate: int = SOUND_RATE, loud: bool = True) -> av.AudioFrame:
    wave = np.sin(np.arange(at, at + count) * 2 * np.pi * 440 / rate) * (20_000 if loud else 0)
    samples = np.repeat(wave.astype(np.int16), 2 if channels == "stereo" else 1).reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(samples, "s16", channels)
    frame.sample_rate = rate
    frame.pts = at
    return frame


def _quiet(codec: str) -> dict[str, str]:
    return {"x265-params": "log-level=none", "preset": "ultrafast"} if codec == "libx265" else {}
