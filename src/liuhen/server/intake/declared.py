"""What is kept of a text that a station declares: a name that is safe to show, a code that can be one. Pure."""

from __future__ import annotations

from typing import Final

from liuhen.core.naming import decode_name, visible

__all__ = ["kept_code", "shown_name"]

_SHOWN_HEAD: Final = 399
_SHOWN_TAIL: Final = 200
_MAX_CODE: Final = 40


def shown_name(raw: bytes) -> str:
    """Return a raw name as one safe line of at most 600 characters; a longer one loses its middle, not its ending."""
    shown = visible(decode_name(raw)[0])
    if len(shown) <= _SHOWN_HEAD + _SHOWN_TAIL + 1:
        return shown
    return f"{shown[:_SHOWN_HEAD]}…{shown[-_SHOWN_TAIL:]}"


def kept_code(declared: str) -> str:
    """Return an officer's declared code; "" where it is longer than any number of a certificate."""
    return declared if len(declared) <= _MAX_CODE else ""
