"""The instance's own stores."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from liuhen.server.vault import stores
from liuhen.server.vault.interfaces import Protection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import Settings


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Iterator[Path]:
    (tmp_path / "secrets").mkdir()
    settings.INSTANCE = replace(settings.INSTANCE, home=tmp_path)
    stores.originals.cache_clear()
    yield tmp_path
    stores.originals.cache_clear()


def test_originals_are_made_immutable_where_that_can_be(home: Path) -> None:
    del home
    assert stores.originals().protection() is not Protection.TURNED_OFF


def test_the_originals_of_a_demonstration_can_be_removed_with_it(home: Path) -> None:
    (home / "secrets" / "demo-accounts.txt").touch()
    assert stores.originals().protection() is Protection.TURNED_OFF
