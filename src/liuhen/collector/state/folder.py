"""The state folder: all its paths, and writing below it.

collections/<collection>/collection.json      the body that opened it, and where it came from
collections/<collection>/files/<upload>.json  one file's progress
receipts/<collection>/<name>.<upload>.receipt.json
known/<2 hex>/<sha256 of path, size and time>.json
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from liuhen.collector.errors import StateUnwritableError
from liuhen.core.canonical import canonical
from liuhen.core.reasons import reason_of
from liuhen.durable import make_folder, remove_durably, sync_folder, write_durably

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["StateFolder", "default_state_folder"]


def default_state_folder(environment: Mapping[str, str]) -> Path:
    """Return the collector's folder below XDG_STATE_HOME (XDG Base Directory Specification 0.8)."""
    base = environment.get("XDG_STATE_HOME", "")
    home = Path(base) if base and Path(base).is_absolute() else Path.home() / ".local" / "state"
    return home / "liuhen" / "collector"


class StateFolder:
    """Durable writes below `root`; every failure is a `StateUnwritableError` that names the path."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._certain: set[Path] = set()

    @property
    def collections(self) -> Path:
        """The folder of collections under way."""
        return self.root / "collections"

    def receipt_file(self, receipt: str) -> Path:
        """The receipt at `receipt`, `<collection>/<file name>`; receipts are kept for ever.

        Names on disk are UTF-8 whatever the locale: a locale that lacks a character must neither fail nor lose it.
        """
        return self.root / "receipts" / os.fsdecode(receipt.encode())

    def known_file(self, key: str) -> Path:
        """The note about a file that was received and still lies on its device."""
        return self.root / "known" / key[:2] / f"{key}.json"

    def make(self, folder: Path) -> None:
        """Make `folder`, `root` or below it, durably."""
        inner = [above for above in (folder, *folder.parents) if above.is_relative_to(self.root)]
        try:
            for one in reversed(inner):
                if one not in self._certain or not one.exists():
                    make_folder(one)
                    self._certain.add(one)
        except OSError as error:
            raise _unwritable(folder, error) from error

    def write(self, path: Path, data: bytes) -> None:
        """Replace the file at `path` durably, making its folder if need be."""
        self.make(path.parent)
        try:
            write_durably(path, data)
        except OSError as error:
            raise _unwritable(path, error) from error

    def write_json(self, path: Path, value: Mapping[str, Any]) -> None:
        """Write `value` as canonical JSON."""
        self.write(path, canonical(value))

    def lock(self, folder: Path) -> int:
        """Return a descriptor that holds `folder`; wait while somebody else does."""
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise _unwritable(folder, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            os.close(descriptor)
            raise _unwritable(folder, error) from error
        return descriptor

    def rename(self, old: Path, new: Path) -> None:
        """Give a folder its name durably; there must be nothing but an empty folder at `new`."""
        try:
            old.rename(new)
            sync_folder(new.parent)
        except OSError as error:
            raise _unwritable(new, error) from error

    def remove(self, path: Path) -> None:
        """Remove the file at `path` durably if it is there."""
        try:
            if path.exists():
                remove_durably(path)
        except OSError as error:
            raise _unwritable(path, error) from error

    def remove_folder(self, folder: Path) -> None:
        """Remove `folder`, which holds files only."""
        try:
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            raise _unwritable(folder, error) from error


def _unwritable(path: Path, error: OSError) -> StateUnwritableError:
    return StateUnwritableError(path=path, reason=reason_of(error))
