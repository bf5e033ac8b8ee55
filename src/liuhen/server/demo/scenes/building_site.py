"""A building site below the mountains: a frame going up, a tower crane at work, people in helmets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from liuhen.server.demo.scenes.figures import OFFICER, WORKER, cloud, excavator, mountains, person, tree, walker_x

if TYPE_CHECKING:
    from liuhen.server.demo.canvas import Canvas

__all__ = ["act", "backdrop"]

_GROUND = 560
_STEEL = (226, 170, 44)


def backdrop(canvas: Canvas) -> None:
    """Draw the site."""
    canvas.fade((112, 164, 214), (226, 234, 236), height=_GROUND)
    for x, y, size in ((250, 110, 34), (760, 70, 26), (1120, 150, 40)):
        cloud(canvas, x, y, size, (250, 251, 252, 210))
    mountains(canvas, 464, (132, 152, 178), (238, 242, 246))
    for x in range(-20, 1340, 62):
        tree(canvas, x + x % 17, 470, 54 + x % 23, (112, 142, 92))
    canvas.fade((196, 178, 146), (158, 138, 108), y=_GROUND - 100, height=300)
    _frame(canvas)
    _mast(canvas)
    for x in range(0, 1320, 44):
        shade = 8 * (x // 44 % 2)
        canvas.box(x, 486, 44, 70, (44 + shade, 104 + shade, 158 + shade))
        canvas.line([(x + 22, 488), (x + 22, 554)], (36, 90, 140), 2)
    canvas.box(0, 480, 1320, 8, (226, 230, 232))
    for x, width in ((120, 150), (1010, 190)):
        canvas.polygon([(x, 640), (x + width / 2, 580), (x + width, 640)], (172, 148, 110))
        canvas.polygon([(x + width / 2, 580), (x + width, 640), (x + width * 0.6, 640)], (148, 126, 92))


def _frame(canvas: Canvas) -> None:
    """Draw a concrete frame of five floors, the lower ones behind green netting."""
    left, right, base, floor = 420, 900, 492, 66
    for level in range(6):
        y = base - level * floor
        if level < 5:  # noqa: PLR2004 - the top slab carries no columns yet
            canvas.box(left + 6, y - floor, right - left - 12, floor, (112, 116, 120))
            for x in range(left, right + 1, 80):
                canvas.box(x - 7, y - floor, 14, floor, (178, 178, 174))
        canvas.box(left - 14, y - 8, right - left + 28, 11, (196, 196, 190))
    canvas.box(left - 22, base - 3 * floor, right - left + 44, 3 * floor, (58, 132, 88, 178))
    for x in range(left - 22, right + 30, 34):
        canvas.line([(x, base), (x, base - 5 * floor - 24)], (124, 112, 96), 2)
    for level in range(1, 6):
        canvas.line(
            [(left - 22, base - level * floor + 20), (right + 22, base - level * floor + 20)], (124, 112, 96), 2
        )
    for x in range(left + 20, right, 44):
        canvas.line([(x, base - 5 * floor), (x, base - 5 * floor - 26)], (116, 84, 60), 3)


def _mast(canvas: Canvas) -> None:
    canvas.box(1004, 470, 56, 26, (140, 140, 140))
    for x in (1022, 1044):
        canvas.line([(x, 474), (x, 96)], _STEEL, 4)
    for n in range(19):
        y = 474 - n * 20
        ends = (1022, 1044) if n % 2 else (1044, 1022)
        canvas.line([(ends[0], y), (ends[1], y - 20)], _STEEL, 2)
    canvas.box(1016, 96, 36, 34, (236, 238, 240), radius=3)


def act(canvas: Canvas, t: float) -> None:
    """Swing the crane's load, dig, and let people walk."""
    trolley = 690 + 190 * math.sin(t * 0.5)
    hook = 200 + 46 * math.sin(t * 0.37)
    _jib(canvas, trolley, hook, sway=6 * math.sin(t * 2.1))
    excavator(canvas, 300, 668, arm=0.85 + 0.28 * math.sin(t * 1.3), bucket=-0.7 + 0.55 * math.sin(t * 1.3 + 1.1))
    person(canvas, walker_x(t, start=760, speed=52), 640, 118, WORKER, step=t * 6.2)
    person(canvas, walker_x(t, start=1180, speed=-44), 618, 104, WORKER, step=t * 5.6 + 1)
    person(canvas, 900, 712, 190, OFFICER, reach=0.75 + 0.2 * math.sin(t * 1.7))
    person(canvas, 1052, 706, 182, WORKER, reach=-0.35 * (1 + math.sin(t * 2.6)) if t % 4 > 2 else 0)  # noqa: PLR2004 - he gestures half of the time


def _jib(canvas: Canvas, trolley: float, hook: float, *, sway: float) -> None:
    canvas.line([(470, 96), (1180, 96)], _STEEL, 5)
    canvas.line([(500, 78), (1033, 78)], _STEEL, 3)
    for x in range(500, 1020, 26):
        canvas.line([(x, 96), (x + 13, 78), (x + 26, 96)], _STEEL, 2)
    canvas.line([(640, 80), (1033, 34), (1160, 94)], (70, 70, 74), 2)
    canvas.line([(1033, 96), (1033, 34)], _STEEL, 5)
    canvas.box(1128, 92, 52, 36, (128, 128, 126))
    canvas.box(trolley - 12, 94, 24, 10, (60, 60, 64))
    canvas.line([(trolley, 104), (trolley + sway, 104 + hook)], (54, 54, 58), 2)
    load = (trolley + sway, 104 + hook)
    canvas.line([(load[0] - 42, load[1] + 26), load, (load[0] + 42, load[1] + 26)], (54, 54, 58), 2)
    for n in range(3):
        canvas.box(load[0] - 52, load[1] + 26 + 7 * n, 104, 6, (150 - 18 * n, 96 - 10 * n, 62))
