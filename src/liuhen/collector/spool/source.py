"""A spool as a source: the paths of the device, the bytes below content names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from liuhen.collector.source import FolderSource
from liuhen.collector.spool.layout import FILES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType
    from typing import Self

    from liuhen.collector.source import Entry, FileStat, SourceFile
    from liuhen.collector.spool.layout import Spool, SpooledFile

__all__ = ["SpoolSource"]


class SpoolSource:
    """The files of `spool`, which lies in `folder`; held open and locked like the folder of a device."""

    def __init__(self, folder: Path, spool: Spool) -> None:
        self._folder = FolderSource(folder)
        self._files = {file.declaration.path: file for file in spool.files}

    def __enter__(self) -> Self:
        """Open and lock the spool, see `FolderSource`."""
        self._folder.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._folder.__exit__(kind, error, at)

    @property
    def shown(self) -> str:
        """See `Source`."""
        return self._folder.shown

    def walk(self) -> Iterator[Entry]:
        """See `Source`."""
        return iter(())

    def open(self, path: bytes) -> SourceFile:
        """See `Source`."""
        spooled = self._files[path]
        return _SpooledBytes(self._folder.open(_content(spooled)), spooled)

    def remove(self, path: bytes, expected: FileStat) -> bool:
        """See `Source`."""
        del path, expected
        raise PermissionError(0, "a spool is removed as a whole")

    def is_there(self) -> bool:
        """See `Source`."""
        return self._folder.is_there()


class _SpooledBytes:
    """An open content file that has the time of the file on the device; its bytes are compared by digest."""

    def __init__(self, file: SourceFile, spooled: SpooledFile) -> None:
        self._file = file
        self._mtime_ns = spooled.mtime_ns

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.__exit__(kind, error, at)

    def stat(self) -> FileStat:
        return replace(self._file.stat(), mtime_ns=self._mtime_ns)

    def read_at(self, offset: int, count: int) -> bytes:
        return self._file.read_at(offset, count)

    def forget_cached(self) -> None:
        self._file.forget_cached()


def _content(spooled: SpooledFile) -> bytes:
    return f"{FILES}/{spooled.digests.sha256}".encode()
