"""Identifiers: UUID version 7, so that rows sort by the time they were made."""

from __future__ import annotations

import secrets
import threading
import uuid
from typing import Final

from liuhen.server.kernel import clock

__all__ = ["new_id", "uuid7"]

_RANDOM_BITS: Final = 74
_lock = threading.Lock()
_last: int = 0


def uuid7(*, unix_ms: int, random: int) -> uuid.UUID:
    """Build a UUIDv7 (RFC 9562 section 5.7) from milliseconds since 1970 and 74 random bits."""
    value = (unix_ms & ((1 << 48) - 1)) << 80
    value |= 0x7 << 76
    value |= (random >> 62 & 0xFFF) << 64
    value |= 0b10 << 62
    value |= random & ((1 << 62) - 1)
    return uuid.UUID(int=value)


def new_id() -> uuid.UUID:
    """Return a new UUIDv7, greater than every one that this process returned before."""
    global _last  # noqa: PLW0603 - the order of ids within a process is the point
    unix_ms = int(clock.now().timestamp() * 1000)
    with _lock:
        candidate = uuid7(unix_ms=unix_ms, random=secrets.randbits(_RANDOM_BITS)).int
        if candidate <= _last:
            candidate = _successor(_last)
        _last = candidate
        return uuid.UUID(int=candidate)


def _successor(value: int) -> int:
    """Return the next UUIDv7: the random part counts up, past it the millisecond."""
    rand_b = (value & ((1 << 62) - 1)) + 1
    rand_a = value >> 64 & 0xFFF
    unix_ms = value >> 80
    carry, rand_b = divmod(rand_b, 1 << 62)
    carry, rand_a = divmod(rand_a + carry, 1 << 12)
    return uuid7(unix_ms=unix_ms + carry, random=rand_a << 62 | rand_b).int
