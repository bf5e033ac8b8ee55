"""An instance's stores for each test that asks for them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from liuhen.server.vault import stores
from tests.support.thawing import thaw

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    """An instance folder of the test's own, with empty stores."""
    settings.INSTANCE = replace(settings.INSTANCE, home=tmp_path / "home")
    settings.INSTANCE.home.mkdir()
    for store in (stores.originals, stores.derivatives):
        store.cache_clear()
    yield settings.INSTANCE.home
    for path in settings.INSTANCE.home.rglob("*"):
        thaw(path)
    for store in (stores.originals, stores.derivatives):
        store.cache_clear()
