"""Recordings as devices would have made them: moving picture, burned-in clock, sound, the container's own time.

Used by the demonstration and by tests. Everything is drawn here; nothing is a recording of anybody. Each function
writes one file of its form at `path`, whatever the path ends in, and returns `path`. `started` is the device's wall
clock (no zone), `scene` one of `SCENES`. Rendering takes a fraction of the time that the clip plays.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, NotRequired, TypedDict, Unpack

import av
import numpy as np
from PIL import Image, TiffImagePlugin

from liuhen.server.demo.canvas import HEIGHT, WIDTH, WORLD, Canvas
from liuhen.server.demo.scenes import SCENES
from liuhen.server.demo.sound import RATE, speech

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import OutputContainer

    from liuhen.server.demo.scenes import Scene

__all__ = ["SCENES", "Film", "damaged", "h264_mp4", "hevc_mp4", "mjpeg_avi", "photo_jpeg", "voice_mp3", "voice_wav"]

_FRAMES_PER_SECOND: Final = 25
_MARGIN: Final = ((WORLD[0] - WIDTH) / 2, (WORLD[1] - HEIGHT) / 2)
_SUPERSAMPLING: Final = 2
_PHOTO_SCALE: Final = 2
_WHITE: Final = (255, 255, 255)
_AMBER: Final = (255, 176, 40)
_RED: Final = (226, 42, 36)


class Film(TypedDict):
    """What is filmed, in seconds and pixels; the scenes are drawn for 1280 x 720 and scaled to `size`."""

    started: datetime
    seconds: float
    device: str
    officer: str
    scene: str
    size: NotRequired[tuple[int, int]]


def h264_mp4(path: Path, **film: Unpack[Film]) -> Path:
    """Write an MP4 with H.264 and AAC, its index at the end as recorders leave it."""
    options = {"preset": "superfast", "crf": "24", "g": "50"}
    return _video(path, _Take(**film), container="mp4", codec="libx264", pixels="yuv420p", sound="aac", options=options)


def hevc_mp4(path: Path, **film: Unpack[Film]) -> Path:
    """Write an MP4 with H.265 and AAC, which most browsers do not play."""
    options = {"preset": "ultrafast", "crf": "26", "g": "50", "x265-params": "log-level=none"}
    return _video(path, _Take(**film), container="mp4", codec="libx265", pixels="yuv420p", sound="aac", options=options)


def mjpeg_avi(path: Path, **film: Unpack[Film]) -> Path:
    """Write an AVI with Motion JPEG and PCM, as older recorders do."""
    options = {"qmin": "3", "qmax": "5"}
    take = _Take(**film)
    return _video(path, take, container="avi", codec="mjpeg", pixels="yuvj420p", sound="pcm_s16le", options=options)


def photo_jpeg(
    path: Path, *, started: datetime, device: str, officer: str, scene: str, orientation: int = 1, location: bool = True
) -> Path:
    """Write a photograph of 2560 x 1440 with EXIF: time, camera, and where it was taken unless `location` is off.

    With an EXIF `orientation` of 3, 6 or 8 the stored pixels lie as that orientation says.
    """
    image = Image.new("RGB", (WIDTH * _PHOTO_SCALE, HEIGHT * _PHOTO_SCALE))
    canvas = Canvas(image, scale=_PHOTO_SCALE, origin=_MARGIN)
    SCENES[scene].backdrop(canvas)
    SCENES[scene].act(canvas, 1.7)
    Canvas(image, scale=_PHOTO_SCALE).text(24, HEIGHT - 46, f"{started:%Y-%m-%d %H:%M:%S}", _AMBER, size=26)
    turns = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
    if orientation in turns:
        image = image.transpose(turns[orientation])
    exif = _exif(started, device, officer, orientation=orientation, location=location)
    image.save(path, "JPEG", quality=88, exif=exif)
    return path


def voice_wav(path: Path, *, started: datetime, seconds: float) -> Path:
    """Write a PCM voice note, 16 kHz, one channel."""
    return _voice(path, started, seconds, container="wav", codec="pcm_s16le")


def voice_mp3(path: Path, *, started: datetime, seconds: float) -> Path:
    """Write an MP3 voice note."""
    return _voice(path, started, seconds, container="mp3", codec="libmp3lame")


def damaged(path: Path, *, started: datetime, device: str, officer: str, scene: str) -> Path:
    """Write an MP4 as a recorder leaves it when its battery dies: the pictures are there, the index never was."""
    h264_mp4(path, started=started, seconds=3, device=device, officer=officer, scene=scene)
    os.truncate(path, path.stat().st_size * 3 // 5)
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Take:
    """One clip: what is filmed, with which device, by whom, and when it begins."""

    started: datetime
    seconds: float
    device: str
    officer: str
    scene: str
    size: tuple[int, int] = (WIDTH, HEIGHT)

    def frames(self) -> Iterator[Image.Image]:
        """Yield the pictures, 1280 x 720, as a camera worn on a chest sees them: it sways."""
        scene = SCENES[self.scene]
        backdrop = _backdrop(scene)
        for number in range(round(self.seconds * _FRAMES_PER_SECOND)):
            t = number / _FRAMES_PER_SECOND
            x = round(_MARGIN[0] + 12 * math.sin(t * 0.9) + 4 * math.sin(t * 2.3))
            y = round(_MARGIN[1] + 9 * math.sin(t * 1.3 + 1) + 2 * math.sin(t * 4.1))
            image = backdrop.crop((x, y, x + WIDTH, y + HEIGHT))
            scene.act(Canvas(image, origin=(x, y)), t)
            self._burn_in(Canvas(image), t)
            yield image

    def _burn_in(self, canvas: Canvas, t: float) -> None:
        moment = self.started + timedelta(seconds=int(t))
        canvas.text(24, 18, f"{moment:%Y-%m-%d %H:%M:%S}", _WHITE, size=30)
        canvas.text(WIDTH - 24, 18, f"DSJ {self.device}", _WHITE, size=24, right=True)
        canvas.text(WIDTH - 24, 48, f"ID {self.officer}", _WHITE, size=24, right=True)
        canvas.text(24, HEIGHT - 42, f"{self.size[0]}x{self.size[1]} {_FRAMES_PER_SECOND}P", _WHITE, size=20)
        canvas.text(WIDTH - 24, HEIGHT - 44, "REC", _WHITE, size=22, right=True)
        if t % 1 < 0.5:  # noqa: PLR2004 - the lamp blinks once a second
            canvas.disc(WIDTH - 96, HEIGHT - 30, 8, _RED)


def _backdrop(scene: Scene) -> Image.Image:
    """Return what stands still, drawn larger and scaled down: its edges are smooth."""
    large = Image.new("RGB", (WORLD[0] * _SUPERSAMPLING, WORLD[1] * _SUPERSAMPLING))
    scene.backdrop(Canvas(large, scale=_SUPERSAMPLING))
    return large.reduce(_SUPERSAMPLING)


def _video(
    path: Path, take: _Take, *, container: str, codec: str, pixels: str, sound: str, options: dict[str, str]
) -> Path:
    samples = speech(take.seconds, seed=_seed(take.started))
    per_frame = RATE // _FRAMES_PER_SECOND
    with av.open(path, "w", format=container) as output:
        _stamp(output, take.started)
        video = output.add_stream(codec, rate=_FRAMES_PER_SECOND, options=options)
        assert isinstance(video, av.VideoStream)  # noqa: S101 - the codecs above are video codecs
        video.width, video.height = take.size
        video.pix_fmt = pixels
        audio = output.add_stream(sound, rate=RATE, layout="mono")
        assert isinstance(audio, av.AudioStream)  # noqa: S101 - the codecs above are sound codecs
        for number, image in enumerate(take.frames()):
            frame = av.VideoFrame.from_ndarray(np.asarray(image), "rgb24").reformat(*take.size, pixels)
            frame.pts = number
            frame.time_base = Fraction(1, _FRAMES_PER_SECOND)
            output.mux(video.encode(frame))
            _mux_sound(output, audio, samples[number * per_frame : (number + 1) * per_frame], number * per_frame)
        output.mux(video.encode(None))
        output.mux(audio.encode(None))
    return path


def _voice(path: Path, started: datetime, seconds: float, *, container: str, codec: str) -> Path:
    samples = speech(seconds, seed=_seed(started))
    with av.open(path, "w", format=container) as output:
        _stamp(output, started)
        audio = output.add_stream(codec, rate=RATE, layout="mono")
        assert isinstance(audio, av.AudioStream)  # noqa: S101 - the codecs above are sound codecs
        for start in range(0, len(samples), RATE):
            _mux_sound(output, audio, samples[start : start + RATE], start)
        output.mux(audio.encode(None))
    return path


def _mux_sound(output: OutputContainer, stream: AudioStream, samples: Any, at: int) -> None:
    frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), "s16", "mono")
    frame.sample_rate = RATE
    frame.pts = at
    output.mux(stream.encode(frame))


def _seed(started: datetime) -> int:
    """Return a number that makes the sound of each clip its own, and the same each time."""
    return int(started.strftime("%H%M%S"))


def _stamp(output: OutputContainer, started: datetime) -> None:
    # Recorders write their wall clock where the standard wants UTC.
    output.metadata["creation_time"] = f"{started:%Y-%m-%dT%H:%M:%S}.000000Z"
    output.metadata["date"] = f"{started:%Y-%m-%d %H:%M:%S}"


def _exif(started: datetime, device: str, officer: str, *, orientation: int, location: bool) -> Image.Exif:
    exif = Image.Exif()
    moment = f"{started:%Y:%m:%d %H:%M:%S}"
    exif[0x010F], exif[0x0110], exif[0x013B] = "LIUHEN", f"DSJ-{device}", officer
    exif[0x0112], exif[0x0132] = orientation, moment
    exif.get_ifd(0x8769).update({0x9003: moment, 0x9004: moment})
    if location:
        degrees = TiffImagePlugin.IFDRational
        north = (degrees(43), degrees(49), degrees(318, 10))
        east = (degrees(87), degrees(37), degrees(126, 10))
        exif.get_ifd(0x8825).update({1: "N", 2: north, 3: "E", 4: east})
    return exif
