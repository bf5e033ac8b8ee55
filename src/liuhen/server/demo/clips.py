"""Real clips of some seconds: a drawn scene with moving parts, the burned-in clock of a body recorder, and sound.

Used by the demonstration and by tests. Everything is drawn here, nothing is a recording of anybody.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import av
import numpy as np
from PIL import Image

from liuhen.server.demo.scenes import SCENES, burn_in, draw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import OutputContainer
    from numpy.typing import NDArray

__all__ = ["SCENES", "damaged", "h264_mp4", "hevc_mp4", "mjpeg_avi", "photo_jpeg", "voice_wav"]

_RATE: Final = 25
_SOUND_RATE: Final = 16_000
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
    picture = draw(scene, size, 3.2)
    burn_in(picture, started, f"{device} {officer}")
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
        _write_sound(container, stream, _speech(seconds, started.second))


def damaged(path: Path, *, started: datetime, device: str, officer: str, scene: str) -> None:
    """Write what a device leaves whose battery came out: an MP4 without its index, cut off in the middle."""
    whole = path.with_name(f"{path.name}.whole")
    h264_mp4(whole, started=started, seconds=3, device=device, officer=officer, scene=scene)
    data = whole.read_bytes()
    whole.unlink()
    path.write_bytes(data[: len(data) * 3 // 5])


def _frames(started: datetime, seconds: int, label: str, scene: str, size: tuple[int, int]) -> Iterator[Image.Image]:
    for number in range(seconds * _RATE):
        at = number / _RATE
        picture = draw(scene, size, at)
        burn_in(picture, started + timedelta(seconds=int(at)), label)
        yield picture


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
        video = container.add_stream(video_codec, rate=_RATE)
        video.width, video.height = size
        video.pix_fmt = "yuvj420p" if video_codec == "mjpeg" else "yuv420p"
        video.time_base = Fraction(1, _RATE)
        video.codec_context.gop_size = _RATE * 2
        if video_codec == "libx265":
            video.codec_context.codec_tag = "hvc1"
            video.options = {"preset": "ultrafast", "crf": "30", "x265-params": "log-level=none"}
        elif video_codec == "libx264":
            video.options = {"preset": "veryfast", "crf": "27"}
        audio = container.add_stream(audio_codec, rate=_SOUND_RATE, layout="mono")
        for picture in frames:
            container.mux(video.encode(av.VideoFrame.from_image(picture)))
        container.mux(video.encode())
        _write_sound(container, audio, _speech(seconds, started.second))


def _write_sound(container: OutputContainer, stream: av.AudioStream, samples: NDArray[np.int16]) -> None:
    resampler = av.AudioResampler(format=stream.format.name, layout="mono", rate=_SOUND_RATE)
    for start in range(0, len(samples), _BLOCK):
        frame = av.AudioFrame.from_ndarray(samples[None, start : start + _BLOCK], format="s16", layout="mono")
        frame.sample_rate = _SOUND_RATE
        frame.pts = start
        for ready in resampler.resample(frame):
            container.mux(stream.encode(ready))
    container.mux(stream.encode())


def _speech(seconds: int, seed: int) -> NDArray[np.int16]:
    """Return sound that rises and falls like speech: voiced bursts over a street's murmur."""
    chance = random.Random(seed)  # noqa: S311 - the same clip every time, not a secret
    noise = np.random.default_rng(seed)
    time = np.arange(seconds * _SOUND_RATE) / _SOUND_RATE
    sound = noise.normal(0, 0.012, time.shape)
    at = 0.2
    while at < seconds - 0.4:
        length, pitch = chance.uniform(0.12, 0.34), chance.uniform(110, 190)
        inside = (time >= at) & (time < at + length)
        shape = np.sin(np.pi * (time[inside] - at) / length) ** 2
        tone = sum(np.sin(2 * np.pi * pitch * k * time[inside]) / k for k in (1, 2, 3, 5))
        sound[inside] += 0.16 * shape * tone
        at += length + chance.choice((0.04, 0.06, 0.09, 0.5))
    return (np.clip(sound, -1, 1) * 32_000).astype(np.int16)
