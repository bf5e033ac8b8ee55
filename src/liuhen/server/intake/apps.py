"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["IntakeApp"]


class IntakeApp(AppConfig):
    """The `intake` app."""

    name = "liuhen.server.intake"
    label = "intake"
