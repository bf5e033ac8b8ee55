"""The device register."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models

from liuhen.server.accounts.models import Unit
from liuhen.server.kernel.models import BaseModel

__all__ = ["Device", "DeviceKind"]


class DeviceKind(StrEnum):
    """The four kinds of article 2, and a device of which only the serial is known yet."""

    BODY_RECORDER = "body-recorder"
    CAMCORDER = "camcorder"
    CAMERA = "camera"
    VOICE_RECORDER = "voice-recorder"
    UNKNOWN = "unknown"


class Device(BaseModel):
    """A recording device, known by its serial number."""

    serial = models.CharField(max_length=64, unique=True)
    kind = models.CharField(max_length=20, default=DeviceKind.UNKNOWN, choices=[(k.value, k.value) for k in DeviceKind])
    model = models.CharField(max_length=80, blank=True)
    unit = models.ForeignKey(Unit, null=True, blank=True, on_delete=models.PROTECT, related_name="devices")
    registered_at = models.DateTimeField()
    clock_error_ms = models.BigIntegerField(null=True, blank=True)
    clock_measured_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~models.Q(serial=""), name="device_has_serial"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in DeviceKind]), name="device_kind_is_known"
            ),
        ]
