"""The tools by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO, Final

from liuhen.server.media.tools import photo, preview, probe, stills, waveform

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["TOOLS"]


def _probe(file: BinaryIO, folder: Path) -> dict[str, Any]:
    del folder  # a probe writes nothing
    return probe.probe(file)


TOOLS: Final[Mapping[str, Callable[..., dict[str, Any]]]] = {
    "probe": _probe,
    "preview": preview.preview,
    "poster": stills.poster,
    "thumbnails": stills.thumbnails,
    "waveform": waveform.waveform,
    "photo-preview": photo.photo_preview,
    "photo-poster": photo.photo_poster,
}
