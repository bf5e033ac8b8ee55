"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["LedgerApp"]


class LedgerApp(AppConfig):
    """The `ledger` app; it is the journal of the accounts below it."""

    name = "liuhen.server.ledger"
    label = "ledger"

    def ready(self) -> None:
        """Register with the app below."""
        from liuhen.server.accounts.journal import register_journal
        from liuhen.server.ledger import services

        register_journal(services.record)
