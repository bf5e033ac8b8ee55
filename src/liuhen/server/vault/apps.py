"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["VaultApp"]


class VaultApp(AppConfig):
    """The `vault` app."""

    name = "liuhen.server.vault"
    label = "vault"
