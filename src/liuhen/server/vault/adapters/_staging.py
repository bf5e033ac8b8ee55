"""Staging areas of the local store: one folder per upload, locked while open.

What a crash leaves, and what opening the area again makes of it:

- `data` is as long as the file system says. Opening makes that durable before it reports it, so a size once
  reported stays. Bytes that were written but never flushed may be among them; they are digested from the medium like
  all others, so bytes that a power cut spoiled end as a digest mismatch, never as a sealed object.
- `sealed.json` beside `data`: the seal was cut off before the data moved; the note is dropped.
- `sealed.json` alone: the data moved. The area answers as sealed as long as the object is there.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from liuhen.server.vault.adapters._files import FOLDER, found_at, opened, read_small, remove
from liuhen.server.vault.adapters._posix import reporting
from liuhen.server.vault.adapters._record import DefectError, Note
from liuhen.server.vault.adapters._running import Memo, RunningDigest
from liuhen.server.vault.adapters._staged import LocalStaged
from liuhen.server.vault.errors import StageLockedError
from liuhen.server.vault.interfaces import StagedArea

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from liuhen.server.vault.adapters._files import Folders
    from liuhen.server.vault.adapters._layout import Layout
    from liuhen.server.vault.adapters._posix import Posix

__all__ = ["Staging"]

_ATTEMPTS: Final = 8


class Staging:
    """All staging areas of one store. `is_object` says whether the object that a note names exists."""

    def __init__(self, posix: Posix, layout: Layout, folders: Folders, is_object: Callable[[Note], bool]) -> None:
        self._posix = posix
        self._layout = layout
        self._folders = folders
        self._is_object = is_object
        self._memo = Memo()

    def open(self, key: str) -> LocalStaged:
        """Open, lock and, if need be, make the area of `key`.

        Raises:
            StageLockedError: it is open elsewhere.
        """
        area = self._layout.area(key)
        with reporting(self._layout.shown(area)), ExitStack() as undo:
            self._folders.ensure(self._layout.staging)
            folder = self._lock(key, area)
            undo.callback(self._posix.close, folder)
            with opened(self._posix, self._layout.staging, FOLDER) as staging:
                self._posix.fsync(staging)
            note = self._sealed_note(area)
            data = -1
            size = 0 if note is None else note.size
            digest = RunningDigest()
            if note is None:
                data = self._posix.open(area / LocalStaged.DATA, os.O_RDWR | os.O_CREAT)
                undo.callback(self._posix.close, data)
                remove(self._posix, area / LocalStaged.NOTE)
                self._posix.fsync(folder)
                size, digest = self._examine(key, data)
            undo.pop_all()
        return LocalStaged(
            self._posix,
            self._layout,
            self._memo,
            key=key,
            folder=folder,
            data=data,
            size=size,
            digest=digest,
            note=note,
        )

    def areas(self) -> Iterator[StagedArea]:
        """Walk the areas in ascending order; one that vanishes meanwhile, or is no folder, is passed over."""
        with reporting(self._layout.shown(self._layout.staging)):
            if found_at(self._posix, self._layout.staging) is None:
                return
            names = sorted(filter(self._layout.is_key, self._posix.listdir(self._layout.staging)))
        for key in names:
            path = self._layout.area(key)
            with reporting(self._layout.shown(path)), suppress(FileNotFoundError, NotADirectoryError):
                yield self._look_at(key, path)

    def _look_at(self, key: str, path: Path) -> StagedArea:
        folder = self._posix.lstat(path)
        data = found_at(self._posix, path / LocalStaged.DATA)
        note = self._read_note(path) if data is None else None
        touched = max(folder.st_mtime, 0.0 if data is None else data.st_mtime)
        return StagedArea(
            key=key,
            size=data.st_size if data is not None else note.size if note is not None else 0,
            sealed=note is not None,
            touched=datetime.fromtimestamp(touched, UTC),
        )

    def _lock(self, key: str, area: Path) -> int:
        """Return the area's folder, open and locked; made anew where its former holder removes it meanwhile."""
        for _ in range(_ATTEMPTS):
            with suppress(FileExistsError):
                self._posix.mkdir(area)
            with suppress(FileNotFoundError), ExitStack() as undo:
                folder = self._posix.open(area, FOLDER)
                undo.callback(self._posix.close, folder)
                try:
                    self._posix.lock(folder, wait=False)
                except BlockingIOError:
                    raise StageLockedError(key=key) from None
                if os.path.samestat(self._posix.fstat(folder), self._posix.lstat(area)):
                    undo.pop_all()
                    return folder
        raise StageLockedError(key=key)

    def _sealed_note(self, area: Path) -> Note | None:
        if found_at(self._posix, area / LocalStaged.DATA) is not None:
            return None
        note = self._read_note(area)
        return note if note is not None and self._is_object(note) else None

    def _read_note(self, area: Path) -> Note | None:
        data = read_small(self._posix, area / LocalStaged.NOTE)
        try:
            return None if data is None else Note.decode(data)
        except DefectError:
            return None

    def _examine(self, key: str, data: int) -> tuple[int, RunningDigest]:
        """Make the data durable; return its size and its digest as far as it is known."""
        self._posix.fdatasync(data)
        file = self._posix.fstat(data)
        digest = self._memo.take(key, file)
        if digest.position < file.st_size:
            # Pages that a failed flush left in the cache look clean and are not on the medium: read from there.
            self._posix.forget_cached(data)
        return file.st_size, digest
