"""The preview: an MP4 that every browser plays, with its index in front."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import av

from liuhen.server.media.defects import Defect
from liuhen.server.media.tools.decoding import Decoder
from liuhen.server.media.tools.geometry import Fit, fit
from liuhen.server.media.tools.lanes import CopyLane, PictureLane, SoundLane
from liuhen.server.media.tools.opening import main_audio, main_video, opened, packets
from liuhen.server.media.tools.refusal import RefusedError, refusing

if TYPE_CHECKING:
    from pathlib import Path

    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from liuhen.server.media.tools.lanes import Lane

__all__ = ["preview"]

_SHORT_SIDE: Final = 540
_LONG_SIDE: Final = 1_280

# What Chromium plays as Debian builds it. H.265 it does not.
_PLAYED_PIXELS: Final = frozenset(("yuv420p", "yuvj420p"))
_PLAYED_PROFILES: Final = frozenset(("Baseline", "Constrained Baseline", "Main", "High"))
_PLAYED_AREA: Final = 2560 * 1440
_TIMED_CONTAINERS: Final = frozenset(("mov", "matroska"))
"""Containers in which every packet carries both its times, so that it can be copied as it is."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of the two streams: `picture` and `sound` are None (left out), True (copied) or False (encoded)."""

    picture: bool | None
    sound: bool | None
    size: Fit | None

    @property
    def encoded(self) -> _Plan:
        """The same streams, all encoded."""
        return _Plan(
            picture=None if self.picture is None else False, sound=None if self.sound is None else False, size=self.size
        )


def preview(file: BinaryIO, folder: Path, *, picture: bool, sound: bool) -> dict[str, Any]:
    """Write the preview; streams that browsers play already are copied, others become H.264 (540 lines) and AAC.

    `picture` and `sound` say which streams are to be in it, as the probe found them to be decodable.

    Raises:
        RefusedError: nothing of it can be decoded.
    """
    path = folder / "preview.mp4"
    plan = _planned(file, picture=picture, sound=sound)
    try:
        return _render(file, path, plan)
    except RefusedError:
        # What a browser would play may be damaged, or not fit into an MP4 as it is (broken times, odd packaging).
        if plan == plan.encoded:
            raise
    return _render(file, path, plan.encoded)


def _planned(file: BinaryIO, *, picture: bool, sound: bool) -> _Plan:
    file.seek(0)
    with opened(file) as source:
        timed = not _TIMED_CONTAINERS.isdisjoint(source.format.name.split(","))
        video = main_video(source) if picture else None
        audio = main_audio(source) if sound else None
        copy_sound = None if audio is None else timed and _is_played_sound(audio)
        if video is None:
            return _Plan(picture=None, sound=copy_sound, size=None)
        frame = _first_picture(source, video)
        return _Plan(
            picture=timed and _is_played_picture(video, frame),
            sound=copy_sound,
            size=fit(video, frame, short_side=_SHORT_SIDE, long_side=_LONG_SIDE),
        )


def _first_picture(source: InputContainer, video: VideoStream) -> VideoFrame:
    decode = Decoder()
    for packet in packets(source, video):
        for frame in decode(packet):
            if isinstance(frame, av.VideoFrame):
                return frame
    raise RefusedError(Defect.PICTURE_UNDECODABLE, "no picture can be decoded")


def _is_played_picture(video: VideoStream, frame: VideoFrame) -> bool:
    return (
        video.codec_context.name == "h264"
        and video.profile in _PLAYED_PROFILES
        and frame.format.name in _PLAYED_PIXELS
        and frame.width * frame.height <= _PLAYED_AREA
        and frame.rotation == 0
    )


def _is_played_sound(audio: AudioStream) -> bool:
    return audio.codec_context.name == "aac" and audio.profile == "LC"


def _render(file: BinaryIO, path: Path, plan: _Plan) -> dict[str, Any]:
    file.seek(0)
    with opened(file) as source, refusing(Defect.UNDECODABLE):
        video = None if plan.picture is None else main_video(source)
        audio = None if plan.sound is None else main_audio(source)
        with av.open(path, "w", format="mp4", options={"movflags": "+faststart"}) as output:
            lanes = _lanes(source, output, video, audio, plan)
            for packet in packets(source, video, audio):
                for ready in lanes[packet.stream.index].feed(packet):
                    output.mux(ready)
        if not any(lane.written for lane in lanes.values()):
            raise RefusedError(Defect.UNDECODABLE, "nothing of it can be decoded")
        if any(lane.damaged for lane in lanes.values() if isinstance(lane, CopyLane)):
            raise RefusedError(Defect.UNDECODABLE, "a damaged stream cannot be copied")
        return _answer(path, video, plan, list(lanes.values()))


def _lanes(
    source: InputContainer, output: OutputContainer, video: VideoStream | None, audio: AudioStream | None, plan: _Plan
) -> dict[int, Lane]:
    origin_s = (source.start_time or 0) / 1_000_000
    in_order = source.format.name == "avi"
    lanes: dict[int, Lane] = {}
    if video is not None and plan.picture:
        lanes[video.index] = CopyLane(output, video, origin_s=origin_s)
    elif video is not None and plan.size is not None:
        lanes[video.index] = PictureLane(output, video, size=plan.size, origin_s=origin_s, in_order=in_order)
    if audio is not None:
        lanes[audio.index] = (CopyLane if plan.sound else SoundLane)(output, audio, origin_s=origin_s)
    return lanes


def _answer(path: Path, video: VideoStream | None, plan: _Plan, lanes: list[Lane]) -> dict[str, Any]:
    width, height = (0, 0) if plan.size is None else plan.size.shown
    if video is not None and plan.picture:
        width, height = video.codec_context.width, video.codec_context.height
    return {
        "file": path.name,
        "media_type": "audio/mp4" if video is None else "video/mp4",
        "parameters": {
            "video": {None: "none", True: "copied", False: "h264"}[plan.picture],
            "audio": {None: "none", True: "copied", False: "aac"}[plan.sound],
            "width": width,
            "height": height,
            "damaged_packets": sum(lane.damaged for lane in lanes),
        },
    }
