"""The ways that one stream takes into a preview: its packets copied, or its frames encoded anew."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Final, Protocol

import av

from liuhen.server.media.tools.decoding import Decoder
from liuhen.server.media.tools.geometry import turned
from liuhen.server.media.tools.sound import Resampler

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import OutputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from liuhen.server.media.tools.geometry import Fit

__all__ = ["CopyLane", "Lane", "PictureLane", "SoundLane"]

_TICKS: Final = 90_000
_SOUND_RATE: Final = 48_000
_SOUND_FRAME: Final = 1_024
_PICTURE_OPTIONS: Final = {"preset": "veryfast", "crf": "26", "g": "60", "profile": "main"}
_THREADS: Final = 2
_LONGEST_GAP_S: Final = 600


class Lane(Protocol):
    """Takes the packets of one stream, the last of them empty, and gives packets of one output stream."""

    @property
    def written(self) -> int:
        """How many packets or frames went through."""
        ...

    @property
    def damaged(self) -> int:
        """How many packets could not be decoded."""
        ...

    def feed(self, packet: Packet[Any]) -> Iterator[Packet[Any]]:
        """Yield what becomes ready with `packet`."""
        ...


class CopyLane:
    """Copies packets; times are moved so that the recording begins at zero, `origin_s` seconds earlier.

    Browsers stop at a damaged packet, so sound and key pictures are decoded on the way, and what is damaged counted.
    """

    def __init__(self, output: OutputContainer, stream: VideoStream | AudioStream, *, origin_s: float) -> None:
        self.written = 0
        self._stream = output.add_stream_from_template(stream)
        self._shift = round(origin_s / stream.time_base)
        self._decode = Decoder()
        if stream.type == "video":
            stream.codec_context.skip_frame = "NONKEY"

    @property
    def damaged(self) -> int:
        """How many of the decoded packets were damaged."""
        return self._decode.damaged

    def feed(self, packet: Packet[Any]) -> Iterator[Packet[Any]]:
        """Yield the packet itself, unless it is empty, cut off or without a time."""
        self._decode(packet)
        if packet.size == 0 or packet.is_corrupt or packet.dts is None or packet.pts is None:
            return
        packet.pts -= self._shift
        packet.dts -= self._shift
        packet.stream = self._stream
        self.written += 1
        yield packet


class _Timeline:
    """Moves times so that they begin at zero and leap over no more than ten minutes, which only damage does."""

    def __init__(self, origin_s: float) -> None:
        self._origin_s = origin_s

    def place(self, time_s: float, *, after_s: float) -> float:
        """Return where `time_s` comes; `after_s` is where what went before ends."""
        at = time_s - self._origin_s
        if at - after_s > _LONGEST_GAP_S:
            self._origin_s += at - after_s
            return after_s
        return at


class PictureLane:
    """Encodes pictures as H.264 of one size, the right way up, with the times that they had.

    `in_order` says that the container numbers packets in the order of decoding and knows no times of showing (AVI).
    """

    def __init__(
        self, output: OutputContainer, stream: VideoStream, *, size: Fit, origin_s: float, in_order: bool
    ) -> None:
        self.written = 0
        self._decode = Decoder()
        self._timeline = _Timeline(origin_s)
        self._in_order = in_order
        self._first_dts: int | None = None
        self._base = stream.time_base
        self._step = round(_TICKS / (stream.average_rate or 25))
        self._last = -self._step
        self._size = size
        self._stream: VideoStream = output.add_stream("libx264", options=dict(_PICTURE_OPTIONS))
        self._stream.codec_context.thread_count = _THREADS
        self._stream.codec_context.time_base = Fraction(1, _TICKS)
        self._stream.pix_fmt = "yuv420p"
        self._stream.width, self._stream.height = size.shown

    @property
    def damaged(self) -> int:
        """How many packets could not be decoded."""
        return self._decode.damaged

    def feed(self, packet: Packet[Any]) -> Iterator[Packet[Any]]:
        """Yield the encoded packets."""
        for frame in self._decode(packet):
            assert isinstance(frame, av.VideoFrame)  # noqa: S101 - this lane gets one stream's packets only
            yield from self._encode(frame)
        if packet.size == 0 and self.written:
            yield from self._stream.encode(None)

    def _encode(self, frame: VideoFrame) -> list[Packet[Any]]:
        ticks = self._ticks(frame)
        if ticks <= self._last:
            return []  # times that stand still or run back cannot be shown
        picture = frame.reformat(self._size.width, self._size.height, "yuv420p", dst_color_range="MPEG")
        if self._size.quarter_turns:
            picture = turned(picture, self._size.quarter_turns)
        picture.pts = self._last = ticks
        picture.time_base = Fraction(1, _TICKS)
        picture.pict_type = 0
        self.written += 1
        return self._stream.encode(picture)

    def _ticks(self, frame: VideoFrame) -> int:
        following = self._last + self._step
        number = frame.dts if self._in_order else frame.pts
        if number is None:
            return following
        if self._in_order:
            # Counted from the first picture: where pictures are reordered, decoding runs ahead of showing.
            self._first_dts = number if self._first_dts is None else self._first_dts
            number -= self._first_dts
        return round(self._timeline.place(float(number * self._base), after_s=following / _TICKS) * _TICKS)


class SoundLane:
    """Encodes sound as AAC, 48 kHz, in one or two channels, with the times that it had."""

    def __init__(self, output: OutputContainer, stream: AudioStream, *, origin_s: float) -> None:
        layout = "mono" if stream.codec_context.channels == 1 else "stereo"
        self.written = 0
        self._decode = Decoder()
        self._timeline = _Timeline(origin_s)
        self._resampler = Resampler(format="fltp", layout=layout, rate=_SOUND_RATE, frame_size=_SOUND_FRAME)
        self._stream: AudioStream = output.add_stream("aac", rate=_SOUND_RATE, layout=layout)
        self._stream.codec_context.bit_rate = 64_000 if layout == "mono" else 112_000
        self._end = 0

    @property
    def damaged(self) -> int:
        """How many packets could not be decoded."""
        return self._decode.damaged

    def feed(self, packet: Packet[Any]) -> Iterator[Packet[Any]]:
        """Yield the encoded packets."""
        for frame in self._decode(packet):
            assert isinstance(frame, av.AudioFrame)  # noqa: S101 - this lane gets one stream's packets only
            yield from self._encode(self._resampler(frame))
        if packet.size == 0:
            yield from self._encode(self._resampler(None))
            if self.written:
                yield from self._stream.encode(None)

    def _encode(self, frames: list[av.AudioFrame]) -> Iterator[Packet[Any]]:
        for frame in frames:
            at = self._end
            if frame.pts is not None and frame.time_base is not None:
                time_s = float(frame.pts * frame.time_base)
                at = round(self._timeline.place(time_s, after_s=self._end / _SOUND_RATE) * _SOUND_RATE)
            frame.pts = max(at, self._end)  # sound that overlaps what went before is put behind it
            frame.time_base = Fraction(1, _SOUND_RATE)
            self._end = frame.pts + frame.samples
            self.written += 1
            yield from self._stream.encode(frame)
