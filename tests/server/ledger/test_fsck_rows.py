"""fsck tells missing, extra and altered rows apart, and names each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.conf import settings
from django.db import connection, transaction

from liuhen.core.entry import Entry, ObjectRef
from liuhen.core.errors import LiuhenError
from liuhen.core.events import EventType
from liuhen.core.tlog.checkpoint import Checkpoint, sign_checkpoint
from liuhen.core.tlog.merkle import leaf_hash
from liuhen.server.ledger import projections, selectors, services
from liuhen.server.ledger.fsck import check_ledger, report
from liuhen.server.ledger.fsck.tree import GrowingRoot
from liuhen.server.ledger.interfaces import Discrepancy, DiscrepancyKind
from liuhen.server.ledger.models import Event
from liuhen.server.ledger.signer import load_key
from tests.server.ledger.kit import AT, behind_the_guards, run_sql, sequence, subject, write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pytest_django import Settings

    from liuhen.server.ledger.files import LedgerFolder


@pytest.fixture
def events(ledger: LedgerFolder) -> list[Event]:
    """Twelve events under a checkpoint, at places 1 to 12, and three that wait."""
    del ledger
    written = write(12)
    sequence()
    written += write(3)
    assert check_ledger().discrepancies == ()
    return written


def tamper(statement: str, *parameters: object) -> None:
    with behind_the_guards():
        run_sql(statement, *parameters)


def found() -> set[tuple[str, str]]:
    return {(one.kind.value, one.where) for one in check_ledger().discrepancies}


def named(kind: str, *events: Event) -> set[tuple[str, str]]:
    return {(kind, f"event {event.id}") for event in events}


@pytest.mark.usefixtures("events")
def test_a_whole_database_is_found_whole() -> None:
    done = check_ledger()
    assert (done.size, done.unsequenced, done.discrepancies) == (13, 3, ())


def test_a_deleted_row_is_missing(events: list[Event]) -> None:
    tamper("DELETE FROM ledger_event WHERE seq IN (%s, %s)", events[2].seq, events[11].seq)
    assert found() == named("missing", events[2], events[11])


def test_a_deleted_row_that_waited_shows_in_its_subjects_chain(events: list[Event]) -> None:
    tamper("DELETE FROM ledger_event WHERE seq = %s", events[13].seq)
    assert found() == {("altered", f"head {events[13].subject}")}
    tamper("DELETE FROM ledger_subjecthead WHERE subject = %s", events[0].subject)
    assert ("missing", f"head {events[0].subject}") in found()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", "00000000000070008000000000000000"),
        ("type", "ticket:ended"),
        ("time", "2026-11-23 09:00:00"),
        ("time", "no time at all"),
        ("subject", "recording/x"),
        ("n", 77),
        ("actor", "person/x"),
        ("leaf_hash", b"\0" * 32),
        ("leaf_hash", "text"),
    ],
)
@pytest.mark.parametrize("place", [3, 13], ids=["sequenced", "waiting"])
def test_an_edited_column_is_altered(events: list[Event], place: int, column: str, value: object) -> None:
    tamper(f"UPDATE ledger_event SET {column} = %s WHERE seq = %s", value, events[place].seq)  # noqa: S608 - constants
    (one,) = check_ledger().discrepancies
    assert (one.kind, one.where) == (DiscrepancyKind.ALTERED, f"event {events[place].id}")
    assert column in one.zh
    assert column in one.en


@pytest.mark.parametrize("leaf", [b"{}", b"", "text", b"\xff"])
def test_an_edited_entry_is_altered(events: list[Event], leaf: object) -> None:
    tamper("UPDATE ledger_event SET leaf = %s WHERE seq = %s", leaf, events[3].seq)
    assert found() == named("altered", events[3])


@pytest.mark.parametrize("leaf", [b"{}", "text"])
def test_an_edited_entry_that_waits_is_altered(events: list[Event], leaf: object) -> None:
    tamper("UPDATE ledger_event SET leaf = %s WHERE seq = %s", leaf, events[14].seq)
    assert named("altered", events[14]) <= found()


def test_a_row_whose_id_is_no_id_is_still_named(events: list[Event]) -> None:
    tamper("UPDATE ledger_event SET id = 'nonsense', leaf = '' WHERE seq = %s", events[3].seq)
    assert found() == {("altered", "event nonsense")}


def test_an_entry_rewritten_with_its_hash_is_altered(events: list[Event]) -> None:
    leaf = bytes(events[3].leaf).replace(b'"number":3', b'"number":4')
    tamper("UPDATE ledger_event SET leaf = %s, leaf_hash = %s WHERE seq = %s", leaf, leaf_hash(leaf), events[3].seq)
    assert found() == named("altered", events[3])


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("salt = NULL", "missing"),
        ("private = NULL", "missing"),
        ("salt = NULL, private = NULL", "missing"),
        ("salt = zeroblob(32)", "altered"),
        ("private = CAST('{}' AS BLOB)", "altered"),
    ],
)
def test_private_details_must_open_their_commitment(events: list[Event], change: str, kind: str) -> None:
    tamper(f"UPDATE ledger_event SET {change} WHERE seq = %s", events[3].seq)  # noqa: S608 - constants
    assert found() == named(kind, events[3])


def test_private_details_that_nothing_commits_to_are_extra(events: list[Event]) -> None:
    tamper("UPDATE ledger_event SET private = CAST('{}' AS BLOB) WHERE seq = %s", events[4].seq)
    assert found() == named("extra", events[4])


def copy_of(event: Event, place: object, **changes: Any) -> None:
    """Insert a forged event that looks like `event`, with a subject of its own."""
    entry = Entry.from_bytes(bytes(event.leaf))
    kept: dict[str, Any] = {"type": entry.type, "time": entry.time, "actor": entry.actor, **changes}
    forged = Entry(
        id=UUID("01890000-0000-7000-8000-00000000beef"), subject=subject(99), n=0, prev=None, **kept
    ).to_bytes()
    tamper(
        'INSERT INTO ledger_event (id, type, time, subject, n, actor, leaf, leaf_hash, "index") '
        "SELECT '0189000000007000800000000000beef', %s, time, %s, 0, actor, %s, %s, %s "
        "FROM ledger_event WHERE seq = %s",
        kept["type"].value,
        subject(99),
        forged,
        leaf_hash(forged),
        place,
        event.seq,
    )


@pytest.mark.parametrize("place", [13, 99, "text"])
def test_an_inserted_row_that_claims_a_place_is_extra(events: list[Event], place: object) -> None:
    copy_of(events[3], place)
    assert found() == {("extra", "event 01890000-0000-7000-8000-00000000beef")}


@pytest.mark.parametrize("place", [2.5, -1, 12.5])
def test_a_row_at_a_place_that_no_tree_has_is_named_itself_and_hides_no_other(
    events: list[Event], place: object
) -> None:
    copy_of(events[3], place)
    assert found() == {("altered", "event 01890000-0000-7000-8000-00000000beef")}


@pytest.mark.parametrize("place", [2.5, -1, 12.5])
def test_a_row_that_was_moved_to_such_a_place_is_altered(events: list[Event], place: object) -> None:
    tamper('UPDATE ledger_event SET "index" = %s WHERE seq = %s', place, events[1].seq)
    assert found() == named("altered", events[1])


def test_a_heads_event_that_names_no_file_stops_nothing(events: list[Event]) -> None:
    copy_of(events[3], None, type=EventType.LEDGER_HEADS, facts={"date": "2026-11-23"})
    assert ("missing", "heads/2026-11-23.json") in found()


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("path", ["tile/0/000.p/13", "tile/entries/000.p/13", "signer-state", "key"])
def test_a_file_that_cannot_be_read_is_named_and_stops_nothing(ledger: LedgerFolder, path: str) -> None:
    (ledger.root / path).unlink()
    (ledger.root / path).mkdir()
    assert path in {where for _, where in found()}


def test_an_inserted_row_that_waits_has_no_head(events: list[Event]) -> None:
    copy_of(events[4], None)
    assert found() == {("missing", f"head {subject(99)}")}


def test_a_row_in_the_place_of_another_is_altered_and_the_other_missing(events: list[Event]) -> None:
    tamper("DELETE FROM ledger_event WHERE seq = %s", events[3].seq)
    copy_of(events[6], 4)
    assert ("altered", "event 01890000-0000-7000-8000-00000000beef") in found()


def test_a_place_that_was_taken_away_is_altered(events: list[Event]) -> None:
    tamper('UPDATE ledger_event SET "index" = NULL WHERE seq = %s', events[3].seq)
    assert found() == named("altered", events[3])


def test_two_places_exchanged_are_both_altered(events: list[Event]) -> None:
    one, other = events[3], events[4]
    with behind_the_guards():
        for place, event in ((-1, one), (4, other), (5, one)):
            run_sql('UPDATE ledger_event SET "index" = %s WHERE seq = %s', place, event.seq)
    assert found() == named("altered", one, other)


def test_places_still_to_be_set_after_a_crash_are_no_fault(events: list[Event]) -> None:
    tamper('UPDATE ledger_event SET "index" = NULL WHERE "index" >= 9')
    tamper("DELETE FROM ledger_checkpointrow")
    run_sql(
        "INSERT INTO ledger_checkpointrow (size, root, note, at) VALUES (9, %s, %s, '2026-11-23')",
        (root := root_of(9)),
        sign_checkpoint(Checkpoint(selectors.verifier_key().name, 9, root), signing_key()),
    )
    assert found() == set()
    assert check_ledger().unsequenced == 3 + 4
    del events


def signing_key() -> Any:
    return load_key(settings.INSTANCE.ledger_key_file)


def root_of(size: int) -> bytes:
    growing = GrowingRoot()
    for event in Event.objects.order_by("seq")[:size]:
        growing.append(bytes(event.leaf_hash))
    return growing.root()


def test_the_heads_table_is_held_against_the_chains(events: list[Event]) -> None:
    tamper("DELETE FROM ledger_subjecthead WHERE subject = %s", subject(0))
    tamper("UPDATE ledger_subjecthead SET n = n + 1 WHERE subject = %s", subject(1))
    tamper("UPDATE ledger_subjecthead SET leaf_hash = zeroblob(32) WHERE subject = %s", subject(2))
    run_sql("INSERT INTO ledger_subjecthead (subject, n, leaf_hash) VALUES ('recording/x', 0, zeroblob(32))")
    assert found() == {
        ("missing", f"head {subject(0)}"),
        ("altered", f"head {subject(1)}"),
        ("altered", f"head {subject(2)}"),
        ("extra", "head recording/x"),
    }
    del events


def test_kept_checkpoints_are_held_against_the_tree(events: list[Event]) -> None:
    sequence()
    tamper("DELETE FROM ledger_checkpointrow WHERE size = 16")
    assert found() == {("missing", "checkpoint row 16")}
    tamper("UPDATE ledger_checkpointrow SET root = zeroblob(32)")
    assert ("altered", "checkpoint row 13") in found()
    tamper("UPDATE ledger_checkpointrow SET note = zeroblob(32)")
    assert ("altered", "checkpoint row 13") in found()
    del events


def test_a_second_history_signed_by_the_same_key_is_noticed(events: list[Event]) -> None:
    note = sign_checkpoint(Checkpoint(selectors.verifier_key().name, 7, b"\7" * 32), signing_key())
    run_sql(
        "INSERT INTO ledger_checkpointrow (size, root, note, at) VALUES (7, %s, %s, '2026-11-23')", b"\7" * 32, note
    )
    (one,) = check_ledger().discrepancies
    assert one.where == "checkpoint row 7"
    assert "两种历史" in one.zh
    del events


def test_a_chain_that_the_ledger_itself_breaks_is_noticed(events: list[Event]) -> None:
    """The integrator refuses such a row; here its check is by-passed, as other software with the key would."""
    last = events[14]
    forged = Entry.from_bytes(bytes(last.leaf))
    skipped = Entry(
        id=forged.id,
        type=forged.type,
        time=forged.time,
        subject=forged.subject,
        n=forged.n + 1,
        prev="ab" * 32,
        actor=forged.actor,
    ).to_bytes()
    tamper(
        "UPDATE ledger_event SET leaf = %s, leaf_hash = %s, n = n + 1, salt = NULL, private = NULL WHERE seq = %s",
        skipped,
        leaf_hash(skipped),
        last.seq,
    )
    assert ("altered", f"event {last.id}") in found()


def test_a_damaged_bundle_is_read_from_the_rows_it_vouches_for(events: list[Event], ledger: LedgerFolder) -> None:
    path = ledger.root / "tile" / "entries" / "000.p" / "13"
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"number":5', b'"number":9'))
    assert found() == {("altered", "tile/entries/000.p/13")}
    path.unlink()
    assert found() == {("missing", "tile/entries/000.p/13")}
    tamper("DELETE FROM ledger_event WHERE seq = %s", events[3].seq)
    names = found()
    assert ("missing", "tile/entries/000.p/13") in names
    assert ("altered", f"event {events[10].id}") not in names, "what cannot be known is not held against others"


class Watching:
    """A projection that keeps what it is shown."""

    seen: list[Entry]

    def __init__(self) -> None:
        Watching.seen = []

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        Watching.seen += entries
        yield from ()

    def finish(self) -> Iterator[Discrepancy]:
        yield Discrepancy(DiscrepancyKind.EXTRA, "row 1", "账本中没有", "not in the ledger")


def test_upper_apps_are_shown_every_entry_in_order_and_heard(events: list[Event]) -> None:
    projections.register_projection("watching", Watching)
    projections.register_projection("watching", Watching)
    write(1100)
    sequence()
    waiting = write(2)
    assert found() == {("extra", "row 1")}
    assert [entry.id for entry in Watching.seen] == list(Event.objects.order_by("seq").values_list("id", flat=True))
    assert Watching.seen[-1].id == waiting[-1].id
    assert Watching.seen[1].id == events[0].id


class Strict(Watching):
    """A projection that knows events with a number other than 4 only."""

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        for entry in entries:
            if entry.facts["number"] == 4:
                raise TypeError
            Watching.seen.append(entry)
            yield Discrepancy(DiscrepancyKind.EXTRA, str(entry.facts["number"]), "多", "extra")

    def finish(self) -> Iterator[Discrepancy]:
        yield from ()


def test_an_entry_that_an_upper_app_cannot_make_sense_of_is_named_and_stops_nothing(events: list[Event]) -> None:
    projections.register_projection("strict", Strict)
    first = Event.objects.get(type="ledger:created")
    numbers = {("extra", str(number)) for number in range(12) if number != 4}
    assert found() == named("altered", first, events[4]) | numbers


class BrokenError(LiuhenError):
    code = "broken"
    zh = "损坏"
    en = "broken"


@pytest.mark.usefixtures("ledger")
def test_looking_deep_reads_every_original_and_attachment_once() -> None:
    original, attachment, derived = (
        ObjectRef(role, letter * 64, None, 1)
        for role, letter in (("original", "a"), ("attachment", "b"), ("preview", "c"))
    )
    with transaction.atomic():
        write(2, type=EventType.RECORDING_SEALED, objects=[original])
        write(1, type=EventType.RECORDING_ATTACHED, objects=[attachment])
        write(1, type=EventType.DERIVATIVE_MADE, objects=[derived])
    sequence()
    read: list[ObjectRef] = []

    def deep(ref: ObjectRef) -> None:
        read.append(ref)
        if ref == attachment:
            raise BrokenError

    done = check_ledger(deep=deep)
    assert read == [original, attachment]
    assert done.objects == 2
    assert done.discrepancies == (Discrepancy(DiscrepancyKind.ALTERED, f"object {'b' * 64}", "损坏", "broken"),)
    assert done.exit_code == 1


def test_a_report_names_a_bounded_number_and_counts_the_rest(
    events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "LIMIT", 5)
    tamper("UPDATE ledger_event SET actor = 'person/x'")
    done = check_ledger()
    assert (len(done.discrepancies), done.omitted) == (5, 11)
    del events


def test_fsck_and_writers_do_not_disturb_each_other(events: list[Event]) -> None:
    """A writer and a sequencer come in the middle of the run, after the checkpoint was pinned."""

    class Disturbing(Watching):
        def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
            def disturb() -> None:
                try:
                    write(300, at=AT + timedelta(seconds=1))
                    sequence()
                finally:
                    connection.close()

            other = Thread(target=disturb)
            other.start()
            other.join()
            yield from ()
            del entries

        def finish(self) -> Iterator[Discrepancy]:
            yield from ()

    projections.register_projection("disturbing", Disturbing)
    done = check_ledger()
    assert (done.discrepancies, done.size) == ((), 13)
    projections._makers.clear()
    done = check_ledger()
    assert (done.discrepancies, done.unsequenced) == ((), 0)
    assert done.size == 316
    del events


@pytest.mark.django_db
def test_it_also_runs_within_a_transaction(tmp_path: Path, settings: Settings) -> None:
    settings.INSTANCE = replace(settings.INSTANCE, home=tmp_path)
    services.init_ledger(domain="agency.example", at=AT)
    assert check_ledger().unsequenced == 1
