"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["LedgerApp"]


class LedgerApp(AppConfig):
    """The `ledger` app; it records the acts on accounts below it, and compares their rows with its entries."""

    name = "liuhen.server.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Register with the app below."""
        from liuhen.server.accounts.recorder import register_recorder
        from liuhen.server.ledger import services
        from liuhen.server.ledger.people import PeopleProjection
        from liuhen.server.ledger.projections import register_projection

        register_recorder(services.record)
        register_projection("people", PeopleProjection)
