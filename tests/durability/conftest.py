"""An instance to be copied, and one that is served for all tests of a module."""

from __future__ import annotations

import functools
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.durability.kit import ACTS, Program
from tests.support.aftermath import Instance, copied, template_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
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


@pytest.fixture(scope="session")
def prepared(template: Served, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Return the instance on which the acts named were carried out, made once in a session, to be copied."""

    @functools.cache
    def prepare(*acts: str) -> Path:
        home = shutil.copytree(template.home, tmp_path_factory.mktemp("prepared") / "home")
        Program(home, program=ACTS).does(*acts)
        return home

    return prepare


@pytest.fixture
def acting(prepared: Callable[..., Path], tmp_path: Path) -> Callable[..., Program]:
    """Return the program that carries acts out, on an instance of the test's own on which those named were."""

    def begin(*acts: str) -> Program:
        return Program(shutil.copytree(prepared(*acts), tmp_path / "home"), program=ACTS)

    return begin


@pytest.fixture
def program(template: Served, tmp_path: Path) -> Program:
    """The real commands on an instance of the test's own."""
    return Program(shutil.copytree(template.home, tmp_path / "home"))
