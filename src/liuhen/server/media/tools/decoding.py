"""Decoding packets of which some may be damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import av

from liuhen.server.media.tools.opening import has_decoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.audio.frame import AudioFrame
    from av.packet import Packet
    from av.video.frame import VideoFrame

__all__ = ["Decoder"]


class Decoder:
    """Decodes what can be decoded and counts what cannot: `damaged` packets so far."""

    def __init__(self) -> None:
        self.damaged = 0

    def __call__(self, packet: Packet[Any]) -> Sequence[VideoFrame | AudioFrame]:
        """Return the frames that `packet` completes; none where it is damaged or its codec unknown."""
        if not has_decoder(packet.stream):
            return []
        try:
            return packet.decode()
        except (av.FFmpegError, ValueError):  # the latter where the codec is known by name and has no decoder
            self.damaged += 1
            return []
