"""Photographs."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from PIL import ExifTags, Image, ImageFile

from liuhen.server.media.defects import Defect
from liuhen.server.media.tools.moments import wall_clock
from liuhen.server.media.tools.refusal import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_photo", "photo_poster", "photo_preview", "probe", "save_jpeg"]

_FORMATS: Final = ("JPEG", "PNG", "BMP", "TIFF", "WEBP")
_MOST_PIXELS: Final = 150_000_000
_LONGEST_SIDE: Final = 65_500
_PREVIEW_SIDE: Final = 2048
_POSTER_SIDE: Final = 640
_ROTATIONS: Final = {3: 180, 4: 180, 5: -90, 6: -90, 7: 90, 8: 90}
"""EXIF orientation to counter-clockwise degrees, as in a video's display matrix; mirrored forms turn likewise."""
_TRANSPOSITIONS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_DAMAGE: Final = (OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, TypeError, struct.error)
"""What Pillow's readers raise on damaged input."""

Image.init()  # else Pillow knows only the commonest of the formats above
# The limits above are our own and come before any decoding; Pillow's would warn first, and a warning is no answer.
Image.MAX_IMAGE_PIXELS = None


def is_photo(file: BinaryIO) -> bool:
    """Tell by its first bytes whether `file` is a photograph in a format that is known here."""
    file.seek(0)
    head = file.read(16)
    magics = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"BM", b"II*\x00", b"MM\x00*")
    return head.startswith(magics) or (head[:4] == b"RIFF" and head[8:12] == b"WEBP")


def probe(file: BinaryIO) -> dict[str, Any]:
    """Return what the photograph is, in the form of `tools.probe.probe`; every pixel was decoded for it.

    Raises:
        RefusedError: it cannot be decoded, or is larger than may be.
    """
    image, defects = _decoded(file)
    exif = _exif(image)
    taken = exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    stream = {
        "type": "photo",
        "codec": (image.format or "").lower(),
        "width": image.width,
        "height": image.height,
        "rotation": _ROTATIONS.get(_orientation(exif), 0),
        "camera": " ".join(filter(None, (_text(exif, ExifTags.Base.Make), _text(exif, ExifTags.Base.Model)))),
        "decodable": True,
    }
    return {
        "kind": "photo",
        "duration_ms": None,
        "created": wall_clock(str(taken or "")),
        "media": {"container": stream["codec"], "streams": [stream], "defects": defects},
    }


def photo_preview(file: BinaryIO, folder: Path) -> dict[str, Any]:
    """Write a JPEG of at most 2048 pixels a side, upright, without any of the original's metadata."""
    return _smaller(file, folder / "preview.jpg", _PREVIEW_SIDE)


def photo_poster(file: BinaryIO, folder: Path) -> dict[str, Any]:
    """Write a JPEG of at most 640 pixels a side, upright, without any of the original's metadata."""
    return _smaller(file, folder / "poster.jpg", _POSTER_SIDE)


def save_jpeg(image: Image.Image, path: Path, *, quality: int) -> None:
    """Write `image` as a JPEG that carries its pixels and its colour profile and nothing else."""
    profile = image.info.get("icc_profile")
    image.convert("RGB").save(path, "JPEG", quality=quality, optimize=True, progressive=True, icc_profile=profile)


def _smaller(file: BinaryIO, path: Path, side: int) -> dict[str, Any]:
    image, _ = _decoded(file, side=side)
    turn = _TRANSPOSITIONS.get(_orientation(_exif(image)))
    upright = image if turn is None else image.transpose(turn)
    upright.thumbnail((side, side))
    save_jpeg(upright, path, quality=82)
    return {
        "file": path.name,
        "media_type": "image/jpeg",
        "parameters": {"width": upright.width, "height": upright.height},
    }


def _decoded(file: BinaryIO, *, side: int | None = None) -> tuple[Image.Image, list[Defect]]:
    """Decode `file`, where its format allows it no larger than needed for `side`; of one cut off, what is there."""
    try:
        return _load(file, side, lenient=False), []
    except OSError as error:
        if not _is_cut_off(error):
            raise
        return _load(file, side, lenient=True), [Defect.TRUNCATED]


def _load(file: BinaryIO, side: int | None, *, lenient: bool) -> Image.Image:
    file.seek(0)
    ImageFile.LOAD_TRUNCATED_IMAGES = lenient
    try:
        image = Image.open(file, formats=_FORMATS)
        if max(image.size) > _LONGEST_SIDE or image.width * image.height > _MOST_PIXELS:
            raise RefusedError(Defect.OVER_LIMIT, f"{image.width} x {image.height}")
        if side is not None:
            image.draft("RGB", (side, side))  # JPEG decodes at a half, a quarter or an eighth at once
        image.load()
    except _DAMAGE as error:
        if isinstance(error, OSError) and (error.errno is not None or (_is_cut_off(error) and not lenient)):
            raise
        raise RefusedError(Defect.UNDECODABLE, f"{type(error).__name__}: {error}") from error
    return image


def _is_cut_off(error: OSError) -> bool:
    return error.errno is None and "truncated" in str(error)


def _exif(image: Image.Image) -> Image.Exif:
    """Return the EXIF block; an empty one where it is damaged."""
    try:
        exif = image.getexif()
        exif.get_ifd(ExifTags.IFD.Exif)
    except _DAMAGE:
        return Image.Exif()
    return exif


def _orientation(exif: Image.Exif) -> int:
    value = exif.get(ExifTags.Base.Orientation, 1)
    return value if isinstance(value, int) else 1


def _text(exif: Image.Exif, tag: ExifTags.Base) -> str:
    return str(exif.get(tag, "")).strip("\x00 ")[:60]
