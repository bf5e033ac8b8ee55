"""The worker's jobs on one recording: `analyse` says what it is, `derive` makes what people look at.

They are apart so that a new recording is digested and probed before the previews of older ones are encoded. Both may
be repeated, and may run twice at a time: each step looks whether it was done.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.tasks import task

from liuhen.server.kernel import clock
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.kernel.jobs.backend import enqueue_once
from liuhen.server.media import analysis, services
from liuhen.server.media.errors import MediaRefusedError, OriginalDiffersError
from liuhen.server.media.plan import planned
from liuhen.server.media.selectors import derivatives_of
from liuhen.server.recordings.models import Recording, RecordingKind, RecordingState

if TYPE_CHECKING:
    import uuid

__all__ = ["analyse", "derive", "enqueue_analysis"]

_log: Final = logging.getLogger(__name__)
_SOON: Final = 10


def enqueue_analysis(recording_id: uuid.UUID) -> None:
    """Have a recording analysed; in the caller's transaction. Repeating it adds nothing."""
    enqueue_once(analyse, f"analyse/{recording_id}", str(recording_id))


@task(priority=_SOON)
def analyse(recording_id: str) -> str:
    """Digest and probe the original, and have its derivatives made; return the recording's state."""
    recording = Recording.objects.get(id=recording_id)
    noted = services.noted_digests(recording)
    if noted is None or noted.sha256 != recording.sha256:
        digests = analysis.read_digests(recording)
        services.keep_digests(recording=recording, digests=digests, actor=SYSTEM, at=clock.now())
        if digests.sha256 != recording.sha256:
            # The event is in the ledger; nothing may be derived from bytes that are not the original.
            raise OriginalDiffersError(recording=recording.id)
    if recording.state == RecordingState.SEALED:
        found = analysis.examine(recording)
        with transaction.atomic():
            services.keep_analysis(recording=recording, analysis=found, actor=SYSTEM, at=clock.now())
            if found.readable:
                enqueue_once(derive, f"derive/{recording.id}", str(recording.id))
    recording.refresh_from_db(fields=["state"])
    return recording.state


@task
def derive(recording_id: str) -> dict[str, str]:
    """Make the derivatives that are missing; return, by kind, `made`, `kept` or the defect that stands in its way."""
    recording = Recording.objects.get(id=recording_id)
    outcome = {made.kind: "kept" for made in derivatives_of(recording)}
    dues = planned(RecordingKind(recording.kind), duration_ms=recording.duration_ms, media=recording.media)
    for due in dues:
        if due.kind in outcome:
            continue
        with analysis.working_folder() as folder:
            try:
                made = analysis.make(recording, due, folder)
            except MediaRefusedError as refusal:
                # A verdict about the file: the same tool would say the same again.
                _log.warning("recording %s: no %s: %s", recording.id, due.kind, refusal)
                outcome[due.kind] = refusal.where["defect"].value
                continue
            services.keep_derivative(recording=recording, kind=due.kind, made=made, actor=SYSTEM, at=clock.now())
            outcome[due.kind] = "made"
    return outcome
