"""What a power cut could take at any moment of a run, from the list of changes that `faulty_liuhen` takes down.

Content is certain once its file was synced; a name (made, moved or linked) once the folder it stands in was. Names that
were removed are not followed: a power cut brings them back, and whoever removed them must live with that.
"""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Order"]

_HOLD_NOTHING = {"init.gate", "liuhen.sqlite3.gate", "lock"}


class Order:
    """The changes in `file` below `root`, one after the other."""

    def __init__(self, file: Path, root: Path) -> None:
        self._file = file
        self._root = f"{root}/"
        self._content: set[str] = set()
        self._names: set[str] = set()
        self.too_early: list[str] = []

    def moments(self) -> Iterator[tuple[str, str]]:
        """Yield each call with its path before it takes place; `uncertain` tells what a cut at that moment takes."""
        for line in self._file.read_text(encoding="utf-8").splitlines():
            call, path, source = json.loads(line)
            yield call, path
            self._take(call, path, source)

    def uncertain(self, below: str = "") -> set[str]:
        """Return the paths that hold `below` and whose content or name is not certain yet."""
        found = {path for path in self._content | self._names if path.startswith(self._root) and below in path}
        return {path for path in found if PurePosixPath(path).name not in _HOLD_NOTHING}

    def _take(self, call: str, path: str, source: str | None) -> None:
        match call:
            case "os.open":
                self._content.add(path)
                self._names.add(path)
            case "vault.pwrite":
                self._content.add(path)
            case "os.mkdir":
                self._names.add(path)
            case "os.fsync" | "os.fdatasync":
                self._content.discard(path)
                self._names = {name for name in self._names if str(PurePosixPath(name).parent) != path}
            case "os.rename" | "os.replace" | "os.link":
                self._move(path, str(source))
            case "os.unlink" | "os.rmdir":
                self._forget(path)

    def _move(self, path: str, source: str) -> None:
        inside = {name for name in self._content | self._names if name.startswith(f"{source}/")}
        self.too_early += sorted(inside | ({source} & self._content))
        self._forget(source)
        self._forget(path)
        self._names.add(path)

    def _forget(self, path: str) -> None:
        kept = {name for name in self._content | self._names if name != path and not name.startswith(f"{path}/")}
        self._content &= kept
        self._names &= kept
