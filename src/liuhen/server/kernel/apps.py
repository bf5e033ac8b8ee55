"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["KernelApp"]


class KernelApp(AppConfig):
    """The `kernel` app."""

    name = "liuhen.server.kernel"
    label = "kernel"
