"""The vector files of tests/vectors/, read; SOURCES.md there says where each came from."""

from __future__ import annotations

import base64
import gzip
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["decoded", "hashes", "json_file", "json_lines", "unpack_demo_log"]

_FOLDER: Final = Path(__file__).parent.parent / "vectors"


def json_lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_FOLDER / name).read_text(encoding="utf-8").splitlines()]


def json_file(name: str) -> list[dict[str, Any]]:
    data = (_FOLDER / name).read_bytes()
    cases: list[dict[str, Any]] = json.loads(gzip.decompress(data) if name.endswith(".gz") else data)
    return cases


def decoded(text: str | None) -> bytes:
    return base64.b64decode(text or "")


def hashes(texts: Iterable[str] | None) -> list[bytes]:
    return [decoded(text) for text in texts or ()]


def unpack_demo_log(folder: Path) -> Path:
    with tarfile.open(_FOLDER / "tlog-demo" / "tlog-demo-600.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    return folder / "small"
