"""The operating system with a power cut: what is on the medium is known, and what is only in memory is lost.

Beside the real folder a model is kept of what has been made durable: the bytes of a file by its syncs, the names in a
folder by the folder's syncs. `PowerCutPosix.restore` writes out what a machine might find when it comes up again.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from tests.server.vault.adapters.faulty import FaultyPosix

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["Bytes", "Names", "PowerCutPosix"]


class Names(StrEnum):
    """Which names of a folder survive."""

    SYNCED = "names-synced"  # as of the folder's last sync: nothing that was not asked for
    LATEST = "names-latest"  # as they were in memory: the journal happened to be written


class Bytes(StrEnum):
    """Which bytes of a file survive."""

    SYNCED = "bytes-synced"  # as of the file's last sync
    LATEST = "bytes-latest"  # as they were in memory
    ZEROED = "bytes-zeroed"  # the latest length, with zeros for what was not synced


@dataclass(slots=True)
class _File:
    latest: bytes = b""
    synced: bytes = b""

    def after(self, kind: Bytes) -> bytes:
        match kind:
            case Bytes.SYNCED:
                return self.synced
            case Bytes.LATEST:
                return self.latest
            case Bytes.ZEROED:
                kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(self.synced, self.latest)))
                return self.latest[:kept] + bytes(len(self.latest) - kept)

    def sync(self) -> None:
        self.synced = self.latest


@dataclass(slots=True)
class _Folder:
    latest: dict[str, _Folder | _File] = field(default_factory=dict)
    synced: dict[str, _Folder | _File] = field(default_factory=dict)

    def after(self, kind: Names) -> dict[str, _Folder | _File]:
        return self.synced if kind is Names.SYNCED else self.latest

    def sync(self) -> None:
        self.synced = dict(self.latest)


class PowerCutPosix(FaultyPosix):
    """Works on the existing, durable folder `base`, and dies after call `die`."""

    def __init__(self, base: Path, *, die: int = 0) -> None:
        super().__init__(die=die)
        self._base = base
        self._root = _Folder()
        self._by_fd: dict[int, _Folder | _File] = {}
        _take_in(base, self._root)

    def restore(self, target: Path, names: Names, content: Bytes) -> None:
        """Write to the new folder `target` what is found after the cut."""
        target.mkdir()
        _write_out(self._root, target, names, content)

    def carry_out(self, name: str, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        return super().carry_out(name, self._modelled(name, call), *args, **options)

    def _modelled(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def carried_out(posix: PowerCutPosix, *args: Any, **options: Any) -> Any:
            answer = call(posix, *args, **options)
            effect = getattr(self, f"_after_{name}", None)
            if effect is not None:
                effect(answer, *args)
            return answer

        return carried_out

    def _folder(self, path: Path) -> _Folder:
        node: _Folder | _File = self._root
        for part in path.relative_to(self._base).parts:
            assert isinstance(node, _Folder)
            node = node.latest[part]
        assert isinstance(node, _Folder)
        return node

    def _file_of(self, fd: int) -> _File:
        node = self._by_fd[fd]
        assert isinstance(node, _File)
        return node

    def _after_mkdir(self, _answer: None, path: Path) -> None:
        self._folder(path.parent).latest[path.name] = _Folder()

    def _after_open(self, fd: int, path: Path, flags: int) -> None:
        if path == self._base:
            self._by_fd[fd] = self._root
            return
        node = self._folder(path.parent).latest.setdefault(path.name, _File())
        if flags & os.O_TRUNC and isinstance(node, _File):
            node.latest = b""
        self._by_fd[fd] = node

    def _after_pwrite(self, written: int, fd: int, data: memoryview, offset: int) -> None:
        node = self._file_of(fd)
        node.latest = node.latest[:offset] + bytes(data[:written]) + node.latest[offset + written :]

    def _after_ftruncate(self, _answer: None, fd: int, size: int) -> None:
        node = self._file_of(fd)
        node.latest = node.latest[:size]

    def _after_fdatasync(self, _answer: None, fd: int) -> None:
        self._by_fd[fd].sync()

    _after_fsync = _after_fdatasync

    def _after_rename(self, _answer: None, source: Path, target: Path) -> None:
        self._folder(target.parent).latest[target.name] = self._folder(source.parent).latest.pop(source.name)

    def _after_unlink(self, _answer: None, path: Path) -> None:
        del self._folder(path.parent).latest[path.name]

    _after_rmdir = _after_unlink


def _take_in(path: Path, folder: _Folder) -> None:
    for entry in path.iterdir():
        if entry.is_dir():
            below = _Folder()
            _take_in(entry, below)
            folder.latest[entry.name] = below
        else:
            folder.latest[entry.name] = _File(entry.read_bytes(), entry.read_bytes())
    folder.sync()


def _write_out(folder: _Folder, target: Path, names: Names, content: Bytes) -> None:
    for name, node in folder.after(names).items():
        if isinstance(node, _Folder):
            (target / name).mkdir()
            _write_out(node, target / name, names, content)
        else:
            (target / name).write_bytes(node.after(content))
