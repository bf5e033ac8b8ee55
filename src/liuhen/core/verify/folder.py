"""An exported ledger in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["FolderFiles"]


class FolderFiles:
    """The files below `folder`, see `ExportFiles`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes:
        """Return the content of `path`.

        Raises:
            FileNotFoundError: there is no such file.
        """
        try:
            return (self._folder / path).read_bytes()
        except NotADirectoryError as error:
            raise FileNotFoundError(path) from error

    def paths(self) -> Iterator[str]:
        """Yield the path of every file, `/` between its parts, in order.

        Raises:
            OSError: a folder cannot be listed; what it hides must not pass for absent.
        """
        for folder, subfolders, names in os.walk(self._folder, onerror=_raise):
            subfolders.sort()
            for name in sorted(names):
                yield Path(folder, name).relative_to(self._folder).as_posix()


def _raise(error: OSError) -> None:
    raise error
