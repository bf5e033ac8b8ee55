"""The ledger's tables: events, the head of each subject, and the checkpoints that were signed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

__all__ = ["CheckpointRow", "Event", "SubjectHead"]


class Event(models.Model):
    """One custody event; written once. `index` is its place in the tree, set once by the integrator.

    `leaf` holds the exact entry bytes. `private` is the canonical JSON of the details that the entry only commits to,
    and `salt` opens that commitment; both are null where the event has none. A database trigger refuses every other
    change (migration 0001).
    """

    seq = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True)
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

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["subject", "n"], name="event_numbers_do_not_repeat")]
        indexes: ClassVar = [
            models.Index(fields=["seq"], condition=models.Q(index__isnull=True), name="event_unsequenced"),
            models.Index(fields=["type", "seq"], name="event_by_type"),
        ]


class SubjectHead(models.Model):
    """The newest event of one subject: its number and leaf hash."""

    subject = models.CharField(max_length=80, primary_key=True)
    n = models.BigIntegerField()
    leaf_hash = models.BinaryField(max_length=32)


class CheckpointRow(models.Model):
    """A checkpoint that was signed; `note` holds its exact bytes."""

    size = models.BigIntegerField(primary_key=True)
    note = models.BinaryField()
    signed_at = models.DateTimeField()
