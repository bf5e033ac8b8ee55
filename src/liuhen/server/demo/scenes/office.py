"""An office: a document is handed over a desk and signed for."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liuhen.server.demo.scenes.figures import CITIZEN, OFFICER, person

if TYPE_CHECKING:
    from liuhen.server.demo.canvas import Canvas

__all__ = ["act", "backdrop"]


def backdrop(canvas: Canvas) -> None:
    """Draw the room."""
    canvas.fade((232, 228, 218), (214, 208, 196), height=520)
    canvas.box(0, 516, 1320, 14, (150, 128, 104))
    canvas.fade((172, 142, 108), (138, 110, 82), y=530, height=230)
    for x in range(-200, 1500, 130):
        canvas.line([(660 + (x - 660) * 0.6, 530), (x, 760)], (126, 100, 74), 2)
    _window(canvas, 90, 90)
    _cabinet(canvas, 1010, 170)
    canvas.box(560, 70, 210, 128, (178, 40, 36), radius=4)
    canvas.box(568, 78, 194, 112, (190, 48, 42), radius=3)
    for n, width in enumerate((128, 96, 142)):
        canvas.box(665 - width / 2, 98 + 28 * n, width, 12, (242, 212, 128))
    canvas.disc(880, 130, 52, (92, 84, 76))
    canvas.disc(880, 130, 46, (250, 249, 245))
    for n in range(12):
        angle = n * math.pi / 6
        canvas.disc(880 + 38 * math.sin(angle), 130 - 38 * math.cos(angle), 3, (60, 60, 60))
    canvas.box(0, 500, 46, 90, (150, 84, 60), radius=6)
    for n in range(7):
        angle = -0.9 + n * 0.3
        canvas.line([(22, 504), (22 + 90 * math.sin(angle), 504 - 120 * math.cos(angle))], (72, 122, 72), 11)


def _window(canvas: Canvas, x: float, y: float) -> None:
    canvas.box(x - 14, y - 14, 388, 318, (246, 244, 240))
    canvas.box(x, y, 360, 290, (168, 206, 230))
    canvas.polygon(
        [
            (x, y + 240),
            (x + 110, y + 130),
            (x + 200, y + 210),
            (x + 290, y + 110),
            (x + 360, y + 200),
            (x + 360, y + 290),
            (x, y + 290),
        ],
        (138, 160, 178),
    )
    canvas.box(x, y + 236, 360, 54, (134, 158, 108))
    canvas.box(x + 174, y, 12, 290, (246, 244, 240))
    canvas.box(x, y + 96, 360, 10, (246, 244, 240))
    canvas.box(x - 30, y + 290, 420, 18, (226, 222, 214))
    for fold in range(5):
        canvas.box(x - 52 + fold * 14, y - 24, 10, 330, (198 - fold * 5, 178 - fold * 5, 140))


def _cabinet(canvas: Canvas, x: float, y: float) -> None:
    canvas.box(x, y, 240, 350, (176, 182, 188), radius=4)
    for row in range(3):
        canvas.box(x + 12, y + 14 + row * 112, 216, 98, (150, 158, 166), radius=3)
        for n in range(9):
            tone = ((62, 92, 142), (158, 58, 52), (206, 186, 132), (84, 120, 92))[(n + row) % 4]
            canvas.box(x + 22 + n * 22, y + 28 + row * 112 + n % 3 * 4, 18, 84 - n % 3 * 4, tone)
            canvas.box(x + 26 + n * 22, y + 44 + row * 112, 10, 18, (240, 238, 232))


def act(canvas: Canvas, t: float) -> None:
    """Hand the document over, take it back signed."""
    second = t * math.pi / 30
    canvas.line([(880, 130), (880 + 22 * math.sin(1.1), 130 - 22 * math.cos(1.1))], (40, 40, 40), 5)
    canvas.line([(880, 130), (880 + 34 * math.sin(4.4), 130 - 34 * math.cos(4.4))], (40, 40, 40), 4)
    canvas.line([(880, 130), (880 + 38 * math.sin(second), 130 - 38 * math.cos(second))], (190, 40, 36), 2)
    share = 0.5 - 0.5 * math.cos(t * 0.9)
    person(canvas, 430, 660, 330, OFFICER, reach=0.55 + 0.45 * share)
    person(canvas, 900, 664, 326, CITIZEN, reach=-0.45 - 0.4 * (1 - share))
    _desk(canvas)
    x, y = 600 + 120 * share, 470 - 26 * math.sin(share * math.pi)
    canvas.polygon([(x, y), (x + 76, y - 8), (x + 92, y + 34), (x + 12, y + 44)], (252, 251, 247))
    for n in range(4):
        canvas.line([(x + 14 + 2 * n, y + 6 + 8 * n), (x + 70 + 3 * n, y + 1 + 8 * n)], (126, 130, 138), 2)
    if share > 0.6:  # noqa: PLR2004 - signed and sealed once it is on the other side
        canvas.disc(x + 70, y + 24, 10, (200, 40, 36, 190))


def _desk(canvas: Canvas) -> None:
    canvas.polygon([(250, 520), (1090, 520), (1150, 580), (190, 580)], (164, 118, 78))
    canvas.box(190, 580, 960, 140, (134, 94, 62))
    canvas.box(210, 596, 300, 108, (148, 106, 70), radius=4)
    canvas.box(830, 596, 300, 108, (148, 106, 70), radius=4)
    canvas.polygon([(300, 470), (400, 462), (412, 534), (310, 542)], (46, 50, 56))
    canvas.polygon([(308, 477), (393, 470), (403, 527), (317, 534)], (112, 160, 196))
    canvas.box(1000, 494, 46, 40, (60, 84, 74), radius=6)
    canvas.line([(1012, 494), (1006, 452)], (44, 60, 120), 4)
    canvas.line([(1030, 494), (1040, 456)], (150, 40, 36), 4)
