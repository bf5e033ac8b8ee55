"""The folder of a spool, and its strict reader. A spool may come from anybody: nothing in it is used unchecked.

liuhen-spool-<collection>/manifest.json     canonical JSON, written last
liuhen-spool-<collection>/files/<sha256>    each content once
.liuhen-spool-<uuid>.partial/               being written or removed
"""

from __future__ import annotations

import shutil
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from liuhen.collector.errors import SpoolDamagedError, SpoolUnreadableError
from liuhen.collector.source.search import Skip, SkipReason, shown_path
from liuhen.collector.wire import FileDeclaration, FileRole
from liuhen.core.canonical import CanonicalError, canonical, parse_canonical
from liuhen.core.digests import Digests
from liuhen.core.errors import both
from liuhen.core.forms import is_digest, is_uuid
from liuhen.core.naming import reshown
from liuhen.core.reasons import reason_of
from liuhen.durable import sync_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from liuhen.collector.source import FileKey

__all__ = [
    "FILES",
    "MANIFEST",
    "PARTIAL",
    "PREFIX",
    "Spool",
    "SpooledFile",
    "encode_manifest",
    "find_spools",
    "is_spool",
    "read_spool",
    "remove_spool",
]

PREFIX: Final = "liuhen-spool-"
PARTIAL: Final = ".partial"
FILES: Final = "files"
MANIFEST: Final = "manifest.json"
_KIND: Final = "liuhen-spool"
_MAX_MANIFEST: Final = 64 << 20
_KEYS: Final = {"v", "kind", "collection", "opening", "files", "skipped"}
_OPENING: Final = {"v", "device", "collector", "opened", "clock", "carried"}


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """One file of a spool: what was declared of it, and what it was on the device."""

    declaration: FileDeclaration
    size: int
    mtime_ns: int
    digests: Digests

    @property
    def key(self) -> FileKey:
        """What told this file from others on its device."""
        return (self.declaration.path, self.size, self.mtime_ns)


@dataclass(frozen=True, slots=True)
class Spool:
    """What a manifest says: the collection, the body that opens it, its files, and what was left on the device."""

    collection: str
    opening: Mapping[str, Any]
    files: tuple[SpooledFile, ...]
    skips: tuple[Skip, ...]


def is_spool(folder: Path) -> bool:
    """Say whether `folder` is one spool; one that cannot be looked into is none."""
    try:
        return (folder / MANIFEST).is_file() and (folder / FILES).is_dir()
    except OSError:
        return False


def find_spools(folder: Path) -> list[Path]:
    """Return the finished spools that `folder` is or holds, in order of their names; none if it cannot be read."""
    if is_spool(folder):
        return [folder]
    try:
        return sorted(path for path in folder.glob(f"{PREFIX}*") if is_spool(path))
    except OSError:
        return []


def encode_manifest(spool: Spool) -> bytes:
    """Return the bytes of the manifest."""
    return canonical(
        {
            "v": 1,
            "kind": _KIND,
            "collection": spool.collection,
            "opening": dict(spool.opening),
            "files": [
                {
                    "declaration": file.declaration.as_json(),
                    "size": file.size,
                    "mtime_ns": str(file.mtime_ns),
                    "digests": asdict(file.digests),
                }
                for file in spool.files
            ],
            "skipped": [skip.as_json() for skip in spool.skips],
        }
    )


def read_spool(folder: Path) -> Spool:
    """Read the manifest in `folder`; the contents are checked as they are handed in.

    Raises:
        SpoolUnreadableError: it cannot be read.
        SpoolDamagedError: it is not a manifest as `encode_manifest` writes it.
    """
    shown = shown_path(bytes(folder))
    try:
        with (folder / MANIFEST).open("rb") as file:
            data = file.read(_MAX_MANIFEST + 1)
    except OSError as error:
        raise SpoolUnreadableError(path=shown, what=MANIFEST, reason=reason_of(error)) from error
    try:
        return _spool(parse_canonical(data))
    except (CanonicalError, KeyError, TypeError, ValueError, AttributeError) as error:
        reason = both("它不是暂存时写出的清单", "it is not a manifest as one is written")
        raise SpoolDamagedError(path=shown, what=MANIFEST, reason=reason) from error


def remove_spool(folder: Path) -> None:
    """Remove a spool whose every file has been received: its name first, so that no half spool is ever found.

    Raises:
        OSError: it could not be removed; what is left bears a name that the next `sweep` of its parent clears away.
    """
    partial = folder.with_name(f".{folder.name}{PARTIAL}")
    folder.rename(partial)
    sync_folder(folder.parent)
    shutil.rmtree(partial)
    sync_folder(folder.parent)


def _spool(table: Any) -> Spool:
    _require(table.keys() == _KEYS and table["v"] == 1 and table["kind"] == _KIND)
    _require(is_uuid(table["collection"]))
    opening = table["opening"]
    _require(opening.keys() == _OPENING and is_uuid(opening["carried"]["station"]))
    files = tuple(_file(raw, table["collection"]) for raw in table["files"])
    originals = {file.declaration.upload for file in files if file.declaration.role is FileRole.ORIGINAL}
    uploads = {file.declaration.upload for file in files}
    paths = {file.declaration.path for file in files}
    _require(len(uploads) == len(paths) == len(files))
    for file in files:
        # A file attached to nothing that is here would never be reached.
        attached = file.declaration.attached_to
        _require(attached is None if file.declaration.role is FileRole.ORIGINAL else attached in originals)
    return Spool(table["collection"], opening, files, tuple(_skip(raw) for raw in table["skipped"]))


def _file(raw: Any, collection: str) -> SpooledFile:
    declaration = FileDeclaration.from_json(raw["declaration"])
    digests = Digests(**raw["digests"])
    _require(is_uuid(declaration.upload) and declaration.collection == collection)
    _require(is_digest(digests.sha256) and is_digest(digests.sm3))
    _require(type(raw["size"]) is int and raw["size"] == digests.size >= 0)
    _require(declaration.as_json() == raw["declaration"])
    return SpooledFile(declaration, raw["size"], int(raw["mtime_ns"]), digests)


def _skip(raw: Any) -> Skip:
    _require(raw.keys() == {"name", "reason"} and isinstance(raw["name"], str))
    # It is told as it is, on the terminal and in the summary.
    _require(raw["name"] == reshown(raw["name"]))
    return Skip(raw["name"], SkipReason(raw["reason"]))


def _require(holds: object) -> None:
    if not holds:
        raise ValueError("not a manifest")
