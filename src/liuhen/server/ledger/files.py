"""The ledger's folder: durable writes, and tiles read back.

A file appears under its name only when it is whole and durable, and the folder that names it is synced. What lies
beyond the checkpoint is not published: a crash may leave it, and the next batch writes it anew.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from liuhen.core.tlog.tiles import TILE_WIDTH, entries_path, tile_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["LedgerFolder"]

_HASH_SIZE = 32


class LedgerFolder:
    """The files of one ledger below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> bytes:
        """Return a file's bytes.

        Raises:
            FileNotFoundError: there is none.
        """
        return (self.root / path).read_bytes()

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """Return a tile, or the part of the full tile that took a partial one's place (see `TileReader`)."""
        try:
            return self.read(tile_path(level, index, width))
        except FileNotFoundError:
            return self.read(tile_path(level, index, TILE_WIDTH))[: width * _HASH_SIZE]

    def read_bundle(self, index: int, width: int) -> bytes:
        """Return an entry bundle of exactly `width` entries."""
        return self.read(entries_path(index, width))

    def write_all(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write files durably: each synced under a passing name, renamed, then every folder touched synced."""
        folders: set[Path] = set()
        for path, data in files:
            target = self.root / path
            folders |= _make_folders(target.parent, below=self.root)
            passing = target.with_name(f".{target.name}.new")
            with passing.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            passing.replace(target)
        for folder in sorted(folders, reverse=True):
            _sync_folder(folder)


def _make_folders(folder: Path, *, below: Path) -> set[Path]:
    """Make `folder` and return the folders whose listing must be synced: it, and the parents of each one made."""
    touched = {folder}
    missing = folder
    while missing != below and not missing.exists():
        touched.add(missing.parent)
        missing = missing.parent
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    return touched


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
