"""The sandbox's child, which can make no thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from liuhen.server.media.defects import Defect
from liuhen.server.media.tools import __main__ as child
from liuhen.server.media.tools.catalogue import TOOLS
from liuhen.server.media.tools.refusal import RefusedError

if TYPE_CHECKING:
    from pathlib import Path


def refuse(file: BinaryIO, folder: Path, **_: Any) -> dict[str, Any]:
    """Refuse every file."""
    del file, folder
    raise RefusedError(Defect.UNDECODABLE, "as the test wants it")


if __name__ == "__main__":
    assert isinstance(TOOLS, dict)
    TOOLS["thumbnails"] = refuse
    child.main()
