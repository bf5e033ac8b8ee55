"""The demonstration's clips are what they pretend to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from liuhen.server.demo import clips
from liuhen.server.demo.canvas import WORLD, Canvas
from liuhen.server.demo.sound import RATE, speech
from tests.server.media.samples import STARTED, probed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WHO: dict[str, Any] = {"started": STARTED, "device": "7654321", "officer": "650012"}


@pytest.mark.parametrize(
    ("make", "codecs"),
    [
        (clips.h264_mp4, ["h264", "aac"]),
        (clips.hevc_mp4, ["hevc", "aac"]),
        (clips.mjpeg_avi, ["mjpeg", "pcm_s16le"]),
    ],
)
def test_each_form_has_its_codecs_size_length_and_time(
    tmp_path: Path, make: Callable[..., Path], codecs: list[str]
) -> None:
    found = probed(make(tmp_path / "clip", seconds=1, scene="night", size=(640, 360), **WHO))

    streams = found["media"]["streams"]
    assert [stream["codec"] for stream in streams] == codecs
    assert (streams[0]["width"], streams[0]["height"]) == (640, 360)
    assert found["duration_ms"] == pytest.approx(1000, abs=80)
    assert found["created"] == "2026-11-23T09:42:10"


@pytest.mark.parametrize("name", sorted(clips.SCENES))
def test_every_scene_fills_the_picture_and_moves(name: str) -> None:
    scene = clips.SCENES[name]
    still = Image.new("RGB", WORLD, (255, 0, 255))
    scene.backdrop(Canvas(still))
    moments = []
    for t in (0.0, 2.0):
        moments.append(still.copy())
        scene.act(Canvas(moments[-1]), t)

    pixels = np.asarray(still).reshape(-1, 3)
    assert not (pixels == (255, 0, 255)).all(axis=1).any()
    assert len(np.unique(pixels, axis=0)) > 80
    changed = (np.asarray(moments[0]) != np.asarray(moments[1])).any(axis=2).mean()
    assert 0.005 < changed < 0.8


def test_the_clock_in_the_picture_runs() -> None:
    take = clips._Take(seconds=1.2, scene="office", size=(1280, 720), **WHO)
    frames = [np.asarray(frame.crop((0, 0, 420, 60))) for frame in take.frames()]

    first, same_second, next_second = frames[0], frames[20], frames[28]
    letters = [frame.min(axis=2) > 250 for frame in (first, same_second, next_second)]
    assert (letters[0] != letters[2]).sum() > 20
    assert (letters[0] != letters[1]).sum() < (letters[0] != letters[2]).sum()


@pytest.mark.parametrize(("make", "codec"), [(clips.voice_wav, "pcm_s16le"), (clips.voice_mp3, "mp3float")])
def test_voice_notes_have_their_codec_and_time(tmp_path: Path, make: Callable[..., Path], codec: str) -> None:
    found = probed(make(tmp_path / "note", started=STARTED, seconds=1))

    assert (found["kind"], found["media"]["streams"][0]["codec"]) == ("audio", codec)
    assert found["created"] == "2026-11-23T09:42:10"


def test_the_sound_comes_and_goes_like_speech_and_is_the_same_each_time() -> None:
    samples = speech(6, seed=94210)

    loudness = np.abs(samples.reshape(-1, RATE // 10).astype(int)).mean(axis=1)
    assert loudness.max() > 6 * loudness.min()
    assert np.abs(samples.astype(int)).max() < 32_000
    assert (samples == speech(6, seed=94210)).all()
    assert (samples != speech(6, seed=94211)).any()


@pytest.mark.parametrize("location", [True, False])
def test_a_photograph_knows_its_time_and_may_know_its_place(tmp_path: Path, *, location: bool) -> None:
    path = clips.photo_jpeg(tmp_path / "p.jpg", scene="market", location=location, **WHO)

    with Image.open(path) as image:
        assert image.size == (2560, 1440)
        assert bool(image.getexif().get_ifd(0x8825)) is location
    assert probed(path)["created"] == "2026-11-23T09:42:10"


def test_a_damaged_clip_is_cut_off_before_its_index(tmp_path: Path) -> None:
    data = clips.damaged(tmp_path / "x.mp4", scene="office", **WHO).read_bytes()

    assert b"ftyp" in data[:16]
    assert b"mdat" in data[:64]
    assert b"moov" not in data
    assert len(data) > 20_000
