"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["JobsApp"]


class JobsApp(AppConfig):
    """The `jobs` app."""

    name = "liuhen.server.kernel.jobs"
    label = "jobs"
