from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, cast

import pytest

from liuhen.core.errors import Language
from liuhen.server.vault.adapters._posix import Posix
from liuhen.server.vault.adapters.local import LocalStore
from liuhen.server.vault.errors import (
    ObjectDamagedError,
    ObjectMissingError,
    RecordDamagedError,
    StageLockedError,
    VaultFaultError,
)
from liuhen.server.vault.interfaces import ObjectState, Protection
from tests.server.vault.store_behaviour import AT, DATA, NOWHERE, TERM, Bench, StoreBehaviour, address, put, seal

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.server.vault.interfaces import Staged


class Flagless(Posix):
    """A file system that answers the immutable flag with an error."""

    def __init__(self, error: int, *, reads: bool) -> None:
        self.error = error
        self.reads = reads

    def is_immutable(self, fd: int) -> bool:
        del fd
        if not self.reads:
            raise OSError(self.error, os.strerror(self.error))
        return False

    def set_immutable(self, fd: int, *, on: bool) -> None:
        del fd, on
        raise OSError(self.error, os.strerror(self.error))


class Forgetful(Posix):
    """A file system that takes the immutable flag and does not keep it."""

    def set_immutable(self, fd: int, *, on: bool) -> None:
        del fd, on


def thaw(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    if LocalStore(path.parents[3]).stat(path.name).immutable:
        Posix().set_immutable(fd, on=False)
    os.close(fd)


def bench_of(root: Path, posix: Posix) -> Bench:
    store = LocalStore(root, posix=posix)

    def damage(sha256: str) -> None:
        path = store.path_of(sha256)
        thaw(path)
        path.chmod(0o640)
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)

    def lose(sha256: str) -> None:
        path = store.path_of(sha256)
        thaw(path)
        path.unlink()

    return Bench(
        store=store,
        reopen=lambda: LocalStore(root, posix=posix),
        damage=damage,
        lose=lose,
        other=lambda: LocalStore(root.with_name("other")),
    )


class TestLocalStore(StoreBehaviour):
    """The shared behaviour, on the file system that the tests run on, and on one without inode flags."""

    @pytest.fixture(params=[Posix(), Flagless(errno.ENOTTY, reads=False)], ids=["as-it-is", "no-flags"])
    def bench(self, ground: Path, request: pytest.FixtureRequest) -> Bench:
        return bench_of(ground / "vault", request.param)


@pytest.fixture
def root(ground: Path) -> Path:
    return ground / "vault"


@pytest.fixture
def store(root: Path) -> LocalStore:
    return LocalStore(root)


def flag_works(folder: Path) -> bool:
    """Try the flag out without the store."""
    probe = folder / "tried-by-the-test"
    fd = os.open(probe, os.O_RDWR | os.O_CREAT)
    try:
        Posix().set_immutable(fd, on=True)
    except OSError:
        return False
    else:
        works = Posix().is_immutable(fd)
        Posix().set_immutable(fd, on=False)
        return works
    finally:
        os.close(fd)
        probe.unlink()


def test_a_sealed_object_is_read_only_and_immutable_where_that_can_be(ground: Path, store: LocalStore) -> None:
    path = store.path_of(put(store))
    works = flag_works(ground)
    assert (store.protection() is Protection.IN_FORCE) is works
    assert store.stat(path.name).immutable is works
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    if works:
        for attempt in (path.unlink, lambda: path.chmod(0o600), lambda: path.open("ab"), lambda: path.rename("x")):
            with pytest.raises(PermissionError):
                attempt()
    else:
        assert store.protection() in {Protection.NOT_PERMITTED, Protection.NOT_SUPPORTED}
    assert path.read_bytes() == DATA


@pytest.mark.parametrize(
    ("posix", "expected"),
    [
        (Flagless(errno.EPERM, reads=True), Protection.NOT_PERMITTED),
        (Flagless(errno.EACCES, reads=True), Protection.NOT_PERMITTED),
        (Flagless(errno.ENOTTY, reads=False), Protection.NOT_SUPPORTED),
        (Flagless(errno.EOPNOTSUPP, reads=True), Protection.NOT_SUPPORTED),
        (Forgetful(), Protection.NOT_SUPPORTED),
    ],
    ids=["no-capability", "no-access", "no-ioctl", "no-flag", "flag-not-kept"],
)
def test_where_the_flag_cannot_be_had_the_store_says_so_and_works(
    root: Path, posix: Posix, expected: Protection
) -> None:
    store = LocalStore(root, posix=posix)
    assert store.protection() is expected
    at = put(store)
    assert store.stat(at).immutable is False
    assert stat.S_IMODE(store.path_of(at).stat().st_mode) == 0o440
    store.destroy(at, at=TERM)
    assert list(store.list()) == []


def test_a_flag_that_fails_otherwise_is_a_fault(root: Path) -> None:
    store = LocalStore(root, posix=Flagless(errno.EIO, reads=True))
    with pytest.raises(VaultFaultError):
        store.protection()
    with pytest.raises(VaultFaultError):
        put(store)
    put(LocalStore(root))
    with pytest.raises(VaultFaultError):
        LocalStore(root, posix=Flagless(errno.EIO, reads=False)).stat(address(DATA))


def test_without_freezing_objects_are_read_only_by_mode_alone(root: Path) -> None:
    store = LocalStore(root, freeze=False)
    assert store.protection() is Protection.TURNED_OFF
    at = put(store)
    assert store.stat(at).immutable is False
    assert stat.S_IMODE(store.path_of(at).stat().st_mode) == 0o440


def test_a_probe_that_a_crash_left_immutable_does_no_harm(ground: Path, store: LocalStore, root: Path) -> None:
    first = store.protection()
    probe = root / "probe"
    probe.touch()
    if flag_works(ground):
        fd = os.open(probe, os.O_RDONLY)
        Posix().set_immutable(fd, on=True)
        os.close(fd)
    assert store.protection() is first
    assert not probe.exists()


def test_folders_and_files_are_closed_to_others(store: LocalStore, root: Path) -> None:
    path = store.path_of(put(store))
    with store.stage("u") as staged:
        staged.append(b"x")
    for place in (root, root / "objects", path.parent, path.with_suffix(".json"), root / "staging" / "u" / "data"):
        assert stat.S_IMODE(place.stat().st_mode) & 0o007 == 0, place


def test_objects_lie_where_the_specification_says(store: LocalStore, root: Path) -> None:
    at = put(store)
    assert store.path_of(at) == root / "objects" / at[:2] / at[2:4] / at
    record = store.path_of(at).with_suffix(".json").read_bytes()
    assert (
        record
        == (
            f'{{"holds":[],"retain_until":"2027-11-23T08:00:00.000Z","sealed_at":"2026-11-23T08:00:00.000Z",'
            f'"sha256":"{at}","size":{len(DATA)},"v":1}}'
        ).encode()
    )
    with pytest.raises(ObjectMissingError):
        store.path_of(NOWHERE)


def test_an_object_without_record_is_kept_and_told(store: LocalStore) -> None:
    at = put(store)
    store.path_of(at).with_suffix(".json").unlink()
    for call in (
        store.stat,
        lambda sha256: store.destroy(sha256, at=TERM),
        lambda sha256: store.hold(sha256, "case/1"),
        lambda sha256: store.retain_until(sha256, TERM),
    ):
        with pytest.raises(RecordDamagedError) as refused:
            call(at)
        assert refused.value.where == {"sha256": at, "reason": "absent"}
    assert [listing.state for listing in store.list()] == [ObjectState.UNRECORDED]
    put(store)
    assert store.stat(at).retain_until == TERM


def test_an_object_whose_record_was_altered_is_kept(store: LocalStore) -> None:
    at = put(store)
    record = store.path_of(at).with_suffix(".json")
    record.chmod(0o640)
    record.write_bytes(record.read_bytes().replace(b"2027", b"2017").replace(b'"v"', b' "v"'))
    with pytest.raises(RecordDamagedError):
        store.destroy(at, at=TERM)
    assert store.read_range(at, 0, len(DATA)) == DATA


def test_a_shortened_object_is_damaged(store: LocalStore) -> None:
    at = put(store)
    path = store.path_of(at)
    reader = store.chunks(at, piece=100)
    assert next(reader) == DATA[:100]
    thaw(path)
    os.truncate(path, 100)
    with pytest.raises(ObjectDamagedError):
        next(reader)
    with pytest.raises(ObjectDamagedError):
        store.stat(at)


def test_a_destruction_that_was_cut_off_is_shown_and_ends_when_repeated(store: LocalStore) -> None:
    at = put(store)
    record = store.path_of(at).with_suffix(".json")
    record.rename(record.with_suffix(".gone"))
    assert [listing.state for listing in store.list()] == [ObjectState.DISPOSING]
    assert store.stat(at).retain_until == TERM
    store.destroy(at, at=TERM)
    assert sorted(record.parent.iterdir()) == []


def test_a_hold_calls_off_a_destruction_that_was_cut_off(store: LocalStore) -> None:
    at = put(store)
    record = store.path_of(at).with_suffix(".json")
    record.rename(record.with_suffix(".gone"))
    store.hold(at, "case/1")
    assert [listing.state for listing in store.list()] == [ObjectState.WHOLE]
    assert sorted(path.suffix for path in record.parent.iterdir()) == ["", ".json"]


def test_a_hand_in_calls_off_a_destruction_that_was_cut_off(store: LocalStore) -> None:
    at = put(store)
    record = store.path_of(at).with_suffix(".json")
    record.rename(record.with_suffix(".gone"))
    put(store)
    assert [listing.state for listing in store.list()] == [ObjectState.WHOLE]


def test_tidying_removes_leftovers_and_nothing_else(store: LocalStore) -> None:
    whole, going, gone = put(store, b"whole"), put(store, b"going"), put(store, b"gone")
    for at in (going, gone):
        record = store.path_of(at).with_suffix(".json")
        record.rename(record.with_suffix(".gone"))
    thaw_gone = store.path_of(gone)
    thaw(thaw_gone)
    thaw_gone.unlink()
    store.path_of(whole).with_suffix(".tmp").write_bytes(b"half a rec")
    store.path_of(whole).with_suffix(".gone").write_bytes(b"left by a hold")
    store.path_of(whole).with_name("stranger.txt").touch()
    expected = {f"{whole}.tmp", f"{whole}.gone", f"{gone}.gone"}
    assert set(store.tidy()) == expected
    assert store.tidy() == ()
    states = {listing.sha256: listing.state for listing in store.list()}
    assert states == {whole: ObjectState.WHOLE, going: ObjectState.DISPOSING}
    assert store.path_of(whole).with_name("stranger.txt").exists()


def test_strangers_in_the_folders_are_passed_over(store: LocalStore, root: Path) -> None:
    at = put(store)
    (root / "objects" / "lost+found").mkdir()
    (root / "objects" / at[:2] / "x").touch()
    (root / "objects" / at[:2] / "zz").touch()
    (root / "objects" / ("00" if at[:2] != "00" else "01")).touch()
    (root / "staging" / "two words").mkdir()
    (root / "staging" / "a-file").touch()
    assert [listing.sha256 for listing in store.list()] == [at]
    assert [area.key for area in store.staged()] == []
    with pytest.raises(VaultFaultError):
        store.stage("a-file")


def test_a_folder_in_place_of_an_object_is_a_fault(store: LocalStore, root: Path) -> None:
    at = address(DATA)
    (root / "objects" / at[:2] / at[2:4] / at).mkdir(parents=True)
    with pytest.raises(VaultFaultError):
        put(store)


def test_a_link_in_place_of_an_object_is_not_followed(store: LocalStore, root: Path, ground: Path) -> None:
    at = address(DATA)
    elsewhere = ground / "elsewhere"
    elsewhere.write_bytes(DATA)
    (root / "objects" / at[:2] / at[2:4]).mkdir(parents=True)
    (root / "objects" / at[:2] / at[2:4] / at).symlink_to(elsewhere)
    with pytest.raises(VaultFaultError):
        store.open(at)
    with pytest.raises(VaultFaultError):
        put(store)


def test_messages_name_the_place_below_the_store_only(store: LocalStore, root: Path) -> None:
    (root / "staging").mkdir(parents=True)
    (root / "staging" / "u").touch()
    with pytest.raises(VaultFaultError) as fault:
        store.stage("u")
    assert fault.value.where["where"] == "vault/staging/u"
    assert str(root.parent) not in fault.value.text(Language.ZH)


def test_a_store_below_a_folder_that_is_not_there_is_a_fault(ground: Path) -> None:
    store = LocalStore(ground / "absent" / "vault")
    with pytest.raises(VaultFaultError):
        store.stage("u")
    with pytest.raises(VaultFaultError):
        store.free_bytes()


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


def test_a_small_write_is_finished_with_the_next(root: Path) -> None:
    class Meagre(Posix):
        def pwrite(self, fd: int, data: object, offset: int) -> int:
            return os.pwrite(fd, cast("memoryview", data)[:7], offset)

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


def test_what_staging_offers_is_what_the_protocol_asks(store: LocalStore) -> None:
    staged: Staged = store.stage("u")
    assert staged.key == "u"
    staged.close()
    staged.close()
    assert AT < TERM
