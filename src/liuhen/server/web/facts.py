"""What is known of a recording, in words: its format, and what its declared facts came from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext as _

from liuhen.server.web import words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liuhen.server.recordings.models import Recording

__all__ = ["defects_of", "format_of", "source_of"]

_CONTAINERS: Final = {
    "mov,mp4,m4a,3gp,3g2,mj2": "MP4",
    "matroska,webm": "Matroska",
    "mpegts": "MPEG-TS",
    "asf": "ASF",
}
_CODECS: Final = {
    "h264": "H.264",
    "hevc": "H.265",
    "mpeg4": "MPEG-4",
    "mjpeg": "Motion JPEG",
    "aac": "AAC",
    "mp3": "MP3",
    "amrnb": "AMR",
    "amr_nb": "AMR",
    "pcm_s16le": "PCM",
    "pcm_alaw": "PCM A-law",
    "pcm_mulaw": "PCM µ-law",
}


def format_of(recording: Recording) -> str:
    """Return container and streams, such as `MP4 · H.264 1920×1080, 25 frames/s · AAC`; empty before it was read."""
    media: Mapping[str, Any] = recording.media
    container = str(media.get("container", ""))
    if not container:
        return ""
    parts = [_CONTAINERS.get(container, container.partition(",")[0].upper())]
    parts += [text for stream in media.get("streams", ()) if (text := _stream(stream)) != parts[0]]
    return " · ".join(parts)


def defects_of(recording: Recording) -> list[str]:
    """Return what is wrong with the file as media."""
    return [str(words.DEFECTS.get(code, code)) for code in recording.media.get("defects", ())]


def source_of(recording: Recording, fact: str) -> str:
    """Return where a declared fact came from, as a code; empty where it was not declared."""
    declared = recording.facts.get(fact)
    return str(declared.get("source", "")) if isinstance(declared, dict) else ""


def _stream(stream: Mapping[str, Any]) -> str:
    codec = str(stream.get("codec", ""))
    text = _CODECS.get(codec, codec.upper())
    if stream.get("width") and stream.get("height"):
        text += f" {stream['width']}×{stream['height']}"
    if stream.get("frame_rate"):
        text += _(", %(rate)s frames/s") % {"rate": f"{stream['frame_rate']:g}"}
    if stream.get("sample_rate"):
        text += f" {stream['sample_rate'] / 1000:g} kHz"
    return text
