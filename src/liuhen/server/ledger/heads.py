"""Daily heads: once a day every subject's newest event is committed to, so that leaving events out shows.

The heads are a file `heads/<date>.json` beside the tiles: canonical JSON `{"v":1,"date":...,"heads":[[subject, n,
leaf hash], ...]}`, sorted by subject, of all events before the `ledger:heads` event that names the file's SHA-256 and
size. The day is a day of UTC.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction

from liuhen.core.canonical import canonical
from liuhen.core.digests import sha256
from liuhen.core.entry import ObjectRef
from liuhen.core.events import EventType
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.ledger import selectors, services
from liuhen.server.ledger.files import HEADS_FOLDER, heads_path
from liuhen.server.ledger.models import Event, SubjectHead

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from liuhen.server.ledger.files import LedgerFolder

__all__ = ["HEADS_ROLE", "encode_heads", "write_heads"]

HEADS_ROLE: Final = "heads"


def encode_heads(date: str, heads: Iterable[tuple[str, int, bytes]]) -> bytes:
    """Return the file of the heads of `date` (ISO); `heads` are subject, n and leaf hash in any order."""
    rows = sorted([subject, n, leaf.hex()] for subject, n, leaf in heads)
    return canonical({"v": 1, "date": date, "heads": rows})


def write_heads(*, at: datetime, folder: LedgerFolder | None = None) -> Event | None:
    """Commit to the heads of the day of `at`; None where that day or a later one has its heads.

    The file is durable before the event names it. A crash between the two leaves a file that no event names; the next
    call replaces or removes it.
    """
    folder = folder or selectors.ledger_folder()
    date = at.date().isoformat()
    with transaction.atomic():
        subject = selectors.ledger_subject()
        newest = Event.objects.filter(type=EventType.LEDGER_HEADS, subject=subject).order_by("-n").first()
        done = "" if newest is None else newest.time.date().isoformat()
        if date <= done:
            return None
        _remove_unnamed(folder, after=done)
        rows = SubjectHead.objects.filter(n__gte=0).values_list("subject", "n", "leaf_hash")
        heads = [(name, n, bytes(leaf)) for name, n, leaf in rows]
        data = encode_heads(date, heads)
        folder.put(heads_path(date), data)
        return services.record(
            type=EventType.LEDGER_HEADS,
            subject=subject,
            actor=SYSTEM,
            at=at,
            objects=[ObjectRef(HEADS_ROLE, sha256(data).hex(), None, len(data))],
            facts={"date": date, "count": len(heads)},
        )


def _remove_unnamed(folder: LedgerFolder, *, after: str) -> None:
    for path in (folder.root / HEADS_FOLDER).glob("*.json"):
        if path.stem > after:
            folder.remove(heads_path(path.stem))
