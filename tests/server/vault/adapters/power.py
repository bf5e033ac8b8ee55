"""The operating system with a power cut: what is on the medium is known, and what is only in memory may be lost.

Beside the real folder a model is kept. Each change of names (making, moving, removing) is one step that happens whole
or not at all, and is certain once the folder it took place in was synced; before that it may survive or not, whatever
becomes of the others. The bytes of a file are certain once the file was synced. This is less than ext4, XFS and Btrfs
give, which keep steps in order, so what holds here holds there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain, combinations, takewhile
from typing import TYPE_CHECKING, Any

from tests.server.vault.adapters.faulty import FaultyPosix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Bytes", "PowerCutPosix"]

_ALL_SUBSETS_UP_TO = 4


class Bytes(StrEnum):
    """Which bytes and permissions of a file survive."""

    SYNCED = "synced"  # as of the file's last sync
    LATEST = "latest"  # as they were in memory
    ZEROED = "zeroed"  # the latest length, with zeros for what was not synced


@dataclass(slots=True, eq=False)
class _File:
    latest: bytes = b""
    synced: bytes = b""
    mode: int = 0o640
    synced_mode: int = 0o640

    def after(self, kind: Bytes) -> tuple[bytes, int]:
        match kind:
            case Bytes.SYNCED:
                return self.synced, self.synced_mode
            case Bytes.LATEST:
                return self.latest, self.mode
            case Bytes.ZEROED:
                both = zip(self.synced, self.latest, strict=False)
                kept = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], both))
                return self.latest[:kept] + bytes(len(self.latest) - kept), self.mode


@dataclass(slots=True, eq=False)
class _Folder:
    latest: dict[str, _Folder | _File] = field(default_factory=dict)


type _Tree = dict[_Folder, dict[str, _Folder | _File]]


@dataclass(slots=True, eq=False)
class _Step:
    """Moves `node` from `source` to `target`, either of which may be nowhere."""

    node: _Folder | _File
    source: tuple[_Folder, str] | None
    target: tuple[_Folder, str] | None
    is_certain: bool = False

    def is_of(self, folder: _Folder) -> bool:
        place = self.target or self.source
        return place is not None and place[0] is folder

    def take(self, tree: _Tree) -> None:
        if self.source is not None:
            folder, name = self.source
            if tree.get(folder, {}).get(name) is not self.node:
                return
            del tree[folder][name]
        if self.target is not None:
            folder, name = self.target
            tree.setdefault(folder, {})[name] = self.node


class PowerCutPosix(FaultyPosix):
    """Works on the existing, durable folder `base`, and dies after call `die`."""

    def __init__(self, base: Path, *, die: int = 0) -> None:
        super().__init__(die=die)
        self._base = base
        self._root = _Folder()
        self._steps: list[_Step] = []
        self._by_fd: dict[int, _Folder | _File] = {}
        self._take_in(base, self._root)
        for step in self._steps:
            step.is_certain = True

    def revive(self, *, die: int = 0) -> None:
        """Let a new process take the dead one's place, on the same running machine."""
        self.bury()
        self._open.clear()
        self._by_fd.clear()
        self.calls.clear()
        self.is_dead = False
        self._die = die

    def worlds(self, folder: Path) -> Iterator[Path]:
        """Write each state in which the machine may come up to a new folder below `folder`."""
        is_clean = all(file.after(Bytes.SYNCED) == file.after(Bytes.LATEST) for file in self._files())
        for number, steps in enumerate(self._survivors()):
            for kind in [Bytes.SYNCED] if is_clean else Bytes:
                target = folder / f"{number}-{kind}"
                self._write_out(self._tree(steps), self._root, target, kind)
                yield target

    def carry_out(self, name: str, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        def modelled(posix: PowerCutPosix, *args: Any, **options: Any) -> Any:
            answer = call(posix, *args, **options)
            effect = getattr(self, f"_after_{name}", None)
            if effect is not None:
                effect(answer, *args)
            return answer

        return super().carry_out(name, modelled, *args, **options)

    def _survivors(self) -> Iterator[frozenset[_Step]]:
        doubtful = [step for step in self._steps if not step.is_certain]
        certain = frozenset(self._steps).difference(doubtful)
        sizes: tuple[int, ...] = tuple(range(len(doubtful) + 1))
        if len(doubtful) > _ALL_SUBSETS_UP_TO:
            sizes = (0, 1, len(doubtful) - 1, len(doubtful))
        for lucky in chain.from_iterable(combinations(doubtful, size) for size in sizes):
            yield certain.union(lucky)

    def _tree(self, survivors: frozenset[_Step]) -> _Tree:
        tree: _Tree = {}
        for step in self._steps:
            if step in survivors:
                step.take(tree)
        return tree

    def _files(self) -> Iterator[_File]:
        return (step.node for step in self._steps if isinstance(step.node, _File))

    def _write_out(self, tree: _Tree, folder: _Folder, target: Path, kind: Bytes) -> None:
        target.mkdir(parents=True)
        for name, node in tree.get(folder, {}).items():
            if isinstance(node, _Folder):
                self._write_out(tree, node, target / name, kind)
            else:
                content, mode = node.after(kind)
                (target / name).write_bytes(content)
                (target / name).chmod(mode)

    def _take_in(self, path: Path, folder: _Folder) -> None:
        for entry in path.iterdir():
            if entry.is_dir():
                below = _Folder()
                self._step(below, None, (folder, entry.name))
                self._take_in(entry, below)
            else:
                content, mode = entry.read_bytes(), entry.stat().st_mode & 0o777
                self._step(_File(content, content, mode, mode), None, (folder, entry.name))

    def _step(
        self, node: _Folder | _File, source: tuple[_Folder, str] | None, target: tuple[_Folder, str] | None
    ) -> None:
        step = _Step(node, source, target)
        self._steps.append(step)
        if source is not None:
            del source[0].latest[source[1]]
        if target is not None:
            target[0].latest[target[1]] = node

    def _place(self, path: Path) -> tuple[_Folder, str]:
        node: _Folder | _File = self._root
        for part in path.parent.relative_to(self._base).parts:
            assert isinstance(node, _Folder)
            node = node.latest[part]
        assert isinstance(node, _Folder)
        return node, path.name

    def _file_of(self, fd: int) -> _File:
        node = self._by_fd[fd]
        assert isinstance(node, _File)
        return node

    def _after_mkdir(self, _answer: None, path: Path) -> None:
        self._step(_Folder(), None, self._place(path))

    def _after_open(self, fd: int, path: Path, flags: int) -> None:
        if path == self._base:
            self._by_fd[fd] = self._root
            return
        folder, name = self._place(path)
        if name not in folder.latest:
            self._step(_File(), None, (folder, name))
        node = folder.latest[name]
        if flags & os.O_TRUNC and isinstance(node, _File):
            node.latest = b""
        self._by_fd[fd] = node

    def _after_pwrite(self, written: int, fd: int, data: memoryview, offset: int) -> None:
        node = self._file_of(fd)
        node.latest = node.latest[:offset] + bytes(data[:written]) + node.latest[offset + written :]

    def _after_ftruncate(self, _answer: None, fd: int, size: int) -> None:
        node = self._file_of(fd)
        node.latest = node.latest[:size]

    def _after_fchmod(self, _answer: None, fd: int, mode: int) -> None:
        self._file_of(fd).mode = mode

    def _after_fdatasync(self, _answer: None, fd: int) -> None:
        node = self._file_of(fd)
        node.synced = node.latest

    def _after_fsync(self, _answer: None, fd: int) -> None:
        node = self._by_fd[fd]
        if isinstance(node, _File):
            node.synced, node.synced_mode = node.latest, node.mode
            return
        for step in self._steps:
            step.is_certain |= step.is_of(node)

    def _after_rename(self, _answer: None, source: Path, target: Path) -> None:
        folder, name = self._place(source)
        self._step(folder.latest[name], (folder, name), self._place(target))

    def _after_unlink(self, _answer: None, path: Path) -> None:
        folder, name = self._place(path)
        self._step(folder.latest[name], (folder, name), None)

    _after_rmdir = _after_unlink
