"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["DevicesApp"]


class DevicesApp(AppConfig):
    """The `devices` app."""

    name = "liuhen.server.devices"
    label = "devices"
