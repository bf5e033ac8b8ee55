"""Photographs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from PIL import ExifTags, Image

from liuhen.server.demo import clips
from liuhen.server.media.tools.photo import photo_poster, photo_preview
from liuhen.server.media.tools.refusal import RefusedError
from tests.server.media import samples
from tests.server.media.samples import probed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def taken(path: Path, **options: Any) -> Path:
    return clips.photo_jpeg(
        path, started=samples.STARTED, device="7654321", officer="650012", scene="building-site", **options
    )


def made(tool: Callable[..., dict[str, Any]], path: Path) -> Image.Image:
    with path.open("rb") as file:
        answer = tool(file, path.parent)
    image = Image.open(path.parent / answer["file"])
    image.load()
    assert answer["media_type"] == "image/jpeg"
    assert (answer["parameters"]["width"], answer["parameters"]["height"]) == image.size
    return image


def test_a_photograph_is_described(tmp_path: Path) -> None:
    assert probed(taken(tmp_path / "p.jpg", orientation=6)) == {
        "kind": "photo",
        "duration_ms": None,
        "created": "2026-11-23T09:42:10",
        "media": {
            "container": "jpeg",
            "streams": [
                {
                    "type": "photo",
                    "codec": "jpeg",
                    "width": 1440,
                    "height": 2560,
                    "rotation": -90,
                    "camera": "LIUHEN DSJ-7654321",
                    "decodable": True,
                }
            ],
            "defects": [],
        },
    }


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "WEBP"])
def test_other_formats_are_photographs_too(tmp_path: Path, form: str) -> None:
    path = samples.photo(tmp_path / "photo", form=form)

    found = probed(path)

    assert (found["media"]["container"], found["created"]) == (form.lower(), "")
    assert made(photo_preview, path).size == (300, 200)


def test_the_preview_is_smaller_and_carries_nothing_but_the_picture(tmp_path: Path) -> None:
    source = taken(tmp_path / "p.jpg")
    with Image.open(source) as original:
        assert original.getexif().get_ifd(ExifTags.IFD.GPSInfo)

    image = made(photo_preview, source)

    assert image.size == (2048, 1152)
    assert not image.getexif()
    assert not {"exif", "comment", "xmp"} & set(image.info)
    assert b"Exif" not in (tmp_path / "preview.jpg").read_bytes()


def test_the_poster_is_small(tmp_path: Path) -> None:
    assert made(photo_poster, taken(tmp_path / "p.jpg")).size == (640, 360)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_a_turned_cameras_photograph_comes_out_upright(tmp_path: Path, orientation: int) -> None:
    upright = made(photo_poster, taken(tmp_path / "a.jpg"))
    (tmp_path / "turned").mkdir()

    turned = made(photo_poster, taken(tmp_path / "turned" / "b.jpg", orientation=orientation))

    assert turned.size == upright.size
    small = [image.resize((16, 9)).convert("L").tobytes() for image in (upright, turned)]
    assert max(abs(a - b) for a, b in zip(*small, strict=True)) < 16


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [(1, (0, 0)), (2, (0, 1)), (4, (1, 0)), (5, (0, 0)), (7, (1, 1)), (0, (0, 0)), (99, (0, 0))],
)
def test_mirrored_and_meaningless_orientations(tmp_path: Path, orientation: int, corner: tuple[int, int]) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    source = samples.photo(tmp_path / "p.jpg", exif=exif)

    image = made(photo_preview, source).convert("L").resize((2, 2), Image.Resampling.BOX)

    values = {(row, column): image.getpixel((column, row)) for row in (0, 1) for column in (0, 1)}
    assert max(values, key=lambda place: float(str(values[place]))) == corner


def test_an_orientation_that_is_no_number_is_none(tmp_path: Path) -> None:
    data = bytearray(taken(tmp_path / "p.jpg").read_bytes())
    at = data.index(b"\x01\x12\x00\x03")
    data[at + 3] = 2
    (tmp_path / "odd.jpg").write_bytes(bytes(data))

    assert probed(tmp_path / "odd.jpg")["media"]["streams"][0]["rotation"] == 0


def test_a_damaged_exif_block_does_not_cost_the_picture(tmp_path: Path) -> None:
    data = bytearray(taken(tmp_path / "p.jpg").read_bytes())
    at = data.index(b"Exif\0\0") + 6
    data[at : at + 60] = b"\xff" * 60
    (tmp_path / "odd.jpg").write_bytes(bytes(data))

    found = probed(tmp_path / "odd.jpg")

    assert (found["created"], found["media"]["streams"][0]["camera"]) == ("", "")
    assert made(photo_preview, tmp_path / "odd.jpg").size == (2048, 1152)


def test_the_colour_profile_is_kept(tmp_path: Path) -> None:
    source = samples.photo(tmp_path / "p.jpg", icc_profile=b"a profile")

    assert made(photo_preview, source).info["icc_profile"] == b"a profile"


def test_of_a_photograph_cut_off_the_upper_part_is_shown(tmp_path: Path) -> None:
    whole = taken(tmp_path / "p.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])

    assert probed(tmp_path / "cut.jpg")["media"]["defects"] == ["truncated"]
    assert made(photo_preview, tmp_path / "cut.jpg").size == (2048, 1152)


def test_a_photograph_that_says_it_is_enormous_is_not_decoded(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="over-limit: 60000 x 60000"):
        probed(samples.png_bomb(tmp_path / "bomb.png"))


def test_a_photograph_of_noise_is_refused(tmp_path: Path) -> None:
    make, _ = samples.DEFECTS["broken.jpg"]

    with pytest.raises(RefusedError, match="undecodable"):
        made(photo_preview, make(tmp_path / "broken.jpg"))
