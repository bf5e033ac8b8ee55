"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["IntakeApp"]


class IntakeApp(AppConfig):
    """The `intake` app."""

    name = "liuhen.server.intake"
    label = "intake"

    def ready(self) -> None:
        """Let every fsck compare stations, keys, collections and uploads with the ledger."""
        from liuhen.server.intake.projection import IntakeProjection
        from liuhen.server.ledger.projections import register_projection

        register_projection("intake", IntakeProjection)
