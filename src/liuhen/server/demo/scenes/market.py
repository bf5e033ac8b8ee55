"""A street market: stalls under striped awnings, people going by, goods on the pavement."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liuhen.server.demo.scenes.figures import CITIZEN, OFFICER, Dress, cloud, person, tree, walker_x

if TYPE_CHECKING:
    from liuhen.server.demo.canvas import Canvas, Colour

__all__ = ["act", "backdrop"]

_FRUIT: tuple[Colour, ...] = ((206, 60, 48), (232, 158, 44), (118, 164, 62), (150, 62, 106), (236, 206, 84))
_AWNINGS: tuple[Colour, ...] = ((186, 52, 46), (40, 112, 132), (206, 140, 44), (70, 122, 74))
_COATS: tuple[Colour, ...] = ((158, 86, 92), (72, 104, 132), (146, 128, 82))


def backdrop(canvas: Canvas) -> None:
    """Draw the street."""
    canvas.fade((146, 190, 222), (236, 230, 214), height=420)
    for x, y, size in ((180, 80, 28), (1000, 60, 34)):
        cloud(canvas, x, y, size, (252, 252, 252, 200))
    for n, (x, width, height) in enumerate(
        ((-20, 300, 300), (280, 260, 350), (540, 330, 280), (870, 240, 330), (1110, 240, 290))
    ):
        _house(canvas, x, 440 - height, width, height, tone=n)
    canvas.fade((178, 172, 162), (138, 132, 124), y=430, height=330)
    canvas.polygon([(0, 560), (1320, 540), (1320, 760), (0, 760)], (112, 110, 110))
    canvas.line([(0, 560), (1320, 540)], (206, 202, 192), 8)
    for n, x in enumerate((60, 370, 690, 1000)):
        _stall(canvas, x, 330, _AWNINGS[n], seed=n)
    for x in (20, 1290):
        tree(canvas, x, 500, 210, (126, 156, 84))


def _house(canvas: Canvas, x: float, y: float, width: float, height: float, *, tone: int) -> None:
    wall = ((214, 190, 158), (196, 172, 150), (224, 204, 176), (188, 178, 170), (208, 184, 150))[tone]
    canvas.box(x, y, width, height, wall)
    canvas.box(x - 6, y - 10, width + 12, 14, (122, 84, 66))
    for row in range(int(height // 90)):
        for column in range(int(width // 74)):
            left, top = x + 26 + column * 74, y + 26 + row * 84
            canvas.box(left - 4, top - 4, 44, 56, (238, 232, 220))
            canvas.box(left, top, 36, 48, (112, 142, 162))
            canvas.line([(left + 18, top), (left + 18, top + 48)], (238, 232, 220), 3)
    canvas.box(
        x + 14, y + height - 84, width - 28, 30, ((150, 40, 38), (36, 78, 112), (60, 96, 62))[tone % 3], radius=3
    )


def _stall(canvas: Canvas, x: float, y: float, colour: Colour, *, seed: int) -> None:
    for post in (x + 6, x + 248):
        canvas.box(post, y + 40, 7, 180, (120, 104, 88))
    canvas.box(x, y + 128, 260, 16, (150, 112, 76))
    canvas.box(x + 8, y + 144, 244, 74, (124, 90, 62))
    for row in range(2):
        for n in range(11):
            fruit = _FRUIT[(n // 3 + row + seed) % len(_FRUIT)]
            canvas.disc(x + 24 + n * 21.5, y + 124 - row * 15 + n % 2 * 3, 10, fruit)
    for n in range(8):
        left = x - 14 + n * 36
        stripe = colour if n % 2 else (244, 240, 232)
        canvas.polygon([(left + 8, y), (left + 40, y), (left + 36, y + 52), (left, y + 52)], stripe)
        canvas.disc(left + 18, y + 52, 18, stripe, flat=0.5)


def act(canvas: Canvas, t: float) -> None:
    """Let people go by; an officer speaks with a trader."""
    for n, coat in enumerate(_COATS):
        speed = (46, -38, 30)[n]
        dress = Dress(coat=coat, trousers=(64, 66, 78))
        person(canvas, walker_x(t, start=200 + 390 * n, speed=speed), 566 + 6 * n, 124, dress, step=t * 5.2 + n)
    for n in range(9):
        x = 40 + n * 150
        y = 288 + 26 * math.sin(math.pi * (n % 3) / 2) + 3 * math.sin(t * 2 + n)
        canvas.disc(x, y, 15, (200, 44, 36), flat=1.15)
        canvas.box(x - 6, y - 20, 12, 5, (226, 178, 60))
        canvas.line([(x, y + 17), (x + 2 * math.sin(t * 2 + n), y + 32)], (226, 178, 60), 3)
    _tricycle(canvas, walker_x(t, start=1180, speed=-92, left=-220, right=1540), 640, t)
    person(canvas, 520, 724, 204, OFFICER, reach=0.55 + 0.25 * math.sin(t * 1.4))
    person(canvas, 700, 720, 198, CITIZEN, reach=-0.5 - 0.3 * math.sin(t * 2.2))


def _tricycle(canvas: Canvas, x: float, y: float, t: float) -> None:
    canvas.box(x, y - 74, 120, 46, (58, 108, 152), radius=4)
    for n in range(5):
        canvas.disc(x + 18 + n * 22, y - 78, 12, _FRUIT[n % 2 + 2])
    canvas.line([(x, y - 40), (x - 60, y - 44), (x - 74, y - 92)], (52, 52, 56), 5)
    person(canvas, x - 30, y - 18, 116, Dress(coat=(98, 92, 74), trousers=(54, 54, 62)), step=t * 7, reach=-0.5)
    for wheel in (x - 66, x + 30, x + 96):
        canvas.disc(wheel, y - 20, 24, (40, 40, 42))
        canvas.disc(wheel, y - 20, 17, (176, 176, 178))
        for spoke in range(3):
            angle = -t * 5 + spoke * math.pi / 3
            dx, dy = 16 * math.cos(angle), 16 * math.sin(angle)
            canvas.line([(wheel - dx, y - 20 - dy), (wheel + dx, y - 20 + dy)], (90, 90, 94), 2)
