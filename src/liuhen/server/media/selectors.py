"""Reads of derivatives. Whoever asks has found the recording within its actor's scope."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.server.media.models import Derivative

if TYPE_CHECKING:
    from liuhen.server.recordings.models import Recording

__all__ = ["derivatives_of", "known_derivatives"]


def derivatives_of(recording: Recording) -> tuple[Derivative, ...]:
    """Return what was computed from `recording` so far, in the order made."""
    return tuple(Derivative.objects.filter(recording=recording).order_by("made_at", "id"))


def known_derivatives(addresses: frozenset[str]) -> frozenset[str]:
    """Return those of `addresses` (a few hundred at a time) that a row names."""
    return frozenset(Derivative.objects.filter(sha256__in=addresses).values_list("sha256", flat=True))
