"""An instance to be copied, and one that is served for all tests of a module."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.durability.kit import Program
from tests.support.aftermath import Instance, copied, template_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.served import Served


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """An instance with one unit (`u`) and one station, to be copied."""
    return template_in(tmp_path_factory.mktemp("template") / "home")


@pytest.fixture(scope="module")
def served(template: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One instance for a module, served without a worker and without faults; at its end all its books agree."""
    made = copied(
        template, tmp_path_factory.mktemp("served") / "home", "--no-worker", faulty=False, vault_reserve_bytes="0"
    )
    yield made
    made.stop()
    checked = made.run("ledger", "fsck", "--deep", check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.fixture
def program(template: Served, tmp_path: Path) -> Program:
    """The real commands on an instance of the test's own."""
    return Program(shutil.copytree(template.home, tmp_path / "home"))
