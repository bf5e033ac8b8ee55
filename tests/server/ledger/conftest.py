"""A ledger of its own for each test that asks for one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from liuhen.server.ledger import projections, services
from liuhen.server.ledger.files import LedgerFolder
from tests.server.ledger.kit import AT

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture
def home(tmp_path: Path, settings: SettingsWrapper, transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An instance folder with nothing in it, an empty database, and no upper app that compares its rows."""
    del transactional_db
    monkeypatch.setattr(projections, "_makers", {})
    settings.INSTANCE = replace(settings.INSTANCE, home=tmp_path / "home")
    settings.INSTANCE.home.mkdir()
    return tmp_path / "home"


@pytest.fixture
def ledger(home: Path) -> LedgerFolder:
    """A ledger that has begun: one event, not sequenced."""
    services.init_ledger(domain="agency.example", at=AT)
    return LedgerFolder(home / "ledger")
