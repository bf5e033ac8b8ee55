"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["RecordingsApp"]


class RecordingsApp(AppConfig):
    """The `recordings` app."""

    name = "liuhen.server.recordings"
    label = "recordings"

    def ready(self) -> None:
        """Let every fsck compare the recordings with the ledger."""
        from liuhen.server.ledger.projections import register_projection
        from liuhen.server.recordings.projection import RecordingsProjection

        register_projection("recordings", RecordingsProjection)
