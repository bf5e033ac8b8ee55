"""How large, and which way up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL.Image import fromarray

if TYPE_CHECKING:
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from PIL.Image import Image

__all__ = ["Fit", "fit", "turned", "upright_image"]


@dataclass(frozen=True, slots=True)
class Fit:
    """A size to scale frames to before they are turned by `quarter_turns` (counter-clockwise, 0 to 3)."""

    width: int
    height: int
    quarter_turns: int

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height after turning."""
        return (self.height, self.width) if self.quarter_turns % 2 else (self.width, self.height)


def fit(stream: VideoStream, frame: VideoFrame, *, short_side: int, long_side: int) -> Fit:
    """Return the largest even size within both sides that keeps the shape as shown and does not enlarge."""
    aspect = stream.sample_aspect_ratio
    stretch = float(aspect) if aspect and 0.1 < float(aspect) < 10 else 1.0  # noqa: PLR2004 - what lenses and pixels do
    width, height = max(frame.width * stretch, 1.0), float(frame.height)
    scale = min(1.0, short_side / min(width, height), long_side / max(width, height))
    turns = round(frame.rotation / 90) % 4
    return Fit(width=_even(width * scale), height=_even(height * scale), quarter_turns=turns)


def turned(frame: VideoFrame, quarter_turns: int) -> VideoFrame:
    """Return a yuv420p frame of even size, turned; its times are not copied."""
    width, height = frame.width, frame.height
    planes = np.asarray(frame.to_ndarray()).reshape(-1)
    luma, rest = planes[: width * height], planes[width * height :]
    half = (height // 2, width // 2)
    parts = [luma.reshape(height, width), *(part.reshape(half) for part in np.split(rest, 2))]
    flat = np.concatenate([np.rot90(part, quarter_turns).reshape(-1) for part in parts])
    across = height if quarter_turns % 2 else width
    return av.VideoFrame.from_ndarray(flat.reshape(-1, across), "yuv420p")


def upright_image(frame: VideoFrame, size: Fit) -> Image:
    """Return `frame` as a picture of `size.shown`."""
    image = fromarray(frame.reformat(size.width, size.height, "rgb24").to_ndarray())
    return image.rotate(90 * size.quarter_turns, expand=True) if size.quarter_turns else image


def _even(length: float) -> int:
    return max(2, round(length / 2) * 2)
