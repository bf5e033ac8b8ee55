"""The ledger's folder: what lies where, durable writes, tiles and entries read back.

| path | what |
|---|---|
| `checkpoint` | the newest published checkpoint |
| `tile/...` | tiles and entry bundles (c2sp.org/tlog-tiles) |
| `heads/<date>.json` | the heads of every subject, once a day |
| `key` | the verifier key |
| `signer-state` | the checkpoint signed last |
| `health.json` | how the integrator fares |
| `lock` | held by the integrator that is at work |

What lies beyond the published checkpoint is nobody's business but the integrator's: a crash may leave it there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from liuhen.core.tlog.merkle import HASH_SIZE
from liuhen.core.tlog.tiles import (
    TILE_HEIGHT,
    TILE_WIDTH,
    decode_bundle,
    encode_bundle,
    entries_path,
    tile_path,
)
from liuhen.server.ledger.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

__all__ = ["HEADS_FOLDER", "HEALTH_PATH", "KEY_PATH", "LOCK_PATH", "STATE_PATH", "LedgerFolder", "heads_path"]

KEY_PATH: Final = "key"
STATE_PATH: Final = "signer-state"
HEALTH_PATH: Final = "health.json"
LOCK_PATH: Final = "lock"
HEADS_FOLDER: Final = "heads"


def heads_path(day: str) -> str:
    """Return the place of a day's heads; `day` is an ISO date."""
    return f"{HEADS_FOLDER}/{day}.json"


class LedgerFolder:
    """The files of one ledger below `root`; writes go through `disk`."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self.root = root
        self._disk = disk or Disk()
        self._certain: set[Path] = set()

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
            return self.read(tile_path(level, index))[: width * HASH_SIZE]

    def read_bundle(self, index: int, width: int) -> bytes:
        """Return an entry bundle of `width` entries, cut from the full one where that took a partial one's place.

        Raises:
            BundleError: the full bundle is damaged.
        """
        try:
            return self.read(entries_path(index, width))
        except FileNotFoundError:
            return encode_bundle(decode_bundle(self.read(entries_path(index)), TILE_WIDTH)[:width])

    def entries(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """Yield index and bytes of the entries from `start` up to, not with, `end`; the tree has `end` entries.

        Raises:
            FileNotFoundError, BundleError: a bundle is missing or damaged.
        """
        for index in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
            first = index * TILE_WIDTH
            width = min(TILE_WIDTH, end - first)
            bundle = decode_bundle(self.read_bundle(index, width), width)
            for place in range(max(start - first, 0), width):
                yield first + place, bundle[place]

    def make(self) -> None:
        """Make the folder itself, durably; harmless when it is there."""
        for folder in self._make_folders(self.root):
            self._disk.sync_folder(folder)

    def write_new(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write durably what no published checkpoint covers yet: all contents, then all names.

        Of a folder that is there already the name is made durable too: whoever made it may have died just before.
        """
        folders: set[Path] = set()
        unsure: set[Path] = set()
        for path, data in files:
            target = self.root / path
            folders |= {target.parent, *self._make_folders(target.parent)}
            unsure |= {above for above in target.parents if self.root in above.parents} - self._certain
            self._disk.write(target, data)
        for folder in sorted(folders | {one.parent for one in unsure}, reverse=True):
            self._disk.sync_folder(folder)
        self._certain |= unsure

    def put(self, path: str, data: bytes) -> None:
        """Replace a file durably in one step: readers see the old content or the new, also after a power cut."""
        target = self.root / path
        passing = target.with_name(f".{target.name}.new")
        for folder in self._make_folders(target.parent):
            self._disk.sync_folder(folder)
        self._disk.write(passing, data)
        self._disk.rename(passing, target)
        self._disk.sync_folder(target.parent)

    def remove(self, path: str) -> None:
        """Remove a file durably; harmless when there is none."""
        self._disk.remove(self.root / path)
        self._disk.sync_folder((self.root / path).parent)

    def drop_ahead(self, size: int) -> None:
        """Remove what a batch that was never signed left beyond a tree of `size`."""
        self._drop_row_ahead(size, entries_path)
        level = 0
        while (self.root / f"tile/{level}").is_dir():
            self._drop_row_ahead(size >> TILE_HEIGHT * level, _tiles_of(level))
            level += 1

    def drop_replaced(self, old_size: int, size: int) -> None:
        """Remove the partial files whose full ones came with the step from `old_size` to `size`; call it afterwards."""
        self._drop_row_replaced(old_size, size, entries_path)
        level = 0
        while size >> TILE_HEIGHT * level:
            self._drop_row_replaced(old_size >> TILE_HEIGHT * level, size >> TILE_HEIGHT * level, _tiles_of(level))
            level += 1

    def _drop_row_ahead(self, count: int, place: Callable[[int, int], str]) -> None:
        index, width = divmod(count, TILE_WIDTH)
        while True:
            full = self.root / place(index, TILE_WIDTH)
            partials = full.with_name(f"{full.name}.p")
            if not full.exists() and not partials.exists() and width == 0:
                return
            self._disk.remove(full)
            self._drop_partials(partials, wider_than=width)
            index, width = index + 1, 0

    def _drop_row_replaced(self, old_count: int, count: int, place: Callable[[int, int], str]) -> None:
        index = old_count // TILE_WIDTH
        if count // TILE_WIDTH > index:
            full = self.root / place(index, TILE_WIDTH)
            self._drop_partials(full.with_name(f"{full.name}.p"), wider_than=0)

    def _drop_partials(self, folder: Path, *, wider_than: int) -> None:
        if not folder.exists():
            return
        for path in folder.iterdir():
            if int(path.name) > wider_than:
                self._disk.remove(path)
        if wider_than == 0:
            self._disk.remove_folder(folder)

    def _make_folders(self, folder: Path) -> set[Path]:
        """Make `folder` and return those above, whose lists of names have changed and are not synced."""
        if folder.is_dir():
            return set()
        changed = {folder.parent, *self._make_folders(folder.parent)}
        self._disk.make_folder(folder)
        return changed


def _tiles_of(level: int) -> Callable[[int, int], str]:
    def place(index: int, width: int) -> str:
        return tile_path(level, index, width)

    return place
