from __future__ import annotations

import shutil
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from liuhen.core.entry import Entry
from liuhen.core.errors import Language
from liuhen.core.events import EventType
from liuhen.core.tlog.errors import TreeRootError
from liuhen.core.tlog.merkle import leaf_hash
from liuhen.core.tlog.tiles import grow, tree_paths
from liuhen.core.verify import FolderFiles, verify_export
from liuhen.server.ledger import selectors, sequencing
from liuhen.server.ledger.errors import (
    DatabaseBehindError,
    EventDamagedError,
    FilesBehindError,
    LedgerError,
    LedgerFilesError,
    SignerRefusesError,
)
from liuhen.server.ledger.fsck import check_ledger
from liuhen.server.ledger.models import CheckpointRow, Event
from tests.server.ledger.kit import (
    AT,
    CutDisk,
    FailingDisk,
    FullDisk,
    PowerCutError,
    behind_the_guards,
    run_sql,
    sequence,
    sequencer,
    signer,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from liuhen.server.ledger.files import LedgerFolder


def verified_size(ledger: LedgerFolder) -> int:
    """Return the size of the ledger in its folder as an outside verifier finds it."""
    return verify_export(FolderFiles(ledger.root), key=selectors.verifier_key()).checkpoint.size


def test_events_get_their_places_in_the_order_written(ledger: LedgerFolder) -> None:
    written = write(700)
    assert sequence() == 701
    places = dict(Event.objects.values_list("id", "index"))
    assert [places[event.id] for event in written] == list(range(1, 701))
    assert [data for _, data in ledger.entries(1, 701)] == [event.leaf for event in written]
    assert verified_size(ledger) == 701


def test_nothing_to_do_changes_nothing(ledger: LedgerFolder) -> None:
    sequence()
    before = {path: path.stat().st_mtime_ns for path in ledger.root.rglob("*")}
    assert sequencer().step(AT) == 0
    assert {path: path.stat().st_mtime_ns for path in ledger.root.rglob("*")} == before


def test_every_batch_keeps_its_checkpoint(ledger: LedgerFolder) -> None:
    del ledger
    for _ in range(3):
        write(2)
        sequence()
    rows = CheckpointRow.objects.order_by("size")
    assert [row.size for row in rows] == [3, 5, 7]
    newest = selectors.latest_checkpoint()
    assert (bytes(rows[2].note), bytes(rows[2].root), rows[2].at) == (newest.note, newest.root, AT)
    assert newest.at == AT


def test_a_batch_takes_a_bounded_number_of_events_and_bytes(
    ledger: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    del ledger
    write(10)
    monkeypatch.setattr(sequencing, "BATCH", 4)
    one = sequencer()
    assert [one.step(AT) for _ in range(4)] == [4, 4, 3, 0]
    write(10)
    monkeypatch.setattr(sequencing, "_BATCH_BYTES", 1000)
    assert one.step(AT) == 3


def test_partial_files_go_when_the_full_one_is_published(ledger: LedgerFolder) -> None:
    for _ in range(5):
        write(60)
        sequence()
    folders = sorted(path.relative_to(ledger.root).as_posix() for path in ledger.root.rglob("*.p"))
    assert folders == ["tile/0/001.p", "tile/1/000.p", "tile/entries/001.p"]
    assert verified_size(ledger) == 301


@pytest.mark.parametrize("lose_names", [False, True], ids=["names-stay", "names-are-lost"])
def test_a_power_cut_at_any_call_loses_nothing(ledger: LedgerFolder, *, lose_names: bool) -> None:
    write(1)
    sequence()
    for cut_at in count():
        written = write(256)
        try:
            sequencer(CutDisk(cut_at, lose_names=lose_names)).step(AT)
        except PowerCutError:
            assert sequence() == Event.objects.count()
            places = dict(Event.objects.values_list("id", "index"))
            first = places[written[0].id]
            assert first is not None
            assert [places[event.id] for event in written] == list(range(first, first + 256))
        else:
            break
    assert cut_at > 20
    assert verified_size(ledger) == Event.objects.count()
    assert check_ledger().discrepancies == ()


@pytest.mark.parametrize("after", [False, True], ids=["before its effect", "after its effect"])
@pytest.mark.parametrize("restarted", [False, True], ids=["goes on", "begins anew"])
def test_a_failure_at_any_call_passes_and_loses_nothing(ledger: LedgerFolder, *, after: bool, restarted: bool) -> None:
    write(250)
    sequence()
    for fail_at in count():
        write(10)
        failing = sequencer(FailingDisk(fail_at, after=after))
        try:
            failing.step(AT)
        except OSError:
            going_on = sequencer() if restarted else failing
            while going_on.step(AT):
                pass
        else:
            break
    assert fail_at > 10
    assert verified_size(ledger) == Event.objects.count()
    assert check_ledger().discrepancies == ()


@pytest.mark.parametrize("lose_names", [False, True], ids=["names-stay", "names-are-lost"])
def test_a_power_cut_during_recovery_loses_nothing_either(ledger: LedgerFolder, *, lose_names: bool) -> None:
    write(300)
    sequence()
    for cut_at in count():
        write(300)
        with pytest.raises(PowerCutError):
            sequencer(CutDisk(15, lose_names=False)).step(AT)
        try:
            sequencer(CutDisk(cut_at, lose_names=lose_names)).recover(AT)
        except PowerCutError:
            assert sequence() == Event.objects.count()
        else:
            break
    assert cut_at > 3
    assert sequence() == Event.objects.count()
    assert verified_size(ledger) == Event.objects.count()
    assert check_ledger().discrepancies == ()


@pytest.mark.parametrize("committed", [False, True], ids=["before-the-commit", "after-the-commit"])
def test_death_around_the_commit_of_the_places_is_mended(
    ledger: LedgerFolder, monkeypatch: pytest.MonkeyPatch, *, committed: bool
) -> None:
    write(300)
    enter = sequencing._enter

    def die(*args: Any) -> None:
        if committed:
            enter(*args)
        raise PowerCutError

    with monkeypatch.context() as patch:
        patch.setattr(sequencing, "_enter", die)
        with pytest.raises(PowerCutError):
            sequencer().step(AT)
    assert Event.objects.filter(index__isnull=True).exists() is not committed
    write(3)
    assert sequence() == 304
    assert list(CheckpointRow.objects.order_by("size").values_list("size", flat=True)) == [301, 304]
    assert verified_size(ledger) == 304
    assert check_ledger().discrepancies == ()


def test_a_checkpoint_that_was_signed_and_not_published_is_published(ledger: LedgerFolder) -> None:
    sequence()
    old = ledger.read("checkpoint")
    write(5)
    sequence()
    new = ledger.read("checkpoint")
    for content in (old, None):
        if content is None:
            (ledger.root / "checkpoint").unlink()
        else:
            (ledger.root / "checkpoint").write_bytes(content)
        sequencer().recover(AT)
        assert ledger.read("checkpoint") == new


def test_what_a_dead_batch_left_beyond_the_signed_tree_is_dropped(ledger: LedgerFolder) -> None:
    write(9)
    sequence()
    for name in (
        "tile/0/000.p/200",
        "tile/0/000",
        "tile/0/001",
        "tile/0/002.p/3",
        "tile/1/000.p/2",
        "tile/entries/000",
    ):
        (ledger.root / name).parent.mkdir(parents=True, exist_ok=True)
        (ledger.root / name).write_bytes(b"left over")
    sequencer().recover(AT)
    found = {path.relative_to(ledger.root).as_posix() for path in (ledger.root / "tile").rglob("*") if path.is_file()}
    assert found == set(tree_paths(10))


def test_a_full_disk_is_an_error_that_passes(ledger: LedgerFolder) -> None:
    write(3)
    disk = FullDisk()
    one = sequencer(disk)
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            one.step(AT)
    disk.is_full = False
    assert one.step(AT) == 4
    assert verified_size(ledger) == 4


def refused(kind: type[LedgerError]) -> LedgerError:
    """Return the error with which a fresh start and a step refuse."""
    with pytest.raises(kind) as caught:
        sequencer().step(AT)
    assert caught.value.as_dict()["zh"]
    return caught.value


def test_a_ledger_folder_from_an_old_backup_is_refused(ledger: LedgerFolder) -> None:
    write(5)
    sequence()
    old = ledger.root.with_name("old")
    shutil.copytree(ledger.root, old)
    write(5)
    sequence()
    shutil.rmtree(ledger.root)
    shutil.copytree(old, ledger.root)
    write(1)
    assert refused(FilesBehindError).where == {"size": 6, "indexed": 11}


def test_a_database_from_an_old_backup_is_refused(ledger: LedgerFolder) -> None:
    del ledger
    (first, *_) = write(5)
    sequence()
    with behind_the_guards():
        run_sql('DELETE FROM ledger_event WHERE "index" >= 1')
    write(5)
    assert refused(DatabaseBehindError).where == {"index": 1, "event": first.id}


def test_a_signer_state_from_an_old_backup_is_refused(ledger: LedgerFolder) -> None:
    sequence()
    old = ledger.read("signer-state")
    write(5)
    sequence()
    (ledger.root / "signer-state").write_bytes(old)
    assert "checkpoint" in str(refused(LedgerFilesError).where["path"])


def test_a_checkpoint_of_another_tree_is_refused(ledger: LedgerFolder) -> None:
    write(5)
    sequence()
    good = ledger.read("signer-state")
    signer().begin()
    shutil.rmtree(ledger.root / "tile")
    root, tiles = grow(0, [leaf_hash(b"forged")] * 6, ledger)
    ledger.write_new(tiles)
    forged = signer().sign(6, root)
    (ledger.root / "signer-state").write_bytes(good)
    (ledger.root / "checkpoint").write_bytes(forged)
    refused(LedgerFilesError)


@pytest.mark.parametrize("content", [b"", b"no note"])
def test_a_damaged_checkpoint_is_refused(ledger: LedgerFolder, content: bytes) -> None:
    sequence()
    (ledger.root / "checkpoint").write_bytes(content)
    refused(LedgerFilesError)


@pytest.mark.parametrize("path", ["tile/0/001.p/45", "tile/1/000.p/1"])
@pytest.mark.parametrize("missing", [False, True])
def test_damaged_tiles_are_not_built_upon(ledger: LedgerFolder, path: str, *, missing: bool) -> None:
    write(300)
    sequence()
    data = ledger.read(path)
    (ledger.root / path).unlink()
    if not missing:
        (ledger.root / path).write_bytes(bytes([data[0] ^ 1]) + data[1:])
    write(1)
    refused(LedgerFilesError)


def test_a_tile_damaged_while_at_work_is_not_built_upon(ledger: LedgerFolder) -> None:
    write(9)
    one = sequencer()
    one.step(AT)
    (ledger.root / "tile/0/000.p/10").write_bytes(bytes(320))
    write(1)
    with pytest.raises(TreeRootError):
        one.step(AT)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("leaf = CAST('{}' AS BLOB)", "entry"),
        ("leaf = CAST(REPLACE(CAST(leaf AS TEXT), '\"number\":2', '\"number\":3') AS BLOB)", "leaf_hash"),
        ("subject = 'recording/01890000-0000-7000-8000-000000000009'", "subject"),
        ("n = 7", "n"),
        ("id = '00000000000070008000000000000000'", "id"),
        ("leaf_hash = zeroblob(32)", "leaf_hash"),
    ],
)
def test_a_row_that_was_altered_before_it_had_its_place_is_not_entered(
    ledger: LedgerFolder, change: str, problem: str
) -> None:
    before = ledger.read("checkpoint")
    event = write(3)[2]
    with behind_the_guards():
        run_sql(f"UPDATE ledger_event SET {change} WHERE seq = %s", event.seq)  # noqa: S608 - constants
    assert problem in refused(EventDamagedError).text(Language.EN)
    assert ledger.read("checkpoint") == before


def test_a_forged_event_that_does_not_continue_its_subject_is_not_entered(ledger: LedgerFolder) -> None:
    sequence()
    size = selectors.latest_checkpoint().size
    first, second = write(2, subjects=1)
    with behind_the_guards():
        run_sql("DELETE FROM ledger_event WHERE seq = %s", first.seq)
    damaged = refused(EventDamagedError)
    assert damaged.where["event"] == second.id
    assert "fields prev" in damaged.text(Language.EN)
    assert selectors.latest_checkpoint().size == size
    assert Entry.from_bytes(bytes(second.leaf)).type is EventType.RECORDING_DIGESTED
    del ledger


def test_a_row_lost_between_reading_and_placing_is_noticed(
    ledger: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    del ledger
    written = write(3)
    waiting = sequencing._waiting

    def lose() -> Any:
        batch = waiting()
        with behind_the_guards():
            run_sql("DELETE FROM ledger_event WHERE seq = %s", written[1].seq)
        return batch

    monkeypatch.setattr(sequencing, "_waiting", lose)
    assert refused(DatabaseBehindError).where["index"] == 2


def change_checkpoint(ledger: LedgerFolder) -> None:
    (ledger.root / "checkpoint").write_bytes(signer().begin())


def change_tile(ledger: LedgerFolder) -> None:
    (ledger.root / "tile/0/000.p/4").write_bytes(bytes(128))


def test_affirming_finds_agreement_and_changes_nothing(ledger: LedgerFolder) -> None:
    write(3)
    one = sequencer()
    one.step(AT)
    before = {path: path.read_bytes() for path in ledger.root.rglob("*") if path.is_file()}
    one.affirm(AT)
    assert {path: path.read_bytes() for path in ledger.root.rglob("*") if path.is_file()} == before


def test_affirming_before_anything_else_recovers(ledger: LedgerFolder) -> None:
    write(3)
    sequence()
    new = ledger.read("checkpoint")
    (ledger.root / "checkpoint").unlink()
    sequencer().affirm(AT)
    assert ledger.read("checkpoint") == new


@pytest.mark.parametrize("change", [change_checkpoint, change_tile])
def test_affirming_notices_what_was_altered_while_idle(
    ledger: LedgerFolder, change: Callable[[LedgerFolder], None]
) -> None:
    write(3)
    one = sequencer()
    one.step(AT)
    change(ledger)
    with pytest.raises(LedgerError):
        one.affirm(AT)


def test_the_signer_refuses_what_the_sequencer_would_publish(
    ledger: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(3)
    one = sequencer()
    one.step(AT)
    before = ledger.read("checkpoint")
    write(1)

    def forge(*args: Any, **kwargs: Any) -> Any:
        _, tiles = grow(*args, **kwargs)
        return bytes(32), [(path, bytes(len(data))) for path, data in tiles]

    monkeypatch.setattr(sequencing, "grow", forge)
    with pytest.raises(SignerRefusesError):
        one.step(AT)
    assert ledger.read("checkpoint") == before
