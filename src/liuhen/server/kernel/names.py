"""Names that people type: kept as they are seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.core.naming import visible
from liuhen.server.kernel.errors import NameInvalidError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["checked_name"]

_SHOWN = 60


def checked_name(name: str, *, what: Mapping[str, str], limit: int) -> str:
    """Return `name` without blanks at its ends.

    It stands in the ledger for ever and is printed on terminals: what cannot be seen is refused, not removed.

    Args:
        name: as typed.
        what: the kind of name in both languages, as `core.errors.both` makes it.
        limit: characters.

    Raises:
        NameInvalidError: it cannot be used.
    """
    kept = name.strip()
    if not 1 <= len(kept) <= limit or visible(kept) != kept:
        raise NameInvalidError(what=what, name=visible(name)[:_SHOWN], limit=limit)
    return kept
