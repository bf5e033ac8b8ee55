"""Set-up of the vault's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liuhen.server.vault.adapters.local import LocalStore
from tests.support.thawing import make_removable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.register_assert_rewrite(
    "tests.server.vault.behaviour_of_keeping",
    "tests.server.vault.behaviour_of_sealing",
    "tests.server.vault.behaviour_of_staging",
    "tests.server.vault.adapters.scenarios",
)


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Path]:
    """An empty folder whose immutable files can be removed afterwards."""
    yield tmp_path
    make_removable(tmp_path)


@pytest.fixture
def root(ground: Path) -> Path:
    """Where a local store is to lie."""
    return ground / "vault"


@pytest.fixture
def store(root: Path) -> LocalStore:
    """A new local store."""
    return LocalStore(root)
