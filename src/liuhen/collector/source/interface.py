"""What the collector asks of a place that holds recordings.

Paths are raw bytes below the source with `/` between the parts, exactly as the device wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

__all__ = ["Entry", "EntryKind", "FileKey", "FileStat", "Source", "SourceFile"]


type FileKey = tuple[bytes, int, int]
"""What tells a file from others on its device: raw path, size in bytes, modification time in ns."""


class EntryKind(StrEnum):
    """What kind of thing lies at a path."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    OTHER = "other"
    UNREADABLE = "unreadable"
    TOO_DEEP = "too-deep"


@dataclass(frozen=True, slots=True)
class FileStat:
    """What tells one state of a file from another: size in bytes, modification time in ns, device and inode."""

    size: int
    mtime_ns: int
    inode: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing found while walking; `read_only` is the lock attribute that devices set on files to be kept."""

    path: bytes
    kind: EntryKind
    size: int = 0
    mtime_ns: int = 0
    read_only: bool = False

    @property
    def name(self) -> bytes:
        """The last part of the path."""
        return self.path.rpartition(b"/")[2]

    @property
    def key(self) -> FileKey:
        """What tells it from others."""
        return (self.path, self.size, self.mtime_ns)


class SourceFile(Protocol):
    """An open file; a context manager that closes it."""

    def stat(self) -> FileStat:
        """Return the file's present state."""
        ...

    def read_at(self, offset: int, count: int) -> bytes:
        """Return at most `count` bytes from `offset`; fewer only at the end."""
        ...

    def forget_cached(self) -> None:
        """Ask the system to read from the device again, not from its memory."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


class Source(Protocol):
    """A place that holds recordings. Everything may raise OSError: the device can be pulled out at any moment."""

    @property
    def shown(self) -> str:
        """The place as safe text for people."""
        ...

    def walk(self) -> Iterator[Entry]:
        """Yield everything below the source, folders included, links not followed."""
        ...

    def open(self, path: bytes) -> SourceFile:
        """Open the regular file at `path`."""
        ...

    def remove(self, path: bytes, expected: FileStat) -> bool:
        """Remove the file at `path` durably if it still is in the state `expected`; say whether it was removed."""
        ...

    def is_there(self) -> bool:
        """Say whether the source as a whole can still be read."""
        ...
