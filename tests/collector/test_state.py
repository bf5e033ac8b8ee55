from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from liuhen.collector.errors import ReceiptRefusedError, StateUnwritableError
from liuhen.collector.source import SkipReason
from liuhen.collector.state import (
    Collection,
    Item,
    ItemState,
    Journal,
    Known,
    KnownFile,
    ReceiptBook,
    StateFolder,
    default_state_folder,
)
from liuhen.collector.state.receipts import _safe_name
from liuhen.collector.wire import Fact, FactSource, FileDeclaration, FileRole
from liuhen.core.digests import Digests
from liuhen.core.tlog.note import SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_UPLOAD = "0193a1b2-0000-4000-8000-00000000000a"
_COLLECTION = "0193a1b2-0000-4000-8000-00000000000c"
_ITEM = Item(
    FileDeclaration(
        _UPLOAD,
        _COLLECTION,
        b"DCIM/\xff.mp4",
        FileRole.ORIGINAL,
        None,
        {"sequence": Fact(7, FactSource.NAME), "important": Fact(value=True, source=FactSource.DEVICE)},
    ),
    size=5,
    mtime_ns=1_764_000_000_123_456_789,
)
_BODY = {"v": 1, "device": None}
_OWNER = {"station": "a", "log": "l"}


def _taken(state: StateFolder) -> Collection | None:
    return Journal(state, _OWNER).take(lambda found: found[0] if found else None)


def _cut_off(_state: StateFolder, folder: Path) -> None:
    raise StateUnwritableError(path=folder, reason="cut off")


@pytest.fixture
def state(tmp_path: Path) -> StateFolder:
    return StateFolder(tmp_path / "state")


def test_what_is_stored_is_read_back_by_the_next_process(state: StateFolder) -> None:
    done = Item(
        _ITEM.declaration,
        _ITEM.size,
        _ITEM.mtime_ns,
        ItemState.FAILED,
        Digests("0" * 64, "1" * 64, 5),
        "recording",
        "receipt",
        SkipReason.CHANGED,
        duplicate=True,
    )
    collection = Journal(state, _OWNER).begin(_COLLECTION, _BODY)
    collection.put(_ITEM)
    collection.put(done)
    collection.release()

    found = _taken(state)
    assert found is not None
    assert (found.id, found.body, found.items()) == (_COLLECTION, _BODY, [done])
    found.release()


def test_a_collection_that_another_process_holds_is_left_alone(state: StateFolder) -> None:
    collection = Journal(state, _OWNER).begin(_COLLECTION, _BODY)

    assert _taken(state) is None
    collection.release()
    found = _taken(state)
    assert found is not None
    found.finish()
    assert _taken(state) is None


def test_a_collection_that_was_looked_at_and_not_chosen_is_free(state: StateFolder) -> None:
    Journal(state, _OWNER).begin(_COLLECTION, _BODY).release()

    assert Journal(state, _OWNER).take(lambda found: found[0] if len(found) > 1 else None) is None
    found = _taken(state)
    assert found is not None
    found.release()


def test_whoever_looks_through_the_journal_waits_for_another_who_does(state: StateFolder) -> None:
    Journal(state, _OWNER).begin(_COLLECTION, _BODY).release()
    looking, taken = threading.Event(), []

    def look_meanwhile(found: Sequence[Collection]) -> None:
        thread.start()
        assert looking.wait(10)
        assert len(found) == 1

    def take() -> None:
        looking.set()
        taken.append(_taken(state))

    thread = threading.Thread(target=take)
    Journal(state, _OWNER).take(look_meanwhile)
    thread.join(10)

    (found,) = taken
    assert found is not None, "it was held for a moment by the other only"
    found.release()


@pytest.mark.parametrize("other", [{"station": "b", "log": "l"}, {"station": "a", "log": "m"}])
def test_a_collection_of_another_station_or_ledger_is_left_alone(other: dict[str, str], state: StateFolder) -> None:
    Journal(state, _OWNER).begin(_COLLECTION, _BODY).release()

    assert Journal(state, other).take(lambda found: found[0] if found else None) is None
    assert (state.collections / _COLLECTION / "collection.json").exists()


@pytest.mark.parametrize("left", [[], ["files"], ["files/one.json"]])
def test_a_collection_that_was_being_removed_is_removed(left: list[str], state: StateFolder) -> None:
    folder = state.collections / _COLLECTION
    folder.mkdir(parents=True)
    for path in left:
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(b"{}") if path.endswith("json") else (folder / path).mkdir()

    assert _taken(state) is None
    assert list(state.collections.iterdir()) == []


def test_a_collection_cut_off_while_it_is_removed_is_never_closed_with_half_its_summary(
    state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = Journal(state, _OWNER).begin(_COLLECTION, _BODY)
    collection.put(_ITEM)
    with monkeypatch.context() as patch:
        patch.setattr(StateFolder, "remove_folder", _cut_off)
        with pytest.raises(StateUnwritableError):
            collection.finish()
    collection.release()

    assert _taken(state) is None
    assert list(state.collections.iterdir()) == []


def test_what_a_run_cut_off_while_it_began_has_left_is_swept(state: StateFolder) -> None:
    (state.collections / f".{_UPLOAD}").mkdir(parents=True)

    Journal(state, _OWNER).begin(_COLLECTION, _BODY).release()
    assert [path.name for path in state.collections.iterdir()] == [_COLLECTION]


@pytest.mark.parametrize("damage", [b"", b"{}", b'{"v": 1}', b"[]", b"\xff"])
def test_a_damaged_item_sets_its_collection_aside(damage: bytes, state: StateFolder) -> None:
    collection = Journal(state, _OWNER).begin(_COLLECTION, _BODY)
    collection.put(_ITEM)
    collection.release()
    (state.collections / _COLLECTION / "files" / f"{_UPLOAD}.json").write_bytes(damage)

    assert _taken(state) is None
    assert (state.collections / _COLLECTION).is_dir()


def test_a_dropped_item_is_gone(state: StateFolder) -> None:
    collection = Journal(state, _OWNER).begin(_COLLECTION, _BODY)
    collection.put(_ITEM)
    collection.drop(_ITEM)
    collection.drop(_ITEM)

    assert collection.items() == []
    collection.release()


def test_a_known_file_is_found_by_path_size_and_time(state: StateFolder) -> None:
    known = Known(state)
    note = KnownFile(_UPLOAD, "recording", "receipt", "0" * 64, 5)
    known.add(_ITEM.key, note)

    assert known.find(_ITEM.key) == note
    assert known.find((b"DCIM/\xff.mp4", 5, 1)) is None
    known.remove(_ITEM.key)
    known.remove(_ITEM.key)
    assert known.find(_ITEM.key) is None


def test_a_receipt_that_cannot_be_read_is_no_receipt(state: StateFolder) -> None:
    book = ReceiptBook(state, SigningKey.generate("agency.example/log").verifier)

    with pytest.raises(ReceiptRefusedError, match="cannot be read"):
        book.recall("none", "a.mp4", Digests("0" * 64, "1" * 64, 5))


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        (b"AMBA0001.MP4", "AMBA0001.MP4"),
        ("执法 记录.mp4".encode(), "执法_记录.mp4"),
        (b"../../x.mp4", "_.._x.mp4"),
        (b"a\nb.mp4", "a⟨U+000A⟩b.mp4"),
        (b"...", "_"),
        ("记".encode() * 80, "记" * 40),
    ],
)
def test_a_receipts_file_name_is_safe(name: bytes, safe: str) -> None:
    assert _safe_name(name) == safe


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"XDG_STATE_HOME": "/srv/state"}, Path("/srv/state/liuhen/collector")),
        ({"XDG_STATE_HOME": "relative"}, Path.home() / ".local/state/liuhen/collector"),
        ({}, Path.home() / ".local/state/liuhen/collector"),
    ],
)
def test_the_state_lies_where_the_desktop_specification_says(environment: dict[str, str], folder: Path) -> None:
    assert default_state_folder(environment) == folder


@pytest.mark.parametrize(
    "act",
    [
        lambda state: state.make(state.root / "file" / "x"),
        lambda state: state.write(state.root / "folder", b""),
        lambda state: state.remove(state.root / "folder"),
        lambda state: state.remove_folder(state.root / "full"),
        lambda state: Journal(state, _OWNER).begin("file", {}),
        lambda state: state.lock(state.root / "file"),
    ],
    ids=["make", "write", "remove", "remove-folder", "begin", "lock"],
)
def test_every_failure_of_the_state_folder_names_its_path(
    act: Callable[[StateFolder], object], state: StateFolder
) -> None:
    for folder in ("folder", "full/inner", "collections"):
        (state.root / folder).mkdir(parents=True)
    (state.root / "file").write_bytes(b"")
    (state.collections / "file").write_bytes(b"")

    with pytest.raises(StateUnwritableError, match=str(state.root)):
        act(state)


def test_a_folder_that_is_gone_is_removed_already(state: StateFolder) -> None:
    state.remove_folder(state.root / "none")


@pytest.mark.parametrize(
    "act", [lambda state: state.lock(state.root), lambda state: Journal(state, _OWNER).begin("c", {})]
)
def test_a_file_system_without_locks_is_said(
    act: Callable[[StateFolder], object], state: StateFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(_descriptor: int, _how: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    state.make(state.root)
    monkeypatch.setattr(fcntl, "flock", no_locks)

    with pytest.raises(StateUnwritableError, match="No locks available"):
        act(state)
