"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["AccessApp"]


class AccessApp(AppConfig):
    """The `access` app; fsck compares its rows with the ledger."""

    name = "liuhen.server.access"
    label = "access"

    def ready(self) -> None:
        """Register with the app below."""
        from liuhen.server.access.projection import TicketProjection
        from liuhen.server.ledger.projections import register_projection

        register_projection("tickets", TicketProjection)
