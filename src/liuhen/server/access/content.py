"""What of a recording can be sent, and from which store."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from liuhen.core.errors import both
from liuhen.server.access.errors import ContentMissingError
from liuhen.server.media.selectors import derivatives_of
from liuhen.server.vault.stores import derivatives, originals

if TYPE_CHECKING:
    from liuhen.server.recordings.models import Recording
    from liuhen.server.vault.interfaces import Store

__all__ = ["Content", "Part", "content_of"]

# By what the original's name ends in. Types that a browser would run or lay out as a page are not among them.
_TYPES: Final = {
    ".mp4": "video/mp4",
    ".mov": "video/quicktime",
    ".avi": "video/x-msvideo",
    ".mkv": "video/x-matroska",
    ".ts": "video/mp2t",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".m4a": "audio/mp4",
    ".aac": "audio/aac",
    ".amr": "audio/amr",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
}
_OPAQUE: Final = "application/octet-stream"


class Part(StrEnum):
    """What may be asked for under a ticket. All of it is content, the smallest thumbnail too."""

    PREVIEW = "preview"
    POSTER = "poster"
    THUMBNAILS = "thumbnails"
    WAVEFORM = "waveform"
    ORIGINAL = "original"


_NAMES: Final = {
    Part.PREVIEW: both("预览件", "preview"),
    Part.POSTER: both("封面", "poster"),
    Part.THUMBNAILS: both("缩略图", "thumbnails"),
    Part.WAVEFORM: both("波形", "waveform"),
    Part.ORIGINAL: both("原件", "original"),
}


@dataclass(frozen=True, slots=True)
class Content:
    """One object in a store; `size` in bytes, `media_type` for the `Content-Type` field."""

    store: Store
    sha256: str
    size: int
    media_type: str


def content_of(recording: Recording, part: Part) -> Content:
    """Return where `part` of `recording` lies.

    Raises:
        ContentMissingError: there is none, or not yet.
    """
    if part is Part.ORIGINAL:
        media_type = _TYPES.get(PurePosixPath(recording.name).suffix.lower(), _OPAQUE)
        return Content(store=originals(), sha256=recording.sha256, size=recording.size, media_type=media_type)
    for made in derivatives_of(recording):
        if made.kind == part:
            return Content(store=derivatives(), sha256=made.sha256, size=made.size, media_type=made.media_type)
    raise ContentMissingError(part=_NAMES[part])
