"""Set-up of the vault's tests."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from liuhen.server.vault.adapters._posix import Posix

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytest.register_assert_rewrite("tests.server.vault.store_behaviour", "tests.server.vault.adapters.scenarios")


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Path]:
    """An empty folder whose immutable files can be removed afterwards."""
    yield tmp_path
    posix = Posix()
    for folder, _, names in os.walk(tmp_path):
        for name in names:
            with suppress(OSError):
                fd = os.open(os.path.join(folder, name), os.O_RDONLY)  # noqa: PTH118 - as os.walk gives it
                with suppress(OSError):
                    posix.set_immutable(fd, on=False)
                os.close(fd)
