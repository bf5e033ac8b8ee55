"""The values that travel: a collection's opening and closing, a file's declaration (docs/spec/intake-protocol.md)."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Fact", "FactSource", "FileDeclaration", "FileRole", "closing", "new_uuid", "opening"]

_VERSION: Final = 1


def new_uuid() -> str:
    """Return a fresh uuid; the collector chooses its own, so that repeating a request is harmless."""
    return str(uuid.uuid4())


class FileRole(StrEnum):
    """What a file is: a recording itself, or something that belongs to one."""

    ORIGINAL = "original"
    ATTACHMENT = "attachment"


class FactSource(StrEnum):
    """Where the value of a fact was found."""

    NAME = "name"
    CONTAINER = "container"
    MTIME = "mtime"
    DEVICE = "device"
    DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Fact:
    """One value and where it was found."""

    value: str | int | bool
    source: FactSource


@dataclass(frozen=True, slots=True)
class FileDeclaration:
    """What the collector says of a file before it sends it; `path` holds raw bytes with `/` between the parts."""

    upload: str
    collection: str
    path: bytes
    role: FileRole
    attached_to: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def name(self) -> bytes:
        """The raw name: the last part of the path."""
        return self.path.rpartition(b"/")[2]

    def as_json(self) -> dict[str, Any]:
        """Return the object of section 3."""
        return {
            "v": _VERSION,
            "upload": self.upload,
            "collection": self.collection,
            "name": base64.b64encode(self.name).decode(),
            "path": base64.b64encode(self.path).decode(),
            "role": self.role.value,
            "attached_to": self.attached_to,
            "facts": {name: {"value": fact.value, "source": fact.source.value} for name, fact in self.facts.items()},
        }

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> FileDeclaration:
        """Return the declaration that `as_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is none.
        """
        return cls(
            upload=str(raw["upload"]),
            collection=str(raw["collection"]),
            path=base64.b64decode(raw["path"], validate=True),
            role=FileRole(raw["role"]),
            attached_to=raw["attached_to"],
            facts={name: Fact(fact["value"], FactSource(fact["source"])) for name, fact in raw["facts"].items()},
        )


def opening(
    *, device: str | None, collector: str, opened: str, clock: Mapping[str, Any], carried: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return the object that opens a collection (section 2); times are texts as `clock.format_time` writes them."""
    return {
        "v": _VERSION,
        "device": device,
        "collector": collector,
        "opened": opened,
        "clock": dict(clock),
        "carried": None if carried is None else dict(carried),
    }


def closing(
    *, closed: str, taken: Sequence[str], skipped: Sequence[Mapping[str, str]], cleared: Sequence[str]
) -> dict[str, Any]:
    """Return the object that closes a collection (section 2)."""
    return {
        "v": _VERSION,
        "closed": closed,
        "taken": list(taken),
        "skipped": [dict(skip) for skip in skipped],
        "cleared": list(cleared),
    }
