"""Daily heads: once a day every subject's newest event is committed, so that leaving events out shows.

The heads are a file `heads/<day>.json` beside the tiles (canonical JSON: day and a list of subject, n, leaf hash,
sorted by subject); the `ledger:heads` event holds its SHA-256 and length. The day is a day of UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from liuhen.core.canonical import canonical
from liuhen.core.digests import sha256
from liuhen.core.entry import EventType
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.ledger import selectors, services
from liuhen.server.ledger.models import Event, SubjectHead

if TYPE_CHECKING:
    from datetime import datetime

    from liuhen.server.ledger.files import LedgerFolder

__all__ = ["heads_path", "write_heads"]

_done: dict[str, str] = {}


def heads_path(day: str) -> str:
    """Return the place of a day's heads below the ledger's folder."""
    return f"heads/{day}.json"


def write_heads(folder: LedgerFolder, at: datetime) -> bool:
    """Commit the heads of the day of `at`, if that was not done; return whether it was now.

    The file is durable before the event names it; a crash between the two leaves a file that the next run replaces.
    """
    day = at.date().isoformat()
    place = str(folder.root)
    if _done.get(place) == day:
        return False
    with transaction.atomic():
        newest = Event.objects.filter(type=EventType.LEDGER_HEADS).order_by("-seq").first()
        if newest is not None and newest.time.date().isoformat() >= day:
            _done[place] = day
            return False
        rows = SubjectHead.objects.order_by("subject").values_list("subject", "n", "leaf_hash")
        heads = [[subject, n, bytes(leaf).hex()] for subject, n, leaf in rows]
        data = canonical({"v": 1, "day": day, "heads": heads})
        folder.write_all([(heads_path(day), data)])
        services.record(
            type=EventType.LEDGER_HEADS,
            subject=selectors.ledger_subject(),
            actor=SYSTEM,
            at=at,
            facts={"day": day, "subjects": len(heads), "sha256": sha256(data).hex(), "size": len(data)},
        )
    _done[place] = day
    return True
