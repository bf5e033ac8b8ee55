"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["RecordingsApp"]


class RecordingsApp(AppConfig):
    """The `recordings` app."""

    name = "liuhen.server.recordings"
    label = "recordings"
