"""Drawing in world units on a picture of any scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HEIGHT", "WIDTH", "WORLD", "Canvas", "Colour"]

type Colour = tuple[int, int, int] | tuple[int, int, int, int]
type Point = tuple[float, float]

WIDTH: Final = 1280
HEIGHT: Final = 720
WORLD: Final = (1320, 760)
"""The world's size; the picture shows 1280 x 720 of it."""


class Canvas:
    """A picture `scale` pixels to the unit whose left upper corner is at `origin` of the world."""

    def __init__(self, image: Image.Image, *, scale: float = 1.0, origin: Point = (0.0, 0.0)) -> None:
        self.image = image
        self._scale = scale
        self._origin = origin
        self._draw = ImageDraw.Draw(image, "RGBA")

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon([self._at(point) for point in points], fill=fill)

    def box(self, x: float, y: float, width: float, height: float, fill: Colour, *, radius: float = 0) -> None:
        """Fill a rectangle, with rounded corners where `radius` is given."""
        left, top = self._at((x, y))
        right, bottom = self._at((x + width, y + height))
        corners = (left, top, max(left, right), max(top, bottom))
        if radius:
            self._draw.rounded_rectangle(corners, radius=radius * self._scale, fill=fill)
        else:
            self._draw.rectangle(corners, fill=fill)

    def disc(self, x: float, y: float, radius: float, fill: Colour, *, flat: float = 1.0) -> None:
        """Fill a disc; `flat` is its height relative to its width."""
        left, top = self._at((x - radius, y - radius * flat))
        right, bottom = self._at((x + radius, y + radius * flat))
        self._draw.ellipse((left, top, max(left, right), max(top, bottom)), fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float = 2) -> None:
        """Draw joined lines."""
        pixels = max(1, round(width * self._scale))
        self._draw.line([self._at(point) for point in points], fill=fill, width=pixels, joint="curve")

    def limb(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """Draw joined lines with round ends."""
        self.line(points, fill, width)
        for x, y in (points[0], points[-1]):
            self.disc(x, y, width / 2, fill)

    def text(self, x: float, y: float, text: str, fill: Colour, *, size: float, right: bool = False) -> None:
        """Write Latin text with a dark rim, its left (or right) upper end at the point."""
        self._draw.text(
            self._at((x, y)),
            text,
            fill=fill,
            font=ImageFont.load_default(size * self._scale),
            anchor="ra" if right else "la",
            stroke_width=max(1, round(1.5 * self._scale)),
            stroke_fill=(0, 0, 0),
        )

    def fade(self, top: Colour, bottom: Colour, *, y: float = 0, height: float = WORLD[1]) -> None:
        """Fill the whole width from `y` on with a colour that turns from `top` into `bottom`."""
        first, last = round(self._at((0, y))[1]), round(self._at((0, y + height))[1])
        shares = np.linspace(0, 1, max(1, last - first))[:, None]
        column = (np.array(top[:3]) * (1 - shares) + np.array(bottom[:3]) * shares).round().astype(np.uint8)
        strip = Image.fromarray(column[:, None, :])
        self.image.paste(strip.resize((self.image.width, len(column))), (0, first))

    def _at(self, point: Point) -> Point:
        return ((point[0] - self._origin[0]) * self._scale, (point[1] - self._origin[1]) * self._scale)
