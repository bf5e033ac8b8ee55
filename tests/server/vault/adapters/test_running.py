from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from liuhen.core.digests import sha256
from liuhen.server.vault.adapters import _running
from liuhen.server.vault.adapters._running import Memo, RunningDigest

if TYPE_CHECKING:
    from pathlib import Path


class Source:
    """A file in memory that notes what was read of it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.bytes_read = 0

    def read(self, offset: int, length: int) -> bytes:
        piece = self.content[offset : offset + length]
        self.bytes_read += len(piece)
        return piece


def test_a_file_followed_from_its_start_is_never_read() -> None:
    source, digest = Source(b""), RunningDigest()
    for piece in (b"one", b"", b"two"):
        start = len(source.content)
        source.content += piece
        digest.follow(memoryview(piece), start, source.read)
    assert digest.hexdigest() == sha256(b"onetwo").hex()
    assert source.bytes_read == 0


def test_a_backlog_is_worked_off_by_four_times_what_is_appended() -> None:
    source, digest = Source(bytes(1000)), RunningDigest()
    positions = []
    for _ in range(4):
        start = len(source.content)
        source.content += b"x" * 100
        digest.follow(memoryview(b"x" * 100), start, source.read)
        positions.append((digest.position, len(source.content)))
    assert positions == [(400, 1100), (800, 1200), (1200, 1300), (1400, 1400)]
    assert digest.hexdigest() == sha256(source.content).hex()
    assert source.bytes_read == 1400


def test_a_cut_goes_back_to_the_last_mark_or_to_the_start() -> None:
    source, digest = Source(b"markedrefused"), RunningDigest()
    digest.catch_up(6, source.read)
    digest.mark()
    digest.catch_up(13, source.read)
    digest.cut(13)
    assert digest.position == 13
    digest.cut(8)
    assert digest.position == 6
    assert digest.hexdigest() == sha256(b"marked").hex()
    digest.catch_up(8, source.read)
    digest.cut(3)
    assert digest.position == 0
    digest.catch_up(3, source.read)
    assert digest.hexdigest() == sha256(b"mar").hex()


def test_a_mark_that_was_cut_away_is_not_gone_back_to() -> None:
    source, digest = Source(b"marked"), RunningDigest()
    digest.catch_up(6, source.read)
    digest.mark()
    digest.cut(3)
    source.content = b"markings and more"
    digest.catch_up(17, source.read)
    digest.cut(8)
    digest.catch_up(8, source.read)
    assert digest.hexdigest() == sha256(b"markings").hex()


def test_a_file_that_ends_too_soon_is_an_error() -> None:
    with pytest.raises(OSError, match="shorter"):
        RunningDigest().catch_up(4, Source(b"abc").read)


def a_file(path: Path, content: bytes) -> os.stat_result:
    path.write_bytes(content)
    return path.stat()


def test_a_digest_is_given_back_once_and_for_the_very_file_only(tmp_path: Path) -> None:
    memo, digest = Memo(), RunningDigest()
    file = a_file(tmp_path / "data", b"abc")
    memo.keep("u", file, digest)
    assert memo.take("v", file) is not digest
    assert memo.take("u", file) is digest
    assert memo.take("u", file) is not digest


def test_a_digest_of_a_file_that_changed_is_dropped(tmp_path: Path) -> None:
    memo, digest = Memo(), RunningDigest()
    memo.keep("u", a_file(tmp_path / "data", b"abc"), digest)
    assert memo.take("u", a_file(tmp_path / "other", b"abc")) is not digest
    memo.keep("u", a_file(tmp_path / "data", b"abc"), digest)
    os.utime(tmp_path / "data", ns=(0, 1))
    assert memo.take("u", (tmp_path / "data").stat()) is not digest


def test_a_forgotten_digest_is_not_given_back(tmp_path: Path) -> None:
    memo, digest = Memo(), RunningDigest()
    file = a_file(tmp_path / "data", b"abc")
    memo.keep("u", file, digest)
    memo.forget("u")
    memo.forget("never-there")
    assert memo.take("u", file) is not digest


def test_the_least_recently_closed_are_forgotten_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_running, "_REMEMBERED", 2)
    memo, file = Memo(), a_file(tmp_path / "data", b"abc")
    digests = {key: RunningDigest() for key in ("a", "b", "c")}
    for key in ("a", "b", "a", "c"):
        memo.keep(key, file, digests[key])
    assert [memo.take(key, file) is digests[key] for key in ("a", "b", "c")] == [True, False, True]
