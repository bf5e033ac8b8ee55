"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["DevicesApp"]


class DevicesApp(AppConfig):
    """The `devices` app."""

    name = "liuhen.server.devices"
    label = "devices"

    def ready(self) -> None:
        """Let every fsck compare the register with the ledger."""
        from liuhen.server.devices.projection import DevicesProjection
        from liuhen.server.ledger.projections import register_projection

        register_projection("devices", DevicesProjection)
