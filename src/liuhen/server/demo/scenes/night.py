"""A street at night: lamps, lit windows, a car passing, and the beam of a torch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liuhen.server.demo.scenes.figures import OFFICER, Dress, person, walker_x

if TYPE_CHECKING:
    from liuhen.server.demo.canvas import Canvas

__all__ = ["act", "backdrop"]

_SHADE = Dress(coat=(46, 44, 54), trousers=(34, 34, 42))


def backdrop(canvas: Canvas) -> None:
    """Draw the street."""
    canvas.fade((10, 14, 30), (38, 40, 62), height=470)
    for n in range(60):
        canvas.disc(n * 397 % 1320, n * 131 % 230, 1 + n % 2, (190, 196, 216, 170))
    canvas.disc(1120, 90, 34, (226, 222, 200))
    canvas.disc(1134, 82, 30, (16, 20, 38))
    for n, (x, width, height) in enumerate(
        ((-20, 240, 330), (236, 200, 260), (450, 280, 370), (744, 210, 290), (968, 380, 340))
    ):
        _house(canvas, x, 470 - height, width, height, seed=n)
    canvas.fade((44, 44, 52), (28, 28, 34), y=470, height=290)
    canvas.polygon([(0, 556), (1320, 556), (1320, 760), (0, 760)], (24, 25, 30))
    for x in range(-20, 1340, 150):
        canvas.polygon([(x, 660), (x + 84, 660), (x + 78, 668), (x - 8, 668)], (128, 126, 110))
    canvas.box(0, 550, 1320, 8, (72, 72, 78))
    for x in (150, 560, 980):
        _lamp(canvas, x, 556)


def _house(canvas: Canvas, x: float, y: float, width: float, height: float, *, seed: int) -> None:
    canvas.box(x, y, width, height, (26 + 3 * seed, 28 + 2 * seed, 42))
    for row in range(int(height // 62)):
        for column in range(int(width // 58)):
            lit = (row * 7 + column * 5 + seed * 3) % 4 == 0
            tone = (236, 198, 122) if lit else (40, 44, 60)
            canvas.box(x + 20 + column * 58, y + 20 + row * 62, 28, 34, tone)


def _lamp(canvas: Canvas, x: float, y: float) -> None:
    canvas.line([(x, y), (x, y - 250), (x + 16, y - 270), (x + 66, y - 274)], (64, 66, 74), 7)
    canvas.polygon([(x + 40, y - 268), (x + 92, y - 268), (x + 236, y + 60), (x - 104, y + 60)], (250, 224, 150, 26))
    canvas.polygon([(x + 50, y - 268), (x + 82, y - 268), (x + 176, y + 44), (x - 44, y + 44)], (250, 224, 150, 34))
    canvas.disc(x + 66, y + 40, 150, (250, 224, 150, 30), flat=0.22)
    for radius in (34, 22, 12):
        canvas.disc(x + 66, y - 270, radius, (255, 236, 176, 60 if radius > 12 else 255))  # noqa: PLR2004 - the lamp itself


def act(canvas: Canvas, t: float) -> None:
    """Drive by, walk by, and sweep the torch."""
    _car(canvas, walker_x(t, start=260, speed=170, left=-420, right=1700), 640)
    person(canvas, walker_x(t, start=1000, speed=-40), 574, 128, _SHADE, step=t * 5.2)
    person(canvas, walker_x(t, start=420, speed=34), 570, 122, OFFICER, step=t * 4.6 + 2)
    aim = 660 + 300 * math.sin(t * 0.55)
    for spread, strength in ((1.0, 22), (0.75, 24), (0.5, 28)):
        reach = 210 * spread
        canvas.polygon([(640, 790), (680, 790), (aim + reach, 560), (aim - reach, 560)], (255, 246, 214, strength))
        canvas.disc(aim, 560, reach, (255, 246, 214, strength + 10), flat=0.42)


def _car(canvas: Canvas, x: float, y: float) -> None:
    canvas.polygon([(x + 176, y - 42), (x + 520, y - 96), (x + 540, y + 34), (x + 176, y - 20)], (255, 240, 190, 46))
    canvas.disc(x, y + 6, 190, (0, 0, 0, 90), flat=0.1)
    canvas.polygon([(x - 90, y - 52), (x - 54, y - 96), (x + 62, y - 96), (x + 108, y - 52)], (58, 66, 84))
    canvas.polygon([(x - 76, y - 54), (x - 48, y - 88), (x + 2, y - 88), (x + 2, y - 54)], (110, 126, 148))
    canvas.polygon([(x + 10, y - 54), (x + 10, y - 88), (x + 56, y - 88), (x + 90, y - 54)], (110, 126, 148))
    canvas.box(x - 176, y - 56, 352, 50, (72, 84, 108), radius=18)
    for wheel in (x - 104, x + 108):
        canvas.disc(wheel, y - 4, 30, (18, 18, 20))
        canvas.disc(wheel, y - 4, 16, (120, 122, 128))
    canvas.disc(x + 170, y - 36, 10, (255, 246, 210))
    canvas.disc(x - 172, y - 36, 8, (214, 40, 36))
