"""Handing the ledger out: everything that a checkpoint covers, in the form that outside verifiers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.core.tlog.tiles import CHECKPOINT_PATH, BundlePath, parse_path, tree_paths
from liuhen.core.verify import FolderFiles, verify_export
from liuhen.server.ledger import selectors
from liuhen.server.ledger.errors import ExportFolderError
from liuhen.server.ledger.files import HEADS_FOLDER, KEY_PATH, LedgerFolder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["export_ledger"]


def export_ledger(target: Path) -> int:
    """Copy the ledger under its newest checkpoint to the folder `target`, verify the copy, and return its size.

    The checkpoint is written last, so an export that was cut short holds none. The paths are those of `/ledger/`.

    Raises:
        ExportFolderError: `target` is not empty.
        NoCheckpointError: no ledger was begun.
        VerificationError: the copy is not whole and true; the subclass says why.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ExportFolderError(folder=target)
    folder, copy = selectors.ledger_folder(), LedgerFolder(target)
    checkpoint = selectors.latest_checkpoint()
    copy.make()
    copy.write_new(_covered(folder, checkpoint.size))
    copy.put(KEY_PATH, folder.read(KEY_PATH))
    copy.put(CHECKPOINT_PATH, checkpoint.note)
    verify_export(FolderFiles(target), key=selectors.verifier_key())
    return checkpoint.size


def _covered(folder: LedgerFolder, size: int) -> Iterator[tuple[str, bytes]]:
    for path in tree_paths(size):
        place = parse_path(path)
        if isinstance(place, BundlePath):
            yield path, folder.read_bundle(place.index, place.width)
        else:
            yield path, folder.read_tile(place.level, place.index, place.width)
    for heads in sorted((folder.root / HEADS_FOLDER).glob("[0-9]*.json")):
        yield f"{HEADS_FOLDER}/{heads.name}", heads.read_bytes()
