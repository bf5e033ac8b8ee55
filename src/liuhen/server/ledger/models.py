"""The ledger's tables: events, the head of each subject, and the checkpoints that were signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import models

from liuhen.server.kernel.models import AppendOnlyModel

if TYPE_CHECKING:
    import uuid
    from datetime import datetime

__all__ = ["CheckpointRow", "Event", "SubjectHead"]


class Event(AppendOnlyModel):
    """One custody event; written by `services.record` alone. `index` is its place in the tree, set once.

    `leaf` holds the exact entry bytes; the columns before it repeat what they say, to be searched. `private` is the
    canonical JSON of the details that the entry only commits to, and `salt` opens that commitment; both are null where
    the event has none. Triggers refuse every other change and every deletion (migration 0002).
    """

    seq = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True, editable=False)
    type = models.CharField(max_length=40)
    time = models.DateTimeField()
    subject = models.CharField(max_length=80)
    n = models.BigIntegerField()
    actor = models.CharField(max_length=60)
    leaf = models.BinaryField()
    leaf_hash = models.BinaryField(max_length=32)
    salt = models.BinaryField(max_length=32, null=True)
    private = models.BinaryField(null=True)
    index = models.BigIntegerField(null=True, unique=True)

    if TYPE_CHECKING:  # the stubs lose the types of fields that replace an abstract base's

        def __init__(
            self,
            *,
            seq: int,
            id: uuid.UUID,  # noqa: A002 - the column's name
            type: str,  # noqa: A002 - the column's name
            time: datetime,
            subject: str,
            n: int,
            actor: str,
            leaf: bytes,
            leaf_hash: bytes,
            salt: bytes | None,
            private: bytes | None,
        ) -> None: ...

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "n"], name="event_numbers_do_not_repeat")]
        indexes: ClassVar = [models.Index(fields=["type", "seq"], name="event_by_type")]


class SubjectHead(models.Model):
    """The newest event of one subject: its number and leaf hash. Whoever writes the next one locks this row."""

    subject = models.CharField(max_length=80, primary_key=True)
    n = models.BigIntegerField()
    leaf_hash = models.BinaryField(max_length=32)


class CheckpointRow(AppendOnlyModel):
    """A checkpoint that was published: its exact bytes, and when (the note itself carries no time)."""

    id = None  # type: ignore[assignment]  # Django's way to leave out an abstract base's field; the size is the key
    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    note = models.BinaryField()
    at = models.DateTimeField()
