"""The scenes that the demonstration's cameras see. All drawn, nobody real in them.

A scene is drawn in a world of `WORLD` units, a little larger than the picture, so that a hand-held camera can sway.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from liuhen.server.demo.scenes import building_site, demolition, market, night, office

if TYPE_CHECKING:
    from liuhen.server.demo.canvas import Canvas

__all__ = ["SCENES", "Scene"]


class Scene(Protocol):
    """One place: what stands still, and what moves."""

    def backdrop(self, canvas: Canvas) -> None:
        """Draw what stands still."""
        ...

    def act(self, canvas: Canvas, t: float) -> None:
        """Draw what moves, as it is `t` seconds after the beginning."""
        ...


SCENES: Final[dict[str, Scene]] = {
    "building-site": building_site,
    "demolition": demolition,
    "market": market,
    "night": night,
    "office": office,
}
