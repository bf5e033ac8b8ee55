"""The grammars as values: what one grammar is, and a table of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from liuhen.core.naming.pattern import Pattern

__all__ = ["Grammar", "Grammars", "MediaKind"]


class MediaKind(StrEnum):
    """What a file claims to be by its extension; the server's probe says what it is."""

    VIDEO = "video"
    AUDIO = "audio"
    PHOTO = "photo"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Grammar:
    """One family of names: any of `patterns` matched against the name without its extension.

    `kinds` are the media kinds that the family names; `flags` says whether the family can mark importance, in
    which case a name without the mark says "not important" rather than nothing.
    """

    id: str
    description: str
    patterns: tuple[Pattern, ...]
    kinds: frozenset[MediaKind]
    flags: bool


@dataclass(frozen=True, slots=True)
class Grammars:
    """A table: the first grammar that matches reads the name.

    `kinds` maps an extension (lower case, no dot) to its media kind; `sidecars` are the extensions of files
    that travel as attachments of the recording beside them; `important_folders` are the names, in lower case, of
    folders into which devices put recordings to be kept.
    """

    entries: tuple[Grammar, ...]
    kinds: Mapping[str, MediaKind]
    sidecars: frozenset[str]
    important_folders: frozenset[str]

    def kind_of(self, name: bytes) -> MediaKind:
        """Return the media kind that the extension of the raw `name` claims."""
        return self.kinds.get(extension_of(name), MediaKind.UNKNOWN)

    def is_sidecar(self, name: bytes) -> bool:
        """Say whether the extension of the raw `name` is that of a sidecar."""
        return extension_of(name) in self.sidecars


def extension_of(name: bytes) -> str:
    """Return what follows the last dot, in lower case; "" when there is no dot or it is not ASCII.

    Works on bytes: no byte of a GB18030 or UTF-8 character but the dot itself has the dot's value. White
    space at the end is no part of an extension: a recording cannot hide behind a trailing blank or newline.
    """
    _, dot, extension = name.rstrip().rpartition(b".")
    return extension.decode("ascii").lower() if dot and extension.isascii() else ""
