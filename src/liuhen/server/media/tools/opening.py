"""Opening a file that may be anything, by its content alone."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import av

from liuhen.server.media.defects import Defect
from liuhen.server.media.tools.refusal import RefusedError, refusing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

__all__ = ["has_decoder", "main_audio", "main_video", "opened", "packets", "plausible"]

# Formats that name other files or addresses (playlists, image sequences, scripts) are left out on purpose: a
# "recording" that is a playlist would make the server read whatever it names.
_FORMATS: Final = (
    "mov,mp4,m4a,3gp,3g2,mj2,avi,matroska,webm,mpegts,mpeg,asf,flv,dhav,h264,hevc,m4v,"
    "wav,w64,mp3,aac,amr,amrnb,amrwb,flac,ogg,caf,aiff,au"
)
_OPTIONS: Final = {"format_whitelist": _FORMATS, "protocol_whitelist": "pipe", "max_streams": "32"}
_BUFFER: Final = 256 << 10
_THREADS: Final = 2
_LONGEST_SIDE: Final = 16_384
_MOST_PIXELS: Final = 36_000_000


@contextmanager
def opened(file: BinaryIO) -> Iterator[InputContainer]:
    """Open `file`, whatever it is called.

    Raises:
        RefusedError: it is no container that is known here, lacks its index, or has neither picture nor sound.
    """
    defect = Defect.INDEX_MISSING if _begins_as_mp4(file) else Defect.NOT_MEDIA
    with refusing(defect):
        # A reader without a name: a name's ending would weigh in the guess at the format.
        container = av.open(_Nameless(file), "r", options=_OPTIONS, buffer_size=_BUFFER)
    with container:
        if main_video(container) is None and main_audio(container) is None:
            raise RefusedError(Defect.NOT_MEDIA, f"{container.format.name} without picture or sound")
        yield container


def _begins_as_mp4(file: BinaryIO) -> bool:
    """Tell whether `file` begins as MP4 and MOV do (ISO/IEC 14496-12 section 4.3).

    A recorder writes such a file's index last: where it cannot be opened, the recording broke off before its end.
    """
    head = file.read(8)
    file.seek(0)
    return head[4:] == b"ftyp"


def main_video(container: InputContainer) -> VideoStream | None:
    """Return the first moving picture, its decoder bounded in threads; a sound file's cover is none."""
    for stream in container.streams.video:
        if not stream.disposition & stream.disposition.attached_pic:
            if has_decoder(stream):
                stream.codec_context.thread_count = _THREADS
                stream.codec_context.thread_type = "AUTO"
            return stream
    return None


def has_decoder(stream: VideoStream | AudioStream) -> bool:
    """Tell whether the stream's codec is known; where it is not, `codec_context` is None, whatever the stubs say."""
    return getattr(stream, "codec_context", None) is not None


def main_audio(container: InputContainer) -> AudioStream | None:
    """Return the first sound track."""
    return next(iter(container.streams.audio), None)


def plausible(width: int, height: int) -> bool:
    """Tell whether a picture of this size may be decoded."""
    return 0 < width <= _LONGEST_SIDE and 0 < height <= _LONGEST_SIDE and width * height <= _MOST_PIXELS


def packets(container: InputContainer, *streams: VideoStream | AudioStream | None) -> Iterator[Packet[Any]]:
    """Yield the packets of `streams` (None is skipped) and, at the end, one empty packet for each.

    A file that breaks off or turns into noise simply ends there. Packets that are empty in the file are left out: to a
    decoder, an empty packet is the end.
    """
    wanted = [stream for stream in streams if stream is not None]
    source = container.demux(*wanted)
    while True:
        try:
            packet = next(source)
        except (StopIteration, av.FFmpegError):
            break
        if packet.size:
            yield packet
    for stream in wanted:
        flush: Packet[Any] = av.Packet()
        flush.stream = stream
        yield flush


class _Nameless:
    """A file object's reading and seeking, and nothing else."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.read = file.read
        self.tell = file.tell

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Return the new place; -1 where a damaged file leads before its beginning."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            return -1
