"""Recordings and their attachments."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models

from liuhen.server.accounts.models import Person, Unit
from liuhen.server.devices.models import Device
from liuhen.server.kernel.models import BaseModel

__all__ = ["Attachment", "ClockMethod", "FactSource", "Recording", "RecordingKind", "RecordingState"]


class RecordingKind(StrEnum):
    """What the original is."""

    VIDEO = "video"
    AUDIO = "audio"
    PHOTO = "photo"
    UNKNOWN = "unknown"


class RecordingState(StrEnum):
    """How far the recording has come. Every state holds a sealed original."""

    SEALED = "sealed"
    ANALYSED = "analysed"
    UNREADABLE = "unreadable"


class FactSource(StrEnum):
    """Where a fact about a recording came from."""

    NAME = "name"
    CONTAINER = "container"
    MTIME = "mtime"
    DEVICE = "device"
    DECLARED = "declared"


class ClockMethod(StrEnum):
    """How the device's clock error was found."""

    DECLARED = "declared"
    ESTIMATED = "estimated"
    UNKNOWN = "unknown"


class _Sealed(BaseModel):
    """What an original and an attachment have in common: bytes in the vault under a digest, and a name."""

    sha256 = models.CharField(max_length=64)
    sm3 = models.CharField(max_length=64)
    size = models.BigIntegerField()
    name_raw = models.BinaryField()
    path_raw = models.BinaryField()
    name = models.CharField(max_length=600)
    sealed_at = models.DateTimeField()

    class Meta:
        abstract = True


class Recording(_Sealed):
    """One original file from a device.

    `device_started` is the device's own wall-clock text, kept as written; `started_at` is that time set right by the
    clock error, in UTC, and is null where no time is known. `facts` maps each declared fact to `{"value", "source"}`;
    `media` is what the probe found. `name` is the raw name made safe to show.
    """

    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in RecordingKind])
    state = models.CharField(max_length=12, choices=[(s.value, s.value) for s in RecordingState])
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="recordings")
    device = models.ForeignKey(Device, null=True, blank=True, on_delete=models.PROTECT, related_name="recordings")
    officer = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="recordings")
    officer_code = models.CharField(max_length=40, blank=True)
    device_started = models.CharField(max_length=30, blank=True)
    device_started_source = models.CharField(max_length=10, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    clock_method = models.CharField(max_length=10, choices=[(m.value, m.value) for m in ClockMethod])
    clock_error_ms = models.BigIntegerField(null=True, blank=True)
    duration_ms = models.BigIntegerField(null=True, blank=True)
    sequence = models.BigIntegerField(null=True, blank=True)
    important = models.BooleanField(default=False)
    retain_until = models.DateTimeField()
    facts = models.JSONField(default=dict)
    media = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sha256"], name="one_recording_per_original"),
            models.CheckConstraint(condition=models.Q(size__gte=0), name="recording_size_not_negative"),
            models.CheckConstraint(
                condition=models.Q(state__in=[state.value for state in RecordingState]), name="recording_state_is_known"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in RecordingKind]), name="recording_kind_is_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-sealed_at", "-id"], name="recording_newest"),
            models.Index(fields=["-started_at", "-id"], name="recording_started"),
            models.Index(fields=["device", "-sealed_at"], name="recording_by_device"),
            models.Index(fields=["officer", "-sealed_at"], name="recording_by_officer"),
        ]


class Attachment(_Sealed):
    """A file that the device wrote beside a recording (GPS track, log), sealed like an original."""

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="attachments")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["recording", "sha256"], name="one_attachment_per_recording_and_digest"),
        ]
