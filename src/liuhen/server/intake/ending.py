"""The end of an upload that is not sealed: its row and the event that says why. Whoever ends it removes its area after.

Below `services` and `sweep`, which both end uploads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from liuhen.core.events import EventType
from liuhen.server.intake.models import Upload, UploadState
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.ledger import services as ledger

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping
    from datetime import datetime

    from liuhen.server.kernel.actor import Actor

__all__ = ["end_upload", "expire_upload", "is_overdue"]


def is_overdue(upload: Upload, at: datetime) -> bool:
    """Tell whether the upload was not finished in time."""
    return upload.state == UploadState.RECEIVING and upload.expires_at <= at


@transaction.atomic
def expire_upload(*, upload: uuid.UUID, at: datetime) -> bool:
    """End an upload that was not finished in time; False where it is not, or no longer, overdue."""
    found = Upload.objects.select_for_update().filter(id=upload).first()
    if found is None or not is_overdue(found, at):
        return False
    end_upload(found, UploadState.EXPIRED, "expired", actor=SYSTEM, at=at)
    return True


def end_upload(
    upload: Upload,
    state: UploadState,
    reason: str,
    *,
    actor: Actor,
    at: datetime,
    facts: Mapping[str, Any] | None = None,
) -> None:
    """Put the upload into its last `state`, for `reason` (a code), with its event; in the caller's transaction."""
    upload.state = state
    upload.ended_at = at
    upload.save(update_fields=["state", "ended_at", "received_sha256"])
    collection = str(upload.collection_id)
    ledger.record(
        type=EventType.UPLOAD_REFUSED,
        subject=f"upload/{upload.id}",
        actor=actor,
        at=at,
        facts={"reason": reason, "collection": collection, "length": upload.length, **(facts or {})},
    )
