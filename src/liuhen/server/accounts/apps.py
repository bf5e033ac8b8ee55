"""App registration."""

from __future__ import annotations

from django.apps import AppConfig

__all__ = ["AccountsApp"]


class AccountsApp(AppConfig):
    """The `accounts` app."""

    name = "liuhen.server.accounts"
    label = "accounts"
