"""Where upper apps register the rows that the ledger's entries determine.

The ledger may not import them. A registration by name can be read and counted, as receivers of a signal cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from liuhen.server.ledger.interfaces import Projection

__all__ = ["projections", "register_projection"]

_makers: dict[str, Callable[[], Projection]] = {}


def register_projection(name: str, make: Callable[[], Projection]) -> None:
    """Let every fsck make a projection with `make`; a second call with the same name replaces the first."""
    _makers[name] = make


def projections() -> list[Projection]:
    """Return one new projection of each kind."""
    return [make() for make in _makers.values()]
