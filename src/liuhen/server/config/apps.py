"""The project as an app, for its system checks."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["ConfigApp"]


class ConfigApp(AppConfig):
    """Registers the installation's checks."""

    name = "liuhen.server.config"
    label = "config"

    def ready(self) -> None:
        """Load the checks."""
        from liuhen.server.config import checks  # noqa: F401 - importing registers them
