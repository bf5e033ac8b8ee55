"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["WebApp"]


class WebApp(AppConfig):
    """The `web` app."""

    name = "liuhen.server.web"
    label = "web"
