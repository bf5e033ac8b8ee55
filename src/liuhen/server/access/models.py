"""View tickets, their viewings, and every byte range served under them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models

from liuhen.server.accounts.models import Person
from liuhen.server.kernel.ids import new_id
from liuhen.server.kernel.models import AppendOnlyModel, BaseModel
from liuhen.server.recordings.models import Recording

__all__ = ["RangeServed", "TicketEnd", "ViewTicket", "Viewing"]


class TicketEnd(StrEnum):
    """Why a ticket ended before its time; a ticket that runs out has no end of its own."""

    RETURNED = "returned"
    REVOKED = "revoked"


class ViewTicket(BaseModel):
    """The right of one person to see and hear one recording from `issued_at` until `expires_at`, or until ended.

    `reason` is the holder's purpose (article 16). It stays in this table; the ledger holds a commitment to it.
    """

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="tickets")
    holder = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tickets")
    issued_by = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="tickets_issued")
    reason = models.CharField(max_length=500)
    issued_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.CharField(max_length=10, blank=True, choices=[(e.value, e.value) for e in TicketEnd])

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(reason=""), name="ticket_has_reason"),
            models.CheckConstraint(condition=models.Q(expires_at__gt=models.F("issued_at")), name="ticket_has_a_term"),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_reason="")
                | models.Q(ended_at__isnull=False, ended_reason__in=[end.value for end in TicketEnd]),
                name="ticket_ends_with_a_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["recording", "holder", "-expires_at"], name="ticket_of_holder"),
        ]


class Viewing(AppendOnlyModel):
    """The start of playback under a ticket in one session; `session` is a digest of the session's key."""

    ticket = models.ForeignKey(ViewTicket, on_delete=models.PROTECT, related_name="viewings")
    session = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["ticket", "session"], name="one_viewing_per_ticket_and_session"),
        ]


class RangeServed(AppendOnlyModel):
    """One response's bytes `start` to `end` (exclusive) of the object `sha256`, asked for under a viewing.

    Each response writes two rows of the same `response`: one before its first byte, with `sent` null, and one at its
    end, with how many bytes were handed to the connection; at most that many were seen. Where the second row is
    missing the server died meanwhile, and at most the whole span was seen.
    """

    viewing = models.ForeignKey(Viewing, on_delete=models.PROTECT, related_name="ranges")
    response = models.UUIDField(default=new_id)
    sha256 = models.CharField(max_length=64)
    start = models.BigIntegerField()
    end = models.BigIntegerField()
    sent = models.BigIntegerField(null=True)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(start__gte=0, end__gte=models.F("start"))
                & (models.Q(sent__isnull=True) | models.Q(sent__gte=0)),
                name="range_runs_forward",
            ),
            models.UniqueConstraint(
                fields=["response"], condition=models.Q(sent__isnull=True), name="response_begins_once"
            ),
            models.UniqueConstraint(
                fields=["response"], condition=models.Q(sent__isnull=False), name="response_ends_once"
            ),
        ]
