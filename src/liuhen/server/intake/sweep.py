"""The sweep: expires what was not finished in time and clears the staging areas of what has ended.

Objects without rows are the vault's own sweeper's to find (`liuhen vault sweep`).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Final

from liuhen.core.forms import is_uuid
from liuhen.server.intake import live
from liuhen.server.intake.ending import expire_upload
from liuhen.server.intake.models import Upload, UploadState
from liuhen.server.intake.selectors import live_uploads
from liuhen.server.vault.errors import StageLockedError

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

    from liuhen.server.vault.interfaces import Store

__all__ = ["UploadSweep", "sweep"]

_BATCH: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSweep:
    """What a sweep did: uploads `expired`, areas `cleared`, and those `busy` in another request, left for the next."""

    expired: tuple[uuid.UUID, ...]
    cleared: tuple[uuid.UUID, ...]
    busy: tuple[uuid.UUID, ...]


def sweep(store: Store, *, at: datetime) -> UploadSweep:
    """Expire overdue uploads, then clear the areas of uploads that have ended or were sealed.

    A row is ended before its area is cleared, and an area is open while its row is ended: a request that is writing
    keeps its upload. An area without a row is left to the vault's sweeper, which waits until it is old.
    """
    expired: list[uuid.UUID] = []
    cleared: list[uuid.UUID] = []
    busy: list[uuid.UUID] = []
    overdue = Upload.objects.filter(state=UploadState.RECEIVING, expires_at__lte=at).values_list("id", flat=True)
    for upload in list(overdue):
        try:
            with store.stage(str(upload)) as staged:
                if expire_upload(upload=upload, at=at):
                    expired.append(upload)
                    staged.discard()
                    live.forget(upload)
        except StageLockedError:
            busy.append(upload)
    for upload in _leftovers(store):
        try:
            with store.stage(str(upload)) as staged:
                staged.discard()
        except StageLockedError:
            busy.append(upload)
        else:
            cleared.append(upload)
    return UploadSweep(expired=tuple(expired), cleared=tuple(cleared), busy=tuple(busy))


def _leftovers(store: Store) -> list[uuid.UUID]:
    """Return the uploads that have an area and need none."""
    found: list[uuid.UUID] = []
    keys = (area.key for area in store.staged() if is_uuid(area.key))
    for batch in batched(keys, _BATCH):
        known = Upload.objects.filter(id__in=batch).values_list("id", flat=True)
        alive = live_uploads(frozenset(batch))
        found.extend(upload for upload in known if str(upload) not in alive)
    return found
