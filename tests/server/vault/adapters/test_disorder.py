from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from liuhen.core.errors import Language
from liuhen.server.vault.adapters._posix import Posix
from liuhen.server.vault.adapters.local import LocalStore
from liuhen.server.vault.errors import (
    ObjectDamagedError,
    RecordDamagedError,
    VaultFaultError,
)
from liuhen.server.vault.interfaces import ObjectState
from tests.server.vault.bench import DATA, TERM, address, put
from tests.support.thawing import thaw

if TYPE_CHECKING:
    from pathlib import Path


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
        assert refused.value.where["sha256"] == at
        assert "there is none" in refused.value.text(Language.EN)
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
    path.chmod(0o640)
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
    thaw(store.path_of(gone))
    store.path_of(gone).unlink()
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


def test_an_object_destroyed_while_objects_are_walked_is_passed_over(root: Path, store: LocalStore) -> None:
    at = put(store)

    class Racing(Posix):
        def listdir(self, path: Path) -> list[str]:
            names = super().listdir(path)
            if at in names:
                store.destroy(at, at=TERM)
            return names

    assert list(LocalStore(root, posix=Racing()).list()) == []


def test_an_object_sealed_anew_between_two_looks_is_not_called_lost(root: Path, store: LocalStore) -> None:
    path = store.path_of(put(store))

    class Late(Posix):
        looks = 0

        def lstat(self, path: Path) -> os.stat_result:
            if path.suffix == "" and path.name == address(DATA):
                self.looks += 1
                if self.looks == 1:
                    raise FileNotFoundError(path)
            return super().lstat(path)

    assert [listing.state for listing in LocalStore(root, posix=Late()).list()] == [ObjectState.WHOLE]
    assert path.exists()
