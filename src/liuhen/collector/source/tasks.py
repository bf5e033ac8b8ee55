"""What there is to hand in, whether it lies on a device or in a spool: units of a recording and its attachments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from liuhen.collector.source.facts import facts_of
from liuhen.collector.source.search import shown_path
from liuhen.collector.wire import Fact, FileRole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from liuhen.collector.source import Entry, FileKey, Find, SourceFile
    from liuhen.core.digests import Digests

__all__ = ["Task", "Unit", "units_of"]


@dataclass(frozen=True, slots=True)
class Task:
    """One file: where it lies and what it was when it was found.

    `facts` looks them up in the open file when the file's turn comes. A spool fixes the `upload` uuid and tells the
    `expected` digests.
    """

    path: bytes
    size: int
    mtime_ns: int
    role: FileRole
    facts: Callable[[SourceFile], Mapping[str, Fact]]
    upload: str | None = None
    expected: Digests | None = None

    @property
    def key(self) -> FileKey:
        """What tells this file from others on the device."""
        return (self.path, self.size, self.mtime_ns)

    @property
    def shown(self) -> str:
        """The path as safe text."""
        return shown_path(self.path)


@dataclass(frozen=True, slots=True)
class Unit:
    """A recording and what belongs to it; they are handed in together and cleared together."""

    original: Task
    attachments: tuple[Task, ...] = ()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The original first."""
        return (self.original, *self.attachments)


def units_of(finds: Iterable[Find], device: str | None) -> tuple[Unit, ...]:
    """Return the work that the `finds` of a device make, in their order; `device` is the declared serial."""
    return tuple(
        Unit(
            _task(find.entry, FileRole.ORIGINAL, partial(_facts, find, device)),
            tuple(_task(entry, FileRole.ATTACHMENT, _no_facts) for entry in find.attachments),
        )
        for find in finds
    )


def _facts(find: Find, device: str | None, file: SourceFile) -> Mapping[str, Fact]:
    return facts_of(find, file, device)


def _no_facts(file: SourceFile) -> Mapping[str, Fact]:
    del file
    return {}


def _task(entry: Entry, role: FileRole, facts: Callable[[SourceFile], Mapping[str, Fact]]) -> Task:
    return Task(entry.path, entry.size, entry.mtime_ns, role, facts)
