from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from liuhen.core.errors import Language
from liuhen.server.vault.adapters._posix import Posix
from liuhen.server.vault.adapters.local import LocalStore
from liuhen.server.vault.errors import (
    ObjectMissingError,
    VaultFaultError,
)
from liuhen.server.vault.interfaces import Protection
from tests.server.vault.bench import DATA, NOWHERE, TERM, Bench, address, put
from tests.server.vault.store_behaviour import StoreBehaviour
from tests.support.thawing import thaw

if TYPE_CHECKING:
    from pathlib import Path


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
        for attempt in (
            path.unlink,
            lambda: path.chmod(0o600),
            lambda: path.open("ab"),
            lambda: path.rename(path.with_name("x")),
        ):
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
