"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["MediaApp"]


class MediaApp(AppConfig):
    """The `media` app."""

    name = "liuhen.server.media"
    label = "media"

    def ready(self) -> None:
        """Register the comparison of derivatives with the ledger."""
        from liuhen.server.ledger.projections import register_projection
        from liuhen.server.media.projection import DerivativesProjection

        register_projection("derivatives", DerivativesProjection)
