"""Stations and their keys; collections; uploads."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final

from django.db import models

from liuhen.server.accounts.models import Unit
from liuhen.server.devices.models import Device
from liuhen.server.kernel.models import BaseModel
from liuhen.server.recordings.models import ClockMethod, Recording

__all__ = ["ENDED", "KEPT", "Collection", "FileRole", "Station", "StationKey", "Upload", "UploadState"]


class FileRole(StrEnum):
    """What an uploaded file is."""

    ORIGINAL = "original"
    ATTACHMENT = "attachment"


class UploadState(StrEnum):
    """How an upload stands.

    receiving: bytes may come. sealed: a recording or attachment was made of it. duplicate: its bytes had been sealed
    before. discarded: refused or given up. expired: not finished in time.
    """

    RECEIVING = "receiving"
    SEALED = "sealed"
    DUPLICATE = "duplicate"
    DISCARDED = "discarded"
    EXPIRED = "expired"


KEPT = frozenset({UploadState.SEALED, UploadState.DUPLICATE})
"""The states in which a sealed original or attachment stands behind the upload."""

ENDED = frozenset({UploadState.DISCARDED, UploadState.EXPIRED})
"""The states in which nothing of the upload is kept."""


class Station(BaseModel):
    """A dedicated computer where devices are docked (article 12)."""

    NAME_LIMIT: Final = 80

    name = models.CharField(max_length=NAME_LIMIT, unique=True)
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="stations")
    registered_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=~models.Q(name=""), name="station_has_name")]


class StationKey(BaseModel):
    """A key of a station. Only the SHA-256 of its secret (256 random bits) is kept."""

    key = models.CharField(max_length=16, unique=True)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="keys")
    secret_sha256 = models.BinaryField(max_length=32)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(revoked_at__isnull=True) | models.Q(revoked_at__gte=models.F("made_at")),
                name="key_is_revoked_after_it_was_made",
            ),
        ]


class Collection(models.Model):
    """One docking of one device, one folder or one portable disk; its uuid is the collector's choice.

    `opening` is the body that opened it, `summary` the one that closed it last, null while it is open.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    station = models.ForeignKey(Station, on_delete=models.PROTECT, related_name="collections")
    device = models.ForeignKey(Device, null=True, blank=True, on_delete=models.PROTECT, related_name="collections")
    clock_method = models.CharField(max_length=10, choices=[(m.value, m.value) for m in ClockMethod])
    clock_error_ms = models.BigIntegerField(null=True, blank=True)
    clock_measured_at = models.DateTimeField(null=True, blank=True)
    clock_uncertainty_ms = models.BigIntegerField(null=True, blank=True)
    carried_from = models.UUIDField(null=True, blank=True)
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True)
    opening = models.JSONField()
    summary = models.JSONField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(clock_method__in=[method.value for method in ClockMethod]),
                name="collection_clock_method_is_known",
            ),
            models.CheckConstraint(
                condition=models.Q(closed_at__isnull=True, summary__isnull=True)
                | models.Q(closed_at__isnull=False, summary__isnull=False),
                name="closed_collection_has_summary",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["station", "-opened_at"], name="collection_newest")]


class Upload(models.Model):
    """One file on its way from a station; its uuid is the collector's choice and the key of its staging area.

    `declaration` is what the station says of the file, `metadata` the header it came in, `length` in bytes. `event` is
    the ledger event that its receipt tells of, for a duplicate the first hand-in's. `received_sha256` is the server's.
    """

    id = models.UUIDField(primary_key=True, editable=False)
    collection = models.ForeignKey(Collection, on_delete=models.PROTECT, related_name="uploads")
    role = models.CharField(max_length=10, choices=[(r.value, r.value) for r in FileRole])
    attached_to = models.UUIDField(null=True, blank=True)
    name = models.CharField(max_length=600)
    length = models.BigIntegerField()
    declaration = models.JSONField()
    metadata = models.TextField()
    state = models.CharField(max_length=10, choices=[(s.value, s.value) for s in UploadState])
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    received_sha256 = models.CharField(max_length=64, blank=True)
    recording = models.ForeignKey(Recording, null=True, blank=True, on_delete=models.PROTECT, related_name="uploads")
    event = models.UUIDField(null=True, blank=True)
    receipt = models.BinaryField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(length__gte=0), name="upload_length_not_negative"),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in UploadState]), name="upload_state_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(role=FileRole.ORIGINAL.value, attached_to__isnull=True)
                | models.Q(role=FileRole.ATTACHMENT.value, attached_to__isnull=False),
                name="upload_attachment_has_original",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    state__in=[state.value for state in sorted(KEPT)],
                    recording__isnull=False,
                    event__isnull=False,
                    ended_at__isnull=False,
                )
                | models.Q(
                    ~models.Q(state__in=[state.value for state in sorted(KEPT)]),
                    recording__isnull=True,
                    event__isnull=True,
                    receipt__isnull=True,
                ),
                name="upload_is_held_with_recording_and_event",
            ),
            models.CheckConstraint(
                condition=models.Q(state=UploadState.RECEIVING.value, ended_at__isnull=True)
                | models.Q(~models.Q(state=UploadState.RECEIVING.value), ended_at__isnull=False),
                name="upload_ends_when_it_leaves_receiving",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["collection", "created_at"], name="upload_by_collection"),
            models.Index(fields=["state", "expires_at"], name="upload_by_expiry"),
            models.Index(fields=["event"], name="upload_by_event"),
        ]
