"""Poster and thumbnails."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from liuhen.server.media.tools.refusal import RefusedError
from liuhen.server.media.tools.stills import poster, thumbnails
from tests.server.media import samples

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def made(tool: Callable[..., dict[str, Any]], path: Path, duration_ms: int | None = 2000) -> tuple[Any, Image.Image]:
    with path.open("rb") as file:
        answer = tool(file, path.parent, duration_ms=duration_ms)
    image = Image.open(path.parent / answer["file"])
    image.load()
    assert (answer["media_type"], image.format) == ("image/jpeg", "JPEG")
    return answer["parameters"], image


def redness(image: Image.Image, box: tuple[int, int, int, int]) -> float:
    pixels = image.crop(box).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(pixels, tuple)
    return float(pixels[0])


def test_the_poster_shows_a_moment_soon_after_the_beginning(tmp_path: Path) -> None:
    parameters, image = made(poster, samples.demo_clip(tmp_path / "a.mp4"))

    assert parameters == {"at_ms": 200, "width": 640, "height": 360}
    assert image.size == (640, 360)
    assert not image.getexif()


def test_the_strip_shows_ten_moments_in_order(tmp_path: Path) -> None:
    parameters, image = made(thumbnails, samples.clip(tmp_path / "a.mp4"))

    width, height = parameters["width"], parameters["height"]
    assert (parameters["count"], width, height) == (10, 160, 90)
    assert parameters["at_ms"] == [100, 300, 500, 700, 900, 1100, 1300, 1500, 1700, 1900]
    assert image.size == (1600, 90)
    reds = [redness(image, (place * width, height // 2, (place + 1) * width, height)) for place in range(10)]
    assert all(later - earlier > 8 for earlier, later in pairwise(reds))


@pytest.mark.parametrize("turn", [90, -90])
def test_a_turned_recorders_stills_are_upright(tmp_path: Path, turn: int) -> None:
    source = samples.clip(tmp_path / "a.mp4", rotation=turn)

    assert made(poster, source)[1].size == (90, 160)
    parameters, strip = made(thumbnails, source)
    assert (parameters["width"], parameters["height"]) == (90, 160)
    assert strip.size == (900, 160)


@pytest.mark.parametrize(
    ("container", "codec", "pixels"),
    [("avi", "mjpeg", "yuvj420p"), ("mpegts", "libx264", "yuv420p"), ("matroska", "libx265", "yuv420p")],
)
def test_stills_come_out_of_every_container(tmp_path: Path, container: str, codec: str, pixels: str) -> None:
    source = samples.clip(tmp_path / "clip", container=container, codec=codec, pixels=pixels)

    _, strip = made(thumbnails, source)

    assert redness(strip, (1440, 45, 1600, 90)) > redness(strip, (0, 45, 160, 90))


def test_without_a_known_duration_the_beginning_is_shown(tmp_path: Path) -> None:
    parameters, image = made(thumbnails, samples.clip(tmp_path / "a.mp4"), None)

    assert parameters["at_ms"] == [0] * 10
    assert image.size == (1600, 90)


def test_moments_behind_the_end_show_what_is_there(tmp_path: Path) -> None:
    _, image = made(thumbnails, samples.clip(tmp_path / "a.mp4"), 60_000)

    assert image.size == (1600, 90)


def test_moments_far_from_a_key_frame_are_come_near_to(tmp_path: Path) -> None:
    # One key frame in 40 s: decoding stops before it takes too long.
    times = [number * 200 for number in range(200)]
    source = samples.clip(tmp_path / "a.mkv", container="matroska", sound=None, frames=200, times=times)

    parameters, _ = made(poster, source, 400_000)

    assert parameters["at_ms"] == 40_000


def test_of_a_video_cut_off_the_moments_that_are_left_are_shown(tmp_path: Path) -> None:
    whole = samples.clip(tmp_path / "a.mp4", options={"movflags": "+faststart"}).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])

    _, strip = made(thumbnails, tmp_path / "cut.mp4")

    assert redness(strip, (0, 0, 80, 45)) > 200


@pytest.mark.parametrize("tool", [poster, thumbnails])
def test_where_no_picture_can_be_decoded_there_are_no_stills(
    tmp_path: Path, tool: Callable[..., dict[str, Any]]
) -> None:
    make, _ = samples.DEFECTS["index-without-pictures.mp4"]

    with pytest.raises(RefusedError, match="no picture can be decoded"):
        made(tool, make(tmp_path / "broken.mp4"))


@pytest.mark.parametrize("tool", [poster, thumbnails])
def test_sound_alone_has_no_stills(tmp_path: Path, tool: Callable[..., dict[str, Any]]) -> None:
    source = samples.sound_file(tmp_path / "n.wav", container="wav", codec="pcm_s16le")

    with pytest.raises(RefusedError, match="there is no picture"):
        made(tool, source)
