"""A ledger of its own for each test that asks for one. Apps are not loaded yet where this file is read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings

    from liuhen.server.ledger.files import LedgerFolder


@pytest.fixture
def home(tmp_path: Path, settings: Settings, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance folder with nothing in it, an empty database, and no upper app that compares its rows."""
    del transactional_db
    from liuhen.server.ledger import projections

    monkeypatch.setattr(projections, "_makers", {})
    settings.INSTANCE = replace(settings.INSTANCE, home=tmp_path / "home")
    settings.INSTANCE.home.mkdir()
    return tmp_path / "home"


@pytest.fixture
def ledger(home: Path) -> LedgerFolder:
    """A ledger that has begun: one event, not sequenced."""
    from liuhen.server.ledger import services
    from liuhen.server.ledger.files import LedgerFolder
    from tests.server.ledger.kit import AT

    services.init_ledger(domain="agency.example", at=AT)
    return LedgerFolder(home / "ledger")
