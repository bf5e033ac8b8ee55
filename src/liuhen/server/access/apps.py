"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["AccessApp"]


class AccessApp(AppConfig):
    """The `access` app."""

    name = "liuhen.server.access"
    label = "access"
