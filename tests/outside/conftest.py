from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.outside.go_verifier import build_gotlog

if TYPE_CHECKING:
    from tests.outside.go_verifier import GoVerifier


@pytest.fixture(scope="session")
def gotlog(tmp_path_factory: pytest.TempPathFactory) -> GoVerifier:
    return build_gotlog(tmp_path_factory.mktemp("gotlog"))
