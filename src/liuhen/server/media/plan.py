"""Which derivatives a recording gets, and what the tools may use for them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, assert_never

from liuhen.server.media.models import DerivativeKind
from liuhen.server.media.sandbox import Limits
from liuhen.server.recordings.models import RecordingKind

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PROBE_LIMITS", "PlannedDerivative", "planned"]

PROBE_LIMITS: Final = Limits(wall_s=600, cpu_s=300, output_bytes=1 << 20)
_PROCESSORS: Final = 4


@dataclass(frozen=True, slots=True)
class PlannedDerivative:
    """One derivative to make: by which tool, with which options, within which limits."""

    kind: DerivativeKind
    tool: str
    options: Mapping[str, Any]
    limits: Limits


def planned(kind: RecordingKind, *, duration_ms: int | None, media: Mapping[str, Any]) -> tuple[PlannedDerivative, ...]:
    """Return what is to be made of a recording in which the probe found `media` (see `tools.probe`).

    What a person waits for comes first: the small things before the preview.
    """
    usable = {stream["type"] for stream in media["streams"] if stream["decodable"]}
    timed = {"duration_ms": duration_ms}
    limits = _limits(duration_ms)
    poster = PlannedDerivative(DerivativeKind.POSTER, "poster", timed, limits)
    thumbnails = PlannedDerivative(DerivativeKind.THUMBNAILS, "thumbnails", timed, limits)
    waveform = PlannedDerivative(DerivativeKind.WAVEFORM, "waveform", timed, limits)
    preview = PlannedDerivative(
        DerivativeKind.PREVIEW, "preview", {"picture": "video" in usable, "sound": "audio" in usable}, limits
    )
    match kind:
        case RecordingKind.PHOTO:
            return (
                PlannedDerivative(DerivativeKind.POSTER, "photo-poster", {}, limits),
                PlannedDerivative(DerivativeKind.PREVIEW, "photo-preview", {}, limits),
            )
        case RecordingKind.VIDEO | RecordingKind.AUDIO:
            pictures = (poster, thumbnails) if "video" in usable else ()
            return (*pictures, *((waveform,) if "audio" in usable else ()), preview)
        case RecordingKind.UNKNOWN:
            return ()
        case _:
            assert_never(kind)


def _limits(duration_ms: int | None) -> Limits:
    """Return limits within which even a slow machine is done: half an hour and six times the recording's length."""
    wall_s = 1_800 + 6 * (duration_ms or 0) // 1000
    return Limits(wall_s=wall_s, cpu_s=wall_s * _PROCESSORS)
