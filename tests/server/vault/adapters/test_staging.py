from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from liuhen.server.vault.adapters._posix import Posix
from liuhen.server.vault.adapters.local import LocalStore
from liuhen.server.vault.errors import (
    StageLockedError,
    VaultFaultError,
)
from tests.server.vault.bench import DATA, address, put, seal

if TYPE_CHECKING:
    from collections.abc import Buffer
    from pathlib import Path


def test_a_note_that_cannot_be_read_is_no_seal(store: LocalStore, root: Path) -> None:
    with store.stage("u") as staged:
        staged.append(DATA)
        seal(store, staged, DATA)
    (root / "staging" / "u" / "sealed.json").write_bytes(b"{}")
    with store.stage("u") as staged:
        assert (staged.is_sealed, staged.size) == (False, 0)


def test_opening_and_discarding_at_once_ends_in_order(store: LocalStore) -> None:
    def work(number: int) -> None:
        done = 0
        while done < 15:
            with suppress(StageLockedError), store.stage("u") as staged:
                assert staged.size == 0
                staged.append(bytes([number]) * 10)
                assert staged.sha256() == address(bytes([number]) * 10)
                staged.discard()
                done += 1

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert list(store.staged()) == []


def test_an_area_that_vanishes_at_every_attempt_counts_as_locked(root: Path) -> None:
    class Vanishing(Posix):
        def lock(self, fd: int, *, wait: bool) -> None:
            (root / "staging" / "u").rmdir()
            super().lock(fd, wait=wait)

    with pytest.raises(StageLockedError):
        LocalStore(root, posix=Vanishing()).stage("u")


def test_an_area_that_vanishes_while_areas_are_walked_is_passed_over(root: Path, store: LocalStore) -> None:
    class Ghost(Posix):
        def listdir(self, path: Path) -> list[str]:
            return [*super().listdir(path), "ghost"]

    store.stage("u").close()
    assert [area.key for area in LocalStore(root, posix=Ghost()).staged()] == ["u"]


def test_a_write_that_cannot_be_undone_closes_the_area(root: Path) -> None:
    class Broken(Posix):
        is_broken = False

        def pwrite(self, fd: int, data: Buffer, offset: int) -> int:
            if self.is_broken and offset >= 110:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return os.pwrite(fd, memoryview(data)[:10] if self.is_broken else data, offset)

        def ftruncate(self, fd: int, size: int) -> None:
            if self.is_broken:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            super().ftruncate(fd, size)

    posix = Broken()
    store = LocalStore(root, posix=posix)
    staged = store.stage("u")
    staged.append(DATA[:100])
    staged.flush()
    posix.is_broken = True
    with pytest.raises(VaultFaultError):
        staged.append(DATA[100:])
    with pytest.raises(ValueError, match="closed"):
        staged.append(DATA[100:])
    posix.is_broken = False
    with store.stage("u") as staged:
        assert 100 <= staged.size < len(DATA)
        staged.append(DATA[staged.size :])
        assert seal(store, staged, DATA).already is False
    store.verify(address(DATA))


def test_a_small_write_is_finished_with_the_next(root: Path) -> None:
    class Meagre(Posix):
        def pwrite(self, fd: int, data: Buffer, offset: int) -> int:
            return os.pwrite(fd, memoryview(data)[:7], offset)

    store = LocalStore(root, posix=Meagre())
    store.verify(put(store))


def test_an_area_shortened_behind_its_back_is_a_fault(store: LocalStore, root: Path) -> None:
    with store.stage("u") as staged:
        staged.append(DATA)
        staged.flush()
    with LocalStore(root).stage("u") as staged:
        os.truncate(root / "staging" / "u" / "data", 10)
        with pytest.raises(VaultFaultError):
            staged.sha256()


def test_an_area_written_to_by_another_process_is_digested_again(store: LocalStore, root: Path) -> None:
    with store.stage("u") as staged:
        staged.append(DATA)
        staged.flush()
    with LocalStore(root).stage("u") as staged:
        staged.truncate(0)
        staged.append(DATA[::-1])
        staged.flush()
    with store.stage("u") as staged:
        assert staged.sha256() == address(DATA[::-1])


def test_long_uploads_are_written_out_while_they_arrive(root: Path) -> None:
    class Counting(Posix):
        started: tuple[int, ...] = ()

        def start_writing(self, fd: int, offset: int, length: int) -> None:
            self.started += (offset, length)
            super().start_writing(fd, offset, length)

    posix = Counting()
    with LocalStore(root, posix=posix).stage("u") as staged:
        for _ in range(20):
            staged.append(bytes(1 << 20))
        staged.flush()
        staged.discard()
    assert posix.started == (0, 8 << 20, 8 << 20, 8 << 20)


_WRITER = """
import sys
from pathlib import Path
from liuhen.server.vault.adapters.local import LocalStore
staged = LocalStore(Path(sys.argv[1])).stage("u")
while True:
    for number in range(5):
        staged.append(bytes([staged.written % 251]) * 1000)
    print(staged.flush(), flush=True)
"""


def test_a_killed_writer_leaves_what_it_reported_and_no_lock(root: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(root)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(10):
        reported = int(writer.stdout.readline())
    with pytest.raises(StageLockedError):
        LocalStore(root).stage("u")
    writer.send_signal(signal.SIGKILL)
    reported = max([reported, *(int(line) for line in writer.stdout.read().split())])
    writer.wait()
    writer.stdout.close()
    store = LocalStore(root)
    with store.stage("u") as staged:
        assert staged.size >= reported
        expected = b"".join(bytes([start % 251]) * 1000 for start in range(0, staged.size, 1000))[: staged.size]
        assert b"".join(staged.chunks()) == expected
        assert seal(store, staged, expected).already is False
