"""What a file holds: a verdict for every file, whatever is in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import av

from liuhen.server.media.defects import Defect
from liuhen.server.media.tools import photo
from liuhen.server.media.tools.decoding import Decoder
from liuhen.server.media.tools.moments import container_moment
from liuhen.server.media.tools.opening import has_decoder, main_audio, main_video, opened, packets, plausible
from liuhen.server.media.tools.refusal import RefusedError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

__all__ = ["probe"]

_LONGEST_MS: Final = 7 * 24 * 3600 * 1000
_TRIES: Final = 1_500
"""Packets in which a first picture and a first sound must be found: a minute of a usual recording."""


def probe(file: BinaryIO) -> dict[str, Any]:
    """Return what `file` holds: `kind`, `duration_ms` (or null), `created` (device wall clock or ""), and `media`.

    `media` has `container`, `streams` (each with `type`, `codec` and what its type has) and `defects`. Something of the
    file was decoded for it: a header alone proves nothing.

    Raises:
        RefusedError: nothing in it can be looked at or listened to.
    """
    if photo.is_photo(file):
        return photo.probe(file)
    file.seek(0)
    with opened(file) as container:
        return _probe_container(container, size=os.fstat(file.fileno()).st_size)


def _probe_container(container: InputContainer, *, size: int) -> dict[str, Any]:
    video, audio = main_video(container), main_audio(container)
    if video is not None and has_decoder(video):
        width, height = video.codec_context.width, video.codec_context.height
        if width and height and not plausible(width, height):
            raise RefusedError(Defect.OVER_LIMIT, f"{width} x {height}")
    picture, sound = _first_frames(container, video, audio)
    if picture is None and sound is None:
        raise RefusedError(Defect.UNDECODABLE, f"no frame of {container.format.name} can be decoded")
    defects = []
    if video is not None and picture is None:
        defects.append(Defect.PICTURE_UNDECODABLE)
    if audio is not None and sound is None:
        defects.append(Defect.SOUND_UNDECODABLE)
    duration, duration_defects = _duration(container, video or audio, size=size)
    streams = []
    if video is not None:
        streams.append(_picture_facts(video, picture))
    if audio is not None:
        streams.append(_sound_facts(audio, sound))
    return {
        "kind": "video" if video is not None else "audio",
        "duration_ms": duration,
        "created": container_moment(container.metadata),
        "media": {
            "container": container.format.name,
            "start_ms": _milliseconds(container.start_time),
            "bit_rate": container.bit_rate or None,
            "streams": streams,
            "defects": [*defects, *duration_defects],
        },
    }


def _first_frames(
    container: InputContainer, video: VideoStream | None, audio: AudioStream | None
) -> tuple[VideoFrame | None, AudioFrame | None]:
    decode = Decoder()
    picture: VideoFrame | None = None
    sound: AudioFrame | None = None
    for count, packet in enumerate(packets(container, video, audio)):
        complete = (picture is not None or video is None) and (sound is not None or audio is None)
        if complete or count == _TRIES:
            break
        for frame in decode(packet):
            if isinstance(frame, av.VideoFrame):
                picture = picture or frame
            else:
                sound = sound or frame
    return picture, sound


def _duration(
    container: InputContainer, stream: VideoStream | AudioStream | None, *, size: int
) -> tuple[int | None, list[Defect]]:
    """Return the duration in milliseconds, and what is wrong with the one that the file declares.

    Believed is what the header says, unless it cannot be, or the file's own index points past the file's end.
    """
    assert stream is not None  # noqa: S101 - `opened` refuses a container without picture and sound
    declared = _milliseconds(container.duration)
    if any(entry.pos + entry.size > size for entry in stream.index_entries):
        return _measured(container, stream), [Defect.TRUNCATED]
    if declared is None or declared <= 0:
        return _measured(container, stream), []
    if declared > _LONGEST_MS:
        return _measured(container, stream), [Defect.DURATION_IMPLAUSIBLE]
    return declared, []


def _measured(container: InputContainer, stream: VideoStream | AudioStream) -> int | None:
    """Return the time from the first to the end of the last packet; None where packets carry no times."""
    try:
        container.seek(0)
    except av.FFmpegError:
        return None
    first: int | None = None
    end = 0
    for packet in packets(container, stream):
        if packet.pts is None or packet.size == 0:
            continue
        first = packet.pts if first is None else min(first, packet.pts)
        end = max(end, packet.pts + (packet.duration or 0))
    if first is None:
        return None
    length = round((end - first) * float(stream.time_base) * 1000)
    return length if 0 < length <= _LONGEST_MS else None


def _picture_facts(stream: VideoStream, frame: VideoFrame | None) -> dict[str, Any]:
    average, base = _rate(stream.average_rate), _rate(stream.base_rate)
    return {
        "type": "video",
        "codec": stream.codec_context.name if has_decoder(stream) else "unknown",
        "profile": stream.profile if frame else None,
        "width": frame.width if frame else None,
        "height": frame.height if frame else None,
        "rotation": frame.rotation if frame else 0,
        "frame_rate": average,
        "variable_rate": average is not None and base is not None and abs(base - average) > base / 20,
        "pixel_format": frame.format.name if frame else None,
        "decodable": frame is not None,
    }


def _sound_facts(stream: AudioStream, frame: AudioFrame | None) -> dict[str, Any]:
    return {
        "type": "audio",
        "codec": stream.codec_context.name if has_decoder(stream) else "unknown",
        "sample_rate": frame.sample_rate if frame else None,
        "channels": len(frame.layout.channels) if frame else None,
        "decodable": frame is not None,
    }


def _rate(rate: Any) -> float | None:
    return round(float(rate), 3) if rate else None


def _milliseconds(microseconds: int | None) -> int | None:
    return None if microseconds is None else round(microseconds / 1000)
