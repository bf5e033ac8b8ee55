"""Verify an exported ledger from its files alone: checkpoint, tiles, entry bundles, and the chains of events."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, Protocol

from liuhen.core.entry import Entry, EntryError
from liuhen.core.errors import both
from liuhen.core.tlog.checkpoint import open_checkpoint
from liuhen.core.tlog.errors import BundleError, TilePathError, TlogError
from liuhen.core.tlog.merkle import HASH_SIZE, leaf_hash, tree_root
from liuhen.core.tlog.tiles import (
    CHECKPOINT_PATH,
    TILE_HEIGHT,
    TILE_WIDTH,
    BundlePath,
    TileHashReader,
    decode_bundle,
    encode_bundle,
    entries_path,
    parse_path,
    places,
    tile_path,
    tile_root,
)
from liuhen.core.verify.errors import (
    BundleRefusedError,
    ChainError,
    CheckpointRefusedError,
    DuplicateEntryError,
    EntryRefusedError,
    ExportFileError,
    FileMissingError,
    HistoryRewrittenError,
    RootDiffersError,
    StrayFileError,
    TileDiffersError,
)
from liuhen.core.verify.facts import ExportFacts, SubjectHead

if TYPE_CHECKING:
    import uuid
    from collections.abc import Iterable, Iterator

    from liuhen.core.tlog.checkpoint import Checkpoint
    from liuhen.core.tlog.note import VerifierKey

__all__ = ["ExportFiles", "verify_export"]

_TILES: Final = "tile/"


class ExportFiles(Protocol):
    """An exported ledger's files, under paths with `/` between the parts."""

    def read(self, path: str) -> bytes:
        """Return the content of `path`.

        Raises:
            FileNotFoundError: there is no such file.
        """
        ...

    def paths(self) -> Iterable[str]:
        """Return the paths of all files."""
        ...


def verify_export(
    files: ExportFiles,
    *,
    key: VerifierKey,
    old: bytes | None = None,
) -> ExportFacts:
    """Return what the exported ledger in `files` proves under the pinned `key`.

    Checked: the checkpoint's signature and origin; that all its tiles and entry bundles are there and nothing below
    `tile/` goes beyond them; every entry's form, its hash, every tile, the root; that ids are unique and each subject's
    events are numbered and chained without a gap; and, given `old`, an older checkpoint, that the ledger continues it.

    Raises:
        VerificationError: any doubt; the subclass names it.
    """
    checkpoint = _open(_read(files, CHECKPOINT_PATH), key)
    old_checkpoint = None if old is None else _open(old, key)
    if old_checkpoint is not None and old_checkpoint.size > checkpoint.size:
        raise HistoryRewrittenError(size=checkpoint.size, old_size=old_checkpoint.size)
    tree = _Tree(files, checkpoint.size, also=old_checkpoint.size if old_checkpoint else 0)
    chains = _Chains()
    for index, (data, leaf) in enumerate(tree.entries()):
        entry = _parse(index, data)
        chains.follow(index, entry, leaf)
    found = tree.root(checkpoint.size)
    if found != checkpoint.root:
        raise RootDiffersError(size=checkpoint.size, found=found.hex(), expected=checkpoint.root.hex())
    if old_checkpoint is not None and tree.root(old_checkpoint.size) != old_checkpoint.root:
        raise HistoryRewrittenError(size=checkpoint.size, old_size=old_checkpoint.size)
    return ExportFacts(checkpoint=checkpoint, subjects=chains.heads)


def _read(files: ExportFiles, path: str) -> bytes:
    try:
        return files.read(path)
    except FileNotFoundError as error:
        raise FileMissingError(path=path) from error


def _open(data: bytes, key: VerifierKey) -> Checkpoint:
    try:
        return open_checkpoint(data, key)
    except TlogError as error:
        raise CheckpointRefusedError(cause=error.as_dict()) from error


def _parse(index: int, data: bytes) -> Entry:
    try:
        return Entry.from_bytes(data)
    except EntryError as error:
        raise EntryRefusedError(place=both(f"第 {index} 号", f"index {index}"), cause=error.as_dict()) from error


class _Chains:
    """The last event of each subject seen so far."""

    def __init__(self) -> None:
        self.heads: dict[str, SubjectHead] = {}
        self._ids: set[uuid.UUID] = set()

    def follow(self, index: int, entry: Entry, leaf: bytes) -> None:
        """Take `entry` as the next event of its subject, if it is."""
        if entry.id in self._ids:
            raise DuplicateEntryError(index=index, id=str(entry.id))
        self._ids.add(entry.id)
        head = self.heads.get(entry.subject)
        expected_n = 0 if head is None else head.n + 1
        if entry.n != expected_n or (head is not None and entry.prev != head.leaf):
            raise ChainError(index=index, subject=entry.subject, expected_n=expected_n, n=entry.n)
        self.heads[entry.subject] = SubjectHead(n=entry.n, leaf=leaf.hex())


class _Tree:
    """The tree made anew from the entries, compared with the stored tiles on the way up.

    Level 0 is kept only where the roots of `size` and `also` need it, so that memory grows with size / 256.
    """

    def __init__(self, files: ExportFiles, size: int, *, also: int) -> None:
        self._files = files
        self._size = size
        self._kept = {size // TILE_WIDTH, also // TILE_WIDTH}
        self._leaf_tiles: dict[int, bytes] = {}
        self._rows: list[bytearray] = [bytearray()]
        self._narrower = _survey(files, size)

    def entries(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield bytes and leaf hash of every entry in order; when they are through, all tiles have been compared."""
        for index, width in places(self._size):
            path = entries_path(index, width)
            try:
                entries = decode_bundle(_read(self._files, path), width)
            except BundleError as error:
                raise BundleRefusedError(path=path, cause=error.as_dict()) from error
            for narrow in self._narrower[None, index]:
                narrow_path = entries_path(index, narrow)
                if _read(self._files, narrow_path) != encode_bundle(entries[:narrow]):
                    raise TileDiffersError(path=narrow_path)
            leaves = [leaf_hash(data) for data in entries]
            self._check_leaves(index, leaves)
            yield from zip(entries, leaves, strict=True)
        self._check_upper_levels()

    def _check_leaves(self, index: int, leaves: list[bytes]) -> None:
        """Compare the tile of level 0 at `index` with the hashes of its entries."""
        data = b"".join(leaves)
        self._check_tile(0, index, data)
        if index in self._kept:
            self._leaf_tiles[index] = data
        if len(leaves) == TILE_WIDTH:
            self._rows[0] += tile_root(data)

    def _check_upper_levels(self) -> None:
        """Compare the tiles of level 1 and above with what is beneath them."""
        while row := self._rows[-1]:
            above = bytearray()
            for index, width in places(len(row) // HASH_SIZE):
                data = self.read_tile(len(self._rows), index, width)
                self._check_tile(len(self._rows), index, data)
                if width == TILE_WIDTH:
                    above += tile_root(data)
            self._rows.append(above)

    def _check_tile(self, level: int, index: int, data: bytes) -> None:
        width = len(data) // HASH_SIZE
        for stored in (width, *self._narrower[level, index]):
            path = tile_path(level, index, stored)
            if _read(self._files, path) != data[: stored * HASH_SIZE]:
                raise TileDiffersError(path=path)

    def read_tile(self, level: int, index: int, width: int) -> bytes:
        """Return a tile made anew, see `TileReader`."""
        if level == 0:
            return self._leaf_tiles[index][: width * HASH_SIZE]
        start = index * TILE_WIDTH * HASH_SIZE
        return bytes(self._rows[level - 1][start : start + width * HASH_SIZE])

    def root(self, size: int) -> bytes:
        """Return the root of the first `size` entries: of the whole tree, or of `also`."""
        return tree_root(size, TileHashReader(self, size))


def _survey(files: ExportFiles, size: int) -> dict[tuple[int | None, int], list[int]]:
    """Return the widths of the partial tiles (level) and bundles (None) left from when the tree was smaller.

    Raises:
        ExportFileError, StrayFileError: a file below `tile/` is no part of the tree of `size`.
    """
    narrower: dict[tuple[int | None, int], list[int]] = defaultdict(list)
    for path in files.paths():
        if not path.startswith(_TILES):
            continue
        try:
            place = parse_path(path)
        except TilePathError as error:
            raise ExportFileError(cause=error.as_dict()) from error
        level = None if isinstance(place, BundlePath) else place.level
        here = (size >> TILE_HEIGHT * (level or 0)) - place.index * TILE_WIDTH
        if place.width > here:
            raise StrayFileError(path=path, size=size)
        if place.width < min(here, TILE_WIDTH):
            narrower[level, place.index].append(place.width)
    return narrower
