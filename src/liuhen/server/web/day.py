"""The day's intake in numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.db.models import Sum
from django.utils import timezone

from liuhen.core.entry import Entry
from liuhen.core.events import EventType
from liuhen.server.access.models import Viewing
from liuhen.server.ledger.models import Event
from liuhen.server.recordings.selectors import visible_to

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    from liuhen.server.kernel.actor import Actor
    from liuhen.server.recordings.models import Recording

__all__ = ["Day", "day_of"]

_SHOWN: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What came in since midnight, of what the actor may see.

    `size` in bytes, `duration_ms` of all that have a length. Of `count` recordings the server has read `digested` once
    more, and found `differing` to differ from their digests; of `attributed` the officer is known. `viewings` are the
    viewings opened that day. `newest` are its latest recordings, or the latest of all where the day has none.
    """

    count: int
    size: int
    duration_ms: int
    digested: int
    differing: int
    attributed: int
    viewings: int
    newest: tuple[Recording, ...]

    @property
    def attributed_share(self) -> float | None:
        """The part of the recordings whose officer is known, in per cent."""
        return 100 * self.attributed / self.count if self.count else None


def day_of(*, actor: Actor, at: datetime) -> Day:
    """Count the day of `at` in the agency's time zone."""
    midnight = timezone.localtime(at).replace(hour=0, minute=0, second=0, microsecond=0)
    seen = visible_to(actor)
    day = seen.filter(sealed_at__gte=midnight)
    ids = list(day.values_list("id", flat=True))
    agreements = list(_agreements(ids))
    totals = day.aggregate(size=Sum("size", default=0), duration=Sum("duration_ms", default=0))
    newest = (day if ids else seen).order_by("-sealed_at", "-id")[:_SHOWN]
    return Day(
        count=len(ids),
        size=totals["size"],
        duration_ms=totals["duration"],
        digested=len(agreements),
        differing=agreements.count(False),
        attributed=day.filter(officer__isnull=False).count(),
        viewings=Viewing.objects.filter(at__gte=midnight, ticket__recording__in=seen.values("id")).count(),
        newest=tuple(newest),
    )


def _agreements(recordings: Iterable[UUID]) -> Iterable[bool]:
    """Yield, for each of the recordings that the server has digested again, whether its digests agree."""
    subjects = [f"recording/{recording}" for recording in recordings]
    events = Event.objects.filter(type=EventType.RECORDING_DIGESTED, subject__in=subjects)
    for leaf in events.values_list("leaf", flat=True):
        yield Entry.from_bytes(bytes(leaf)).facts["agree"] is True
