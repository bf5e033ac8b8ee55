"""People and things that several scenes show."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from liuhen.server.demo.canvas import Canvas, Colour

__all__ = [
    "CITIZEN",
    "OFFICER",
    "WORKER",
    "Dress",
    "cloud",
    "excavator",
    "mountains",
    "person",
    "tree",
    "walker_x",
]

_SKIN: Final = (224, 180, 148)
_HAIR: Final = (38, 32, 30)
_SHADOW: Final = (0, 0, 0, 46)


@dataclass(frozen=True, slots=True)
class Dress:
    """What somebody wears; `vest` and `hat` may be missing."""

    coat: Colour
    trousers: Colour
    hat: Colour | None = None
    vest: Colour | None = None


OFFICER: Final = Dress(coat=(32, 48, 92), trousers=(24, 32, 60), hat=(24, 36, 72))
WORKER: Final = Dress(coat=(92, 100, 112), trousers=(70, 78, 96), hat=(240, 190, 30), vest=(238, 112, 32))
CITIZEN: Final = Dress(coat=(126, 74, 66), trousers=(62, 62, 70))


def person(
    canvas: Canvas, x: float, y: float, height: float, dress: Dress, *, step: float = 0.0, reach: float = 0.0
) -> None:
    """Draw somebody whose feet are at the point; `step` is the phase of walking, `reach` (-1 to 1) stretches an arm."""
    unit = height / 8
    swing = math.sin(step) * unit * 0.9
    hip, shoulder = y - unit * 3.8, y - unit * 6.4
    canvas.disc(x, y, unit * 1.3, _SHADOW, flat=0.25)
    for side in (-1, 1):
        foot = x + side * (swing or unit * 0.45)
        lift = max(0.0, side * math.cos(step)) * unit * 0.3 if swing else 0.0
        knee = ((x + foot) / 2 + unit * 0.15, (hip + y) / 2 - lift)
        canvas.limb([(x + side * unit * 0.2, hip), knee, (foot, y - lift - unit * 0.2)], dress.trousers, unit * 0.85)
    far_hand = (x - (swing * 0.8 or unit * 1.05), hip + unit * 0.3)
    canvas.limb([(x - unit * 0.75, shoulder + unit * 0.4), far_hand], dress.coat, unit * 0.6)
    canvas.disc(*far_hand, unit * 0.3, _SKIN)
    canvas.box(x - unit, shoulder, unit * 2, hip - shoulder + unit * 0.6, dress.coat, radius=unit * 0.6)
    if dress.vest is not None:
        canvas.box(x - unit * 0.9, shoulder + unit * 0.2, unit * 1.8, unit * 2.2, dress.vest, radius=unit * 0.3)
        canvas.box(x - unit * 0.9, shoulder + unit * 1.3, unit * 1.8, unit * 0.35, (240, 236, 200))
    near_hand = (x + (swing * 0.8 or unit * 1.05), hip + unit * 0.3)
    if reach:
        near_hand = (x + reach * unit * 3.0, shoulder + unit * 1.1)
    canvas.limb([(x + unit * 0.75, shoulder + unit * 0.4), near_hand], dress.coat, unit * 0.6)
    canvas.disc(*near_hand, unit * 0.32, _SKIN)
    _head(canvas, x, shoulder - unit * 0.75, unit, dress)


def _head(canvas: Canvas, x: float, y: float, unit: float, dress: Dress) -> None:
    canvas.box(x - unit * 0.25, y, unit * 0.5, unit * 0.9, _SKIN)
    canvas.disc(x, y - unit * 0.1, unit * 0.85, _HAIR)
    canvas.disc(x, y + unit * 0.12, unit * 0.72, _SKIN)
    if dress.hat is not None:
        canvas.polygon(
            [
                (x - unit * 0.95, y - unit * 0.2),
                (x - unit * 0.7, y - unit * 0.85),
                (x + unit * 0.7, y - unit * 0.85),
                (x + unit * 0.95, y - unit * 0.2),
            ],
            dress.hat,
        )
        canvas.box(x - unit * 1.05, y - unit * 0.3, unit * 2.1, unit * 0.22, dress.hat)


def walker_x(t: float, *, start: float, speed: float, left: float = -80, right: float = 1400) -> float:
    """Return where somebody walks who comes back from the other side; `speed` in units a second, negative leftwards."""
    return left + (start - left + speed * t) % (right - left)


def mountains(canvas: Canvas, y: float, colour: Colour, snow: Colour) -> None:
    """Draw a far range with snow on it, its foot at `y`."""
    peaks = [(-40, 60), (90, 150), (200, 95), (330, 190), (470, 110), (600, 165), (760, 90), (900, 205), (1060, 120)]
    peaks += [(1190, 170), (1360, 70)]
    outline = [(x, y - rise) for x, rise in peaks]
    canvas.polygon([(-40, y), *outline, (1360, y)], colour)
    for (x, rise), (_, before), (_, after) in zip(peaks[1:-1], peaks[:-2], peaks[2:], strict=True):
        if rise > max(before, after):
            top = y - rise
            canvas.polygon(
                [(x, top), (x - 46, top + 46), (x - 14, top + 34), (x + 8, top + 52), (x + 44, top + 42)], snow
            )


def cloud(canvas: Canvas, x: float, y: float, size: float, colour: Colour) -> None:
    """Draw a flat-footed cloud."""
    for dx, dy, radius in ((-1.2, 0.1, 0.7), (-0.4, -0.35, 0.95), (0.6, -0.15, 0.8), (1.3, 0.15, 0.55)):
        canvas.disc(x + dx * size, y + dy * size, radius * size, colour)
    canvas.box(x - 1.8 * size, y + 0.1 * size, 3.6 * size, 0.65 * size, colour, radius=0.3 * size)


def tree(canvas: Canvas, x: float, y: float, size: float, leaves: Colour) -> None:
    """Draw a poplar, as they stand along roads there."""
    canvas.box(x - size * 0.06, y - size * 0.6, size * 0.12, size * 0.6, (98, 78, 58))
    dark = (max(0, leaves[0] - 18), max(0, leaves[1] - 18), max(0, leaves[2] - 18))
    canvas.disc(x, y - size * 1.15, size * 0.26, dark, flat=2.7)
    canvas.disc(x + size * 0.05, y - size * 1.2, size * 0.19, leaves, flat=3.0)


def excavator(canvas: Canvas, x: float, y: float, *, arm: float, bucket: float, mirrored: bool = False) -> None:
    """Draw an excavator on its tracks; `arm` and `bucket` are angles in radians against the horizontal."""
    face = -1 if mirrored else 1
    yellow, dark = (236, 172, 28), (52, 52, 54)
    canvas.disc(x, y + 4, 120, _SHADOW, flat=0.16)
    canvas.box(x - 95, y - 40, 190, 40, dark, radius=20)
    for n in range(5):
        canvas.disc(x - 72 + 36 * n, y - 20, 12, (92, 92, 96))
    canvas.box(x - 80, y - 112, 150, 66, yellow, radius=8)
    canvas.box(x - 92 * face - (28 if face > 0 else -28) / 2 - 14, y - 104, 30, 52, (70, 70, 72), radius=4)
    cab = x + 34 * face
    canvas.box(cab - 34, y - 172, 68, 88, yellow, radius=8)
    canvas.box(cab - 26, y - 164, 52, 48, (150, 196, 214), radius=4)
    shoulder = (x + 60 * face, y - 96)
    elbow = (shoulder[0] + face * 170 * math.cos(arm), shoulder[1] - 170 * math.sin(arm))
    wrist = (elbow[0] + face * 130 * math.cos(bucket), elbow[1] - 130 * math.sin(bucket))
    canvas.limb([shoulder, elbow], (216, 152, 20), 26)
    canvas.limb([elbow, wrist], yellow, 20)
    canvas.line(
        [(shoulder[0], shoulder[1] + 20), ((shoulder[0] + elbow[0]) / 2, (shoulder[1] + elbow[1]) / 2)], dark, 7
    )
    canvas.polygon(
        [
            wrist,
            (wrist[0] + face * 40, wrist[1] + 8),
            (wrist[0] + face * 30, wrist[1] + 52),
            (wrist[0] - face * 22, wrist[1] + 46),
        ],
        (84, 84, 88),
    )
