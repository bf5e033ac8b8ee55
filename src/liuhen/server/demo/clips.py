"""Real clips of some seconds: a drawn scene with moving parts, the burned-in clock of a body recorder, and sound.

Used by the demonstration and by tests. Everything is drawn here, nothing is a recording of anybody.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final, cast

import av
import numpy as np
from PIL import Image

from liuhen.server.demo.canvas import HEIGHT, WIDTH, WORLD, Canvas
from liuhen.server.demo.scenes import SCENES
from liuhen.server.demo.sound import RATE as _SOUND_RATE
from liuhen.server.demo.sound import speech

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import OutputContainer
    from numpy.typing import NDArray

__all__ = ["SCENES", "damaged", "h264_mp4", "hevc_mp4", "mjpeg_avi", "photo_jpeg", "voice_wav"]

_RATE: Final = 25
_BLOCK: Final = 1024
_EXIF_TAKEN: Final = 0x9003
_EXIF_MODEL: Final = 0x0110
_SIZE: Final = (1280, 720)


def h264_mp4(
    path: Path, *, started: datetime, seconds: int, device: str, officer: str, scene: str, size: tuple[int, int] = _SIZE
) -> None:
    """Write an MP4 with H.264 and AAC. `started` is the device's wall-clock time, `scene` one of `SCENES`."""
    frames = _frames(started, seconds, f"{device} {officer}", scene, size)
    _film(path, "mp4", "libx264", "aac", frames, started=started, seconds=seconds, size=size)


def hevc_mp4(
    path: Path, *, started: datetime, seconds: int, device: str, officer: str, scene: str, size: tuple[int, int] = _SIZE
) -> None:
    """Write an MP4 with H.265 and AAC, which most browsers do not play."""
    frames = _frames(started, seconds, f"{device} {officer}", scene, size)
    _film(path, "mp4", "libx265", "aac", frames, started=started, seconds=seconds, size=size)


def mjpeg_avi(
    path: Path,
    *,
    started: datetime,
    seconds: int,
    device: str,
    officer: str,
    scene: str,
    size: tuple[int, int] = (640, 480),
) -> None:
    """Write an AVI with Motion JPEG and PCM, as older recorders do."""
    frames = _frames(started, seconds, f"{device} {officer}", scene, size)
    _film(path, "avi", "mjpeg", "pcm_s16le", frames, started=started, seconds=seconds, size=size)


def photo_jpeg(
    path: Path, *, started: datetime, device: str, officer: str, scene: str, size: tuple[int, int] = (1920, 1080)
) -> None:
    """Write a photo with the time and model in its EXIF."""
    picture = _Camera(scene, f"{device} {officer}", size).see(3.2, started)
    exif = Image.Exif()
    exif[_EXIF_TAKEN] = f"{started:%Y:%m:%d %H:%M:%S}"
    exif[_EXIF_MODEL] = f"DSJ {device}"
    with path.open("wb") as file:
        picture.save(file, "JPEG", quality=88, exif=exif)


def voice_wav(path: Path, *, started: datetime, seconds: int) -> None:
    """Write a voice note: bursts of sound shaped like speech, 16 kHz, one channel."""
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=_SOUND_RATE, layout="mono")
        container.metadata["creation_time"] = started.isoformat()
        _write_sound(container, stream, speech(seconds, seed=started.second))


def damaged(path: Path, *, started: datetime, device: str, officer: str, scene: str) -> None:
    """Write what a device leaves whose battery came out: an MP4 without its index, cut off in the middle."""
    whole = path.with_name(f"{path.name}.whole")
    h264_mp4(whole, started=started, seconds=3, device=device, officer=officer, scene=scene)
    data = whole.read_bytes()
    whole.unlink()
    path.write_bytes(data[: len(data) * 3 // 5])


class _Camera:
    """A camera worn on a chest: it looks at one scene, sways, and burns its line into each picture."""

    def __init__(self, scene: str, label: str, size: tuple[int, int]) -> None:
        self._scene = SCENES[scene]
        self._label = label
        self._size = size
        self._scale = max(size[0] / WIDTH, size[1] / HEIGHT)
        world = (math.ceil(WORLD[0] * self._scale), math.ceil(WORLD[1] * self._scale))
        self._still = Image.new("RGB", world)
        self._scene.backdrop(Canvas(self._still, scale=self._scale))

    def see(self, at: float, clock: datetime) -> Image.Image:
        """Return the picture `at` seconds after the beginning, with the device's wall-clock time `clock` in it."""
        world = self._still.copy()
        self._scene.act(Canvas(world, scale=self._scale), at)
        x = (WORLD[0] - WIDTH) / 2 * (1 + 0.5 * math.sin(at * 2.0)) * self._scale
        y = (WORLD[1] - HEIGHT) / 2 * (1 + 0.5 * math.cos(at * 2.7)) * self._scale
        picture = world.crop((round(x), round(y), round(x) + self._size[0], round(y) + self._size[1]))
        overlay = Canvas(picture, scale=self._scale)
        right = self._size[0] / self._scale - 24
        overlay.text(24, 18, f"{clock:%Y-%m-%d %H:%M:%S}", (255, 255, 255), size=30)
        overlay.text(right, 18, self._label, (255, 255, 255), size=30, right=True)
        return picture


def _frames(started: datetime, seconds: int, label: str, scene: str, size: tuple[int, int]) -> Iterator[Image.Image]:
    camera = _Camera(scene, label, size)
    for number in range(seconds * _RATE):
        at = number / _RATE
        yield camera.see(at, started + timedelta(seconds=int(at)))


def _film(
    path: Path,
    form: str,
    video_codec: str,
    audio_codec: str,
    frames: Iterator[Image.Image],
    *,
    started: datetime,
    seconds: int,
    size: tuple[int, int],
) -> None:
    with av.open(str(path), "w", format=form) as container:
        container.metadata["creation_time"] = f"{started.isoformat()}Z"
        video = cast("av.VideoStream", container.add_stream(video_codec, rate=_RATE))
        video.width, video.height = size
        video.pix_fmt = "yuvj420p" if video_codec == "mjpeg" else "yuv420p"
        video.time_base = Fraction(1, _RATE)
        video.codec_context.gop_size = _RATE * 2
        if video_codec == "libx265":
            video.codec_context.codec_tag = "hvc1"
            video.options = {"preset": "ultrafast", "crf": "30", "x265-params": "log-level=none"}
        elif video_codec == "libx264":
            video.options = {"preset": "veryfast", "crf": "27"}
        audio = cast("av.AudioStream", container.add_stream(audio_codec, rate=_SOUND_RATE, layout="mono"))
        for picture in frames:
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")))
        container.mux(video.encode())
        _write_sound(container, audio, speech(seconds, seed=started.second))


def _write_sound(container: OutputContainer, stream: av.AudioStream, samples: NDArray[np.int16]) -> None:
    resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=_SOUND_RATE)
    for start in range(0, len(samples), _BLOCK):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + _BLOCK], format="s16", layout="mono")
        frame.sample_rate = _SOUND_RATE
        frame.pts = start
        for ready in resampler.resample(frame):
            container.mux(stream.encode(ready))
    container.mux(stream.encode())
