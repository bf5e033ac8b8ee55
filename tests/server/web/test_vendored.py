"""Files by others are the ones that were published."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from liuhen.core.digests import sha256
from liuhen.server import web

VENDOR = Path(web.__file__).parent / "static" / "web" / "vendor"
LISTED = tomllib.loads((VENDOR / "VENDORED.toml").read_text(encoding="utf-8"))["file"]


@pytest.mark.parametrize("file", LISTED, ids=[file["name"] for file in LISTED])
def test_a_vendored_file_is_as_published(file: dict[str, str]) -> None:
    assert sha256((VENDOR / file["name"]).read_bytes()).hex() == file["sha256"]
    assert file["version"]
    assert file["licence"]


def test_every_vendored_file_is_listed() -> None:
    present = {path.name for path in VENDOR.iterdir()} - {"VENDORED.toml"}
    assert present == {file["name"] for file in LISTED}
