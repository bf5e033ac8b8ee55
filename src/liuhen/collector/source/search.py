"""Deciding what of a device is a recording, what belongs to it, what is left and why, and in which order to go."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from liuhen.collector.clock import device_time_of
from liuhen.collector.source.interface import Entry, EntryKind, FileKey
from liuhen.core.naming import MediaKind, decode_name, read_name, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liuhen.core.naming import Grammars, NameReading

__all__ = ["Find", "Found", "Skip", "SkipReason", "find", "recordings_among"]

_SYSTEM_FOLDERS: Final = frozenset(
    {
        b"system volume information",
        b"$recycle.bin",
        b"recycler",
        b"lost.dir",
        b"lost+found",
        b".trash",
        b".trashes",
        b".spotlight-v100",
        b".fseventsd",
        b".temporaryitems",
    }
)
_APPLE_DOUBLE: Final = b"._"
_KIND_ORDER: Final = {MediaKind.VIDEO: 0, MediaKind.AUDIO: 1, MediaKind.PHOTO: 2}


class SkipReason(StrEnum):
    """Why something on the device was not taken; the codes travel in the summary of the collection."""

    NOT_MEDIA = "not-media"
    SYSTEM_FILE = "system-file"
    SYMLINK = "symlink"
    NOT_A_FILE = "not-a-file"
    TOO_DEEP = "too-deep"
    SIDECAR_ALONE = "sidecar-alone"
    ALREADY_RECEIVED = "already-received"
    ALREADY_SPOOLED = "already-spooled"
    SPOOLED = "spooled"
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    GONE = "gone"
    REFUSED = "refused"
    DIGEST_MISMATCH = "digest-mismatch"
    RECORDING_NOT_TAKEN = "recording-not-taken"
    SPOOL_DAMAGED = "spool-damaged"
    NOT_LISTED = "not-listed"

    @property
    def is_failure(self) -> bool:
        """Whether something that should have been taken was not."""
        return self in _FAILURES

    @property
    def may_pass(self) -> bool:
        """Whether the failure may be over at the next try, though nothing on the device changes."""
        return self in _MAY_PASS


_FAILURES: Final = frozenset({
    SkipReason.UNREADABLE,
    SkipReason.CHANGED,
    SkipReason.GONE,
    SkipReason.REFUSED,
    SkipReason.DIGEST_MISMATCH,
    SkipReason.RECORDING_NOT_TAKEN,
    SkipReason.SPOOL_DAMAGED,
    SkipReason.TOO_DEEP,
})  # fmt: skip

_MAY_PASS: Final = frozenset({SkipReason.CHANGED, SkipReason.REFUSED, SkipReason.DIGEST_MISMATCH})


_NEVER_TAKEN: Final = {
    EntryKind.LINK: SkipReason.SYMLINK,
    EntryKind.OTHER: SkipReason.NOT_A_FILE,
    EntryKind.UNREADABLE: SkipReason.UNREADABLE,
    EntryKind.TOO_DEEP: SkipReason.TOO_DEEP,
}


@dataclass(frozen=True, slots=True)
class Find:
    """One recording on the device, what its name says, whether the device locked it, and its attachments."""

    entry: Entry
    reading: NameReading
    locked: bool
    attachments: tuple[Entry, ...] = ()

    @property
    def important(self) -> bool:
        """Whether name, folder or lock say that it must be kept."""
        return self.locked or bool(self.reading.important)


@dataclass(frozen=True, slots=True)
class Skip:
    """Something left on the device: its path, shown safely, and why."""

    shown: str
    reason: SkipReason

    def as_json(self) -> dict[str, str]:
        """Return the object of a summary or a manifest."""
        return {"name": self.shown, "reason": self.reason.value}


@dataclass(frozen=True, slots=True)
class Found:
    """What there is to do: recordings in order of work, and what is left."""

    finds: tuple[Find, ...]
    skips: tuple[Skip, ...]


def shown_path(path: bytes) -> str:
    """Return the raw `path` as safe text."""
    return visible(decode_name(path)[0])


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The entries of a walk by what becomes of them."""

    media: list[Entry]
    sidecars: list[Entry]
    skips: list[Skip]


def find(entries: Iterable[Entry], grammars: Grammars) -> Found:
    """Sort out the `entries` of a walk: locked or important recordings first, then the oldest first."""
    found = _sort_out(entries, grammars)
    attached, alone = _attach(found.media, found.sidecars, grammars)
    skips = [*found.skips, *(Skip(shown_path(entry.path), SkipReason.SIDECAR_ALONE) for entry in alone)]
    # On a device mounted without write permission every file looks locked, which then says nothing.
    lock_tells = not all(entry.read_only for entry in found.media)
    finds = [
        Find(
            entry,
            read_name(entry.name, grammars),
            _is_locked(entry, grammars, lock_tells=lock_tells),
            tuple(attached.get(entry.path, ())),
        )
        for entry in found.media
    ]
    return Found(tuple(sorted(finds, key=_order)), tuple(skips))


def recordings_among(entries: Iterable[Entry], grammars: Grammars) -> frozenset[FileKey]:
    """Return the keys of the recordings, and sidecars, among the `entries` of a walk.

    Whoever only looks for a change is spared the reading of every name.
    """
    found = _sort_out(entries, grammars)
    return frozenset(entry.key for entry in (*found.media, *found.sidecars))


def _sort_out(entries: Iterable[Entry], grammars: Grammars) -> _Sorted:
    found = _Sorted([], [], [])
    for entry in entries:
        *above, name = entry.path.split(b"/")
        if any(map(_is_system_folder, above)):
            continue  # the folder itself is listed
        if entry.kind is EntryKind.FOLDER and _is_system_folder(name):
            found.skips.append(Skip(shown_path(entry.path), SkipReason.SYSTEM_FILE))
            continue
        reason = _set_aside(entry, grammars)
        if reason is not None:
            found.skips.append(Skip(shown_path(entry.path), reason))
        elif entry.kind is EntryKind.FILE:
            (found.sidecars if grammars.is_sidecar(entry.name) else found.media).append(entry)
    return found


def _set_aside(entry: Entry, grammars: Grammars) -> SkipReason | None:
    """Return why `entry` is not taken, or None."""
    reason = _NEVER_TAKEN.get(entry.kind)
    if reason is not None or entry.kind is EntryKind.FOLDER:
        return reason
    if entry.name.startswith(_APPLE_DOUBLE):
        return SkipReason.SYSTEM_FILE
    taken = grammars.kind_of(entry.name) is not MediaKind.UNKNOWN or grammars.is_sidecar(entry.name)
    return None if taken else SkipReason.NOT_MEDIA


def _is_system_folder(name: bytes) -> bool:
    return name.lower() in _SYSTEM_FOLDERS or name.lower().startswith(b".trash-")


def _is_locked(entry: Entry, grammars: Grammars, *, lock_tells: bool) -> bool:
    folders = entry.path.lower().split(b"/")[:-1]
    words = {decode_name(folder)[0] for folder in folders}
    return (entry.read_only and lock_tells) or not words.isdisjoint(grammars.important_folders)


def _attach(
    media: list[Entry], sidecars: list[Entry], grammars: Grammars
) -> tuple[dict[bytes, list[Entry]], list[Entry]]:
    """Give each sidecar to the recording beside it with its stem (`a.mp4`: `a.gps` or `a.mp4.gps`)."""
    owners: dict[bytes, Entry] = {}
    for entry in sorted(media, key=lambda entry: (_KIND_ORDER[grammars.kind_of(entry.name)], entry.path)):
        path = entry.path.lower()
        owners.setdefault(path, entry)
        owners.setdefault(path.rpartition(b".")[0], entry)
    attached: dict[bytes, list[Entry]] = {}
    alone: list[Entry] = []
    for sidecar in sidecars:
        owner = owners.get(sidecar.path.lower().rpartition(b".")[0])
        if owner is None:
            alone.append(sidecar)
        else:
            attached.setdefault(owner.path, []).append(sidecar)
    return attached, alone


def _order(find: Find) -> tuple[bool, str, bytes]:
    started = find.reading.started or device_time_of(find.entry.mtime_ns) or ""
    return (not find.important, started, find.entry.path)
