"""A demolition: half a house, rubble, an excavator that breaks it down, dust."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liuhen.server.demo.scenes.figures import OFFICER, WORKER, cloud, excavator, mountains, person, walker_x

if TYPE_CHECKING:
    from liuhen.server.demo.canvas import Canvas

__all__ = ["act", "backdrop"]


def backdrop(canvas: Canvas) -> None:
    """Draw the ruin."""
    canvas.fade((152, 170, 190), (222, 216, 204), height=520)
    cloud(canvas, 330, 90, 40, (240, 240, 240, 160))
    cloud(canvas, 980, 130, 30, (240, 240, 240, 140))
    mountains(canvas, 430, (150, 160, 174), (232, 234, 236))
    canvas.fade((176, 158, 132), (140, 122, 98), y=430, height=330)
    _ruin(canvas)
    for n in range(70):
        x = 60 + n * 211 % 640
        slope = abs(x - 380) / 340
        y = 600 - (1 - slope) * (n * 37 % 90)
        size = 12 + n * 17 % 26
        tone = 110 + n * 29 % 70
        canvas.polygon(
            [(x, y), (x + size, y - size * 0.5), (x + size * 1.5, y + size * 0.3), (x + size * 0.5, y + size * 0.6)],
            (tone, tone - 14, tone - 30),
        )
    for x in range(40, 1300, 130):
        canvas.box(x, 640, 8, 56, (236, 236, 232))
        canvas.box(x, 652, 8, 12, (206, 52, 44))
    for n in range(66):
        stripe = (214, 52, 44) if n % 2 else (244, 242, 236)
        canvas.box(n * 20, 656, 20, 9, stripe)


def _ruin(canvas: Canvas) -> None:
    """Draw a house whose right part is gone."""
    canvas.polygon(
        [(90, 590), (90, 180), (470, 180), (500, 250), (456, 300), (520, 372), (470, 420), (560, 590)], (194, 168, 140)
    )
    for row in range(3):
        y = 214 + row * 124
        canvas.box(90, y + 92, 400 - 14 * row, 10, (150, 130, 112))
        for column in range(3):
            x = 126 + column * 112
            canvas.box(x - 5, y - 5, 72, 82, (226, 216, 200))
            canvas.box(x, y, 62, 72, (70, 76, 84))
            canvas.polygon([(x, y), (x + 40, y), (x + 8, y + 40)], (120, 134, 146))
    for n in range(6):
        x, y = 486 + n % 3 * 16, 236 + n * 56
        canvas.line([(x - 34, y), (x + 26, y + 12 - n % 2 * 20)], (112, 74, 54), 3)
    canvas.line([(84, 180), (476, 180)], (118, 100, 86), 12)


def act(canvas: Canvas, t: float) -> None:
    """Break, let dust rise, and walk along the tape."""
    beat = math.sin(t * 1.5)
    for n in range(9):
        age = (t * 0.55 + n / 9) % 1
        drift = 30 * math.sin(n * 2.4 + t)
        strength = int(92 * (1 - age))
        canvas.disc(560 + drift + 60 * age + 12 * n % 50, 520 - 210 * age, 26 + 76 * age, (206, 192, 168, strength))
    excavator(canvas, 900, 630, arm=0.75 + 0.22 * beat, bucket=-0.35 + 0.4 * beat, mirrored=True)
    for n in range(4):
        fall = (t * 0.9 + n * 0.27) % 1
        x = 520 + 22 * n + 30 * fall
        canvas.box(x, 320 + 250 * fall * fall, 12, 9, (136, 118, 98))
    person(canvas, walker_x(t, start=1120, speed=-36), 632, 126, WORKER, step=t * 5)
    person(canvas, 1120, 726, 200, OFFICER, reach=-0.7 - 0.15 * math.sin(t * 1.9))
    person(canvas, 1216, 722, 194, OFFICER)
