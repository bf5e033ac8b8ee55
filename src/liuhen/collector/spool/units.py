"""The work that a spool makes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.collector.source.tasks import Task, Unit

if TYPE_CHECKING:
    from liuhen.collector.spool.layout import Spool, SpooledFile

__all__ = ["units_of_spool"]


def units_of_spool(spool: Spool) -> tuple[Unit, ...]:
    """Return the work that a spool makes, as it was declared when it was written."""
    attached: dict[str | None, list[Task]] = {}
    for file in spool.files:
        attached.setdefault(file.declaration.attached_to, []).append(_spooled_task(file))
    return tuple(Unit(task, tuple(attached.get(task.upload, ()))) for task in attached.get(None, ()))


def _spooled_task(file: SpooledFile) -> Task:
    declaration = file.declaration
    return Task(
        declaration.path,
        file.size,
        file.mtime_ns,
        declaration.role,
        lambda _: declaration.facts,
        declaration.upload,
        file.digests,
    )
