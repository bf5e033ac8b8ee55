"""Acts that nobody asks for from outside: the worker's, the ledger's, the demonstration's. See `acts`."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["now"]

_MANY: Final = 300
_WORKER: Final = "worker of the test"


def now() -> Any:
    """Return the time of the program's clock."""
    from liuhen.server.kernel import clock

    return clock.now()


# The worker.


def enqueue_analysis() -> None:
    """Have the recording analysed."""
    from django.db import transaction

    from liuhen.server.media.tasks import enqueue_analysis
    from liuhen.server.recordings.models import Recording

    with transaction.atomic():
        enqueue_analysis(Recording.objects.get().id)


def claim() -> None:
    """Take the job."""
    from liuhen.server.kernel.jobs import queue

    queue.claim(worker=_WORKER, lease=timedelta(minutes=1), at=now())


def extend() -> None:
    """Keep its lease alive."""
    from liuhen.server.kernel.jobs import queue
    from liuhen.server.kernel.jobs.models import Job

    for job in Job.objects.filter(worker=_WORKER):
        queue.extend(job_id=job.id, worker=_WORKER, until=now() + timedelta(hours=10))


def note_failure() -> None:
    """Say that a try of it failed."""
    from liuhen.server.kernel.jobs import queue
    from liuhen.server.kernel.jobs.models import Job

    for job in Job.objects.filter(worker=_WORKER):
        queue.note_failure(job_id=job.id, worker=_WORKER, error="an error", at=now())


def hand_back() -> None:
    """Give it back, as a worker that has to stop."""
    from liuhen.server.kernel.jobs import queue

    queue.hand_back(worker=_WORKER)


def fail() -> None:
    """Let its last try fail."""
    from liuhen.server.kernel.jobs.models import Job, JobState

    Job.objects.filter(worker=_WORKER).update(attempts=5, max_attempts=5)
    note_failure()
    assert Job.objects.filter(state=JobState.FAILED).count() == 1


def retry() -> None:
    """Have it tried again, as `liuhen worker --retry-failed` does."""
    from liuhen.server.kernel.jobs import queue

    for job in list(queue.failed()):
        queue.retry(job_id=job.id, at=now())


def work() -> None:
    """Run what is due."""
    from tests.support.jobs import run_due

    run_due()


# The ledger.


def heads() -> None:
    """Write the heads of the day."""
    from liuhen.server.ledger.heads import write_heads

    write_heads(at=now())


def many_events() -> None:
    """Write so many that the batch fills a tile, in place of the partial one."""
    from django.db import transaction

    from liuhen.core.events import EventType
    from liuhen.server.kernel.actor import SYSTEM
    from liuhen.server.ledger import services

    subject = f"recording/{uuid.UUID(int=0x0189_0000_0000_7000_8000_0000_0000_0000)}"
    with transaction.atomic():
        for number in range(_MANY):
            services.record(
                type=EventType.RECORDING_DIGESTED, subject=subject, actor=SYSTEM, at=now(), facts={"number": number}
            )


def sequence() -> None:
    """Sequence what waits."""
    from liuhen.server.ledger.integrator import start_integrator

    start_integrator().stop()


def check() -> None:
    """Check that ledger, rows and vault agree."""
    from liuhen.server.ledger.fsck import check_ledger
    from liuhen.server.vault.stores import originals

    report = check_ledger(deep=lambda ref: originals().verify(ref.sha256))
    if report.exit_code:
        raise RuntimeError(report.discrepancies)


# The demonstration.


def demo_day() -> None:
    """Settle the day of the demonstration's recordings."""
    from django.conf import settings

    from liuhen.server.demo import fill

    fill._day(settings.INSTANCE)


def demo_render() -> None:
    """Render what is missing of the devices' files."""
    from datetime import datetime

    from django.conf import settings

    from liuhen.server.demo import story

    day = datetime(2026, 11, 22)  # noqa: DTZ001 - device time
    assert list(story.render(settings.INSTANCE.home / "demo" / "devices", day))


def demo_tracks() -> None:
    """Render them with nothing but a few bytes in each."""
    from liuhen.server.demo import clips

    def few_bytes(path: Path, **_: object) -> None:
        path.write_bytes(b"film")

    for name in ("h264_mp4", "hevc_mp4", "mjpeg_avi", "photo_jpeg", "voice_wav", "damaged"):
        setattr(clips, name, few_bytes)
    demo_render()


def demo_cast() -> None:
    """Make the demonstration's people."""
    from django.conf import settings

    from liuhen.server.demo import cast

    cast.ensure_cast(settings.INSTANCE)


def demo_station() -> None:
    """Make the demonstration's station and its key file."""
    from django.conf import settings

    from liuhen.server.demo import fill

    fill._station_key(settings.INSTANCE)
