"""Pictures out of a video: the poster, and the strip of thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Final

import av
from PIL import Image

from liuhen.server.media.defects import Defect
from liuhen.server.media.tools.decoding import Decoder
from liuhen.server.media.tools.geometry import fit, upright_image
from liuhen.server.media.tools.opening import main_video, opened, packets
from liuhen.server.media.tools.photo import save_jpeg
from liuhen.server.media.tools.refusal import RefusedError

if TYPE_CHECKING:
    from pathlib import Path

    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["poster", "thumbnails"]

_COUNT: Final = 10
_POSTER_AT: Final = 0.1
_FORWARD: Final = 150
"""Frames decoded after a key frame to come nearer to the moment asked for; farther away the key frame will do."""
_STEPS_BACK: Final = (0, 2_000, 10_000, 60_000)
"""Milliseconds to search earlier, one after the other: some containers lead to a place with no key frame after it."""


def poster(file: BinaryIO, folder: Path, *, duration_ms: int | None) -> dict[str, Any]:
    """Write one picture, a tenth into the recording, as a JPEG within 640 x 640 (short side 360)."""
    with opened(file) as container:
        stream = _video_of(container)
        at_ms = round((duration_ms or 0) * _POSTER_AT)
        frame = _frame_at(container, stream, at_ms)
        if frame is None:
            raise RefusedError(Defect.PICTURE_UNDECODABLE, "no picture can be decoded")
        size = fit(stream, frame, short_side=360, long_side=640)
        save_jpeg(upright_image(frame, size), folder / "poster.jpg", quality=85)
    width, height = size.shown
    return {
        "file": "poster.jpg",
        "media_type": "image/jpeg",
        "parameters": {"at_ms": at_ms, "width": width, "height": height},
    }


def thumbnails(file: BinaryIO, folder: Path, *, duration_ms: int | None) -> dict[str, Any]:
    """Write ten pictures from evenly spread moments side by side as one JPEG.

    `parameters` tell the size of one picture and the moments, for pages that show one of them.
    """
    moments = [round((duration_ms or 0) * (n + 0.5) / _COUNT) for n in range(_COUNT)]
    with opened(file) as container:
        stream = _video_of(container)
        strip: Image.Image | None = None
        width = height = 0
        for place, at_ms in enumerate(moments):
            frame = _frame_at(container, stream, at_ms)
            if frame is None:
                continue
            if strip is None:
                width, height = fit(stream, frame, short_side=90, long_side=160).shown
                strip = Image.new("RGB", (width * _COUNT, height))
            picture = upright_image(frame, fit(stream, frame, short_side=90, long_side=160))
            strip.paste(picture.resize((width, height)), (width * place, 0))
    if strip is None:
        raise RefusedError(Defect.PICTURE_UNDECODABLE, "no picture can be decoded")
    save_jpeg(strip, folder / "thumbnails.jpg", quality=80)
    return {
        "file": "thumbnails.jpg",
        "media_type": "image/jpeg",
        "parameters": {"count": _COUNT, "width": width, "height": height, "at_ms": moments},
    }


def _video_of(container: InputContainer) -> VideoStream:
    stream = main_video(container)
    if stream is None:
        raise RefusedError(Defect.PICTURE_UNDECODABLE, "there is no picture")
    return stream


def _frame_at(container: InputContainer, stream: VideoStream, at_ms: int) -> VideoFrame | None:
    """Return the picture shown at `at_ms`, or the nearest one before it that is quickly reached."""
    for back_ms in _STEPS_BACK:
        frame = _frame_from(container, stream, from_ms=at_ms - back_ms, at_ms=at_ms)
        if frame is not None:
            return frame
        if back_ms >= at_ms:
            return None
    return None


def _frame_from(container: InputContainer, stream: VideoStream, *, from_ms: int, at_ms: int) -> VideoFrame | None:
    start = stream.start_time or 0
    wanted = start + round(at_ms / 1000 / stream.time_base)
    try:
        container.seek(max(start, start + round(from_ms / 1000 / stream.time_base)), stream=stream)
    except av.FFmpegError:
        return None  # a file that cannot be searched, or is damaged there
    decode = Decoder()
    found: VideoFrame | None = None
    count = 0
    for packet in packets(container, stream):
        for frame in decode(packet):
            assert isinstance(frame, av.VideoFrame)  # noqa: S101 - only this stream's packets are decoded
            count += 1
            if found is not None and (frame.pts is None or frame.pts > wanted):
                return found
            found = frame
            if frame.pts is None or frame.pts >= wanted or count == _FORWARD:
                return found
    return found
