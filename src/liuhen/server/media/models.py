"""What was computed from recordings."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from django.db import models

from liuhen.server.kernel.models import AppendOnlyModel
from liuhen.server.recordings.models import Recording

__all__ = ["Derivative", "DerivativeKind"]


class DerivativeKind(StrEnum):
    """What a derivative is for."""

    PREVIEW = "preview"
    POSTER = "poster"
    THUMBNAILS = "thumbnails"
    WAVEFORM = "waveform"


class Derivative(AppendOnlyModel):
    """One file computed from a recording's original; it lies in the store of derivatives under its SHA-256.

    `tool` says what made it; `parameters` how, in codes and whole numbers.
    """

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="derivatives")
    kind = models.CharField(max_length=12, choices=[(kind.value, kind.value) for kind in DerivativeKind])
    sha256 = models.CharField(max_length=64, db_index=True)
    size = models.BigIntegerField()
    media_type = models.CharField(max_length=40)
    tool = models.CharField(max_length=80)
    parameters = models.JSONField(default=dict)
    made_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["recording", "kind"], name="one_derivative_of_each_kind"),
            models.CheckConstraint(condition=models.Q(size__gt=0), name="derivative_is_not_empty"),
            models.CheckConstraint(
                condition=models.Q(kind__in=[kind.value for kind in DerivativeKind]), name="derivative_kind_is_known"
            ),
        ]
