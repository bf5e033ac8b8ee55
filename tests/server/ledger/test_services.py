from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction

from liuhen.core.entry import Entry, EntryTooLargeError, ObjectRef, commit_private
from liuhen.core.events import EventType
from liuhen.core.tlog.merkle import leaf_hash
from liuhen.server.kernel.actor import SYSTEM, Actor, ActorKind
from liuhen.server.ledger import selectors, services
from liuhen.server.ledger.errors import FilesBehindError, KeyFileError, LedgerBehindError
from liuhen.server.ledger.fsck import check_ledger
from liuhen.server.ledger.models import Event, SubjectHead
from tests.server.ledger.kit import AT, sequence, subject, write
from tests.support.threads import in_threads

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.server.ledger.files import LedgerFolder

PERSON = Actor(kind=ActorKind.PERSON, id=uuid.UUID(int=1))


def entry_of(event: Event) -> Entry:
    return Entry.from_bytes(bytes(Event.objects.get(id=event.id).leaf))


@pytest.mark.django_db(transaction=True)
def test_an_event_needs_a_transaction() -> None:
    with pytest.raises(RuntimeError, match="transaction"):
        services.record(type=EventType.TICKET_OPENED, subject=subject(1), actor=SYSTEM, at=AT)


@pytest.mark.django_db
def test_an_event_says_what_was_told() -> None:
    ref = ObjectRef("original", "a" * 64, "b" * 64, 12)
    event = services.record(
        type=EventType.RECORDING_SEALED, subject=subject(1), actor=PERSON, at=AT, objects=[ref], facts={"kind": "video"}
    )
    entry = entry_of(event)
    assert (entry.type, entry.subject, entry.actor, entry.time) == (
        EventType.RECORDING_SEALED,
        subject(1),
        "person/00000000-0000-0000-0000-000000000001",
        AT,
    )
    assert (entry.objects, entry.facts, entry.private, entry.n, entry.prev) == (
        (ref,),
        {"kind": "video"},
        None,
        0,
        None,
    )
    assert entry.id == event.id
    assert event.id.int >> 80 == int(AT.timestamp() * 1000)


@pytest.mark.django_db
def test_the_returned_event_is_the_stored_row() -> None:
    event = services.record(
        type=EventType.TICKET_ISSUED, subject=subject(1), actor=SYSTEM, at=AT, private={"reason": "复核"}
    )
    stored = Event.objects.get(id=event.id)
    for name in ("seq", "id", "type", "time", "subject", "n", "actor", "leaf", "leaf_hash", "salt", "private", "index"):
        assert getattr(stored, name) == getattr(event, name), name
    with pytest.raises(TypeError, match="append-only"):
        event.save()


@pytest.mark.django_db
def test_the_events_of_a_subject_are_numbered_and_chained() -> None:
    first, other, second = (
        services.record(type=EventType.TICKET_OPENED, subject=name, actor=SYSTEM, at=AT)
        for name in (subject(1), subject(2), subject(1))
    )
    assert [entry_of(event).n for event in (first, other, second)] == [0, 0, 1]
    assert entry_of(second).prev == leaf_hash(bytes(first.leaf)).hex()
    head = SubjectHead.objects.get(subject=subject(1))
    assert (head.n, bytes(head.leaf_hash)) == (1, second.leaf_hash)


@pytest.mark.django_db
def test_private_details_stay_in_the_database_under_a_salt_of_their_own() -> None:
    details = {"name": "李建国", "facts": {"z": 1, "a": [1, None, True]}}
    events = [
        services.record(type=EventType.TICKET_ISSUED, subject=subject(1), actor=SYSTEM, at=AT, private=details)
        for _ in range(2)
    ]
    assert "李建国".encode() not in bytes(events[0].leaf)
    openings = [selectors.opened_commitment(event) for event in events]
    for event, opening in zip(events, openings, strict=True):
        assert opening is not None
        assert opening["details"] == details
        assert commit_private(bytes.fromhex(opening["salt"]), details) == entry_of(event).private
    assert openings[0] != openings[1]


@pytest.mark.django_db
def test_no_details_and_empty_details_differ() -> None:
    cases: tuple[dict[str, Any] | None, ...] = (None, {})
    none, empty = (
        services.record(type=EventType.TICKET_ISSUED, subject=subject(1), actor=SYSTEM, at=AT, private=private)
        for private in cases
    )
    assert selectors.opened_commitment(none) is None
    opening = selectors.opened_commitment(empty)
    assert opening is not None
    assert opening["details"] == {}


@pytest.mark.django_db
def test_a_time_of_another_zone_is_written_in_utc() -> None:
    shanghai = timezone(timedelta(hours=8))
    at = datetime(2026, 11, 23, 16, tzinfo=shanghai)
    event = services.record(type=EventType.TICKET_OPENED, subject=subject(1), actor=SYSTEM, at=at)
    assert entry_of(event).time == datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values",
    [
        {"subject": "no subject"},
        {"facts": {"size": 1.5}},
        {"facts": {"Not a code": 1}},
        {"at": AT + timedelta(microseconds=1)},
        {"private": {"x": object()}},
    ],
)
def test_what_cannot_stand_in_an_entry_is_refused(values: dict[str, Any]) -> None:
    told: dict[str, Any] = {"type": EventType.TICKET_OPENED, "subject": subject(1), "actor": SYSTEM, "at": AT}
    with pytest.raises(ValueError, match=r"\w"):
        services.record(**{**told, **values})
    assert not Event.objects.exists()


@pytest.mark.django_db
def test_a_refused_event_leaves_the_chain_as_it_was_even_where_the_caller_goes_on() -> None:
    services.record(type=EventType.TICKET_OPENED, subject=subject(1), actor=SYSTEM, at=AT)
    for name in (subject(1), subject(2)):
        with pytest.raises(EntryTooLargeError):
            services.record(
                type=EventType.TICKET_OPENED, subject=name, actor=SYSTEM, at=AT, facts={"text": "x" * 65_536}
            )
    after = [
        services.record(type=EventType.TICKET_OPENED, subject=name, actor=SYSTEM, at=AT).n
        for name in (subject(1), subject(2))
    ]
    assert after == [1, 0]


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_change_leaves_no_event() -> None:
    def fail() -> None:
        with transaction.atomic():
            services.record(type=EventType.TICKET_OPENED, subject=subject(1), actor=SYSTEM, at=AT)
            raise IntegrityError

    with pytest.raises(IntegrityError):
        fail()
    assert not Event.objects.exists()
    assert not SubjectHead.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_threads_chain_one_subject_without_a_gap() -> None:
    assert in_threads(8, lambda: [write(1, subjects=1) for _ in range(25)]) == []
    chain = [Entry.from_bytes(bytes(event.leaf)) for event in Event.objects.filter(subject=subject(0)).order_by("seq")]
    assert [entry.n for entry in chain] == list(range(200))
    assert [entry.prev for entry in chain[1:]] == [leaf_hash(entry.to_bytes()).hex() for entry in chain[:-1]]


def test_a_named_file_keeps_raw_bytes() -> None:
    details = services.named_file("录音.wav".encode("gb18030"), path=b"A/\xff", facts={"sequence": {"value": 3}})
    assert details == {"name": "wrzS9C53YXY=", "path": "QS//", "facts": {"sequence": {"value": 3}}}


def test_waiting_returns_the_event_with_its_place(ledger: LedgerFolder) -> None:
    del ledger
    (event,) = write(1)
    sequence()
    got = services.wait_sequenced(event.id, timeout_s=0)
    assert (got.index, got.leaf) == (1, event.leaf)


def test_waiting_in_vain_says_that_nothing_is_lost(ledger: LedgerFolder) -> None:
    del ledger
    (event,) = write(1)
    with pytest.raises(LedgerBehindError) as caught:
        services.wait_sequenced(event.id, timeout_s=0.01)
    assert caught.value.code == "ledger-behind"
    assert str(event.id) in caught.value.as_dict()["zh"]


@pytest.mark.django_db(transaction=True)
def test_waiting_inside_a_transaction_is_a_wrong_call() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        services.wait_sequenced(uuid.uuid4(), timeout_s=0)


@pytest.mark.django_db(transaction=True)
def test_waiting_for_no_event_is_a_wrong_call() -> None:
    with pytest.raises(Event.DoesNotExist):
        services.wait_sequenced(uuid.uuid4(), timeout_s=0)


def test_a_new_ledger_has_a_key_an_empty_tree_and_one_event(ledger: LedgerFolder, home: Path) -> None:
    assert (home / "secrets" / "ledger.key").stat().st_mode & 0o777 == 0o600
    checkpoint = selectors.latest_checkpoint()
    domain, kind, log = checkpoint.origin.split("/")
    assert (domain, kind, checkpoint.size) == ("agency.example", "liuhen", 0)
    (event,) = Event.objects.all()
    assert (event.type, event.subject) == ("ledger:created", f"ledger/{log}")
    facts = Entry.from_bytes(bytes(event.leaf)).facts
    assert facts == {"origin": checkpoint.origin, "key": ledger.read("key").decode().strip()}
    assert selectors.ledger_subject() == event.subject


def test_beginning_twice_changes_nothing(ledger: LedgerFolder) -> None:
    write(3)
    sequence()
    before = {path: path.read_bytes() for path in ledger.root.rglob("*") if path.is_file()}
    services.init_ledger(domain="other.example", at=AT)
    assert {path: path.read_bytes() for path in ledger.root.rglob("*") if path.is_file()} == before
    assert Event.objects.filter(type="ledger:created").count() == 1


@pytest.mark.parametrize("lost", [("key",), ("checkpoint",), ("checkpoint", "signer-state"), ("key", "checkpoint")])
def test_a_beginning_cut_short_is_completed(ledger: LedgerFolder, lost: tuple[str, ...]) -> None:
    key = ledger.read("key")
    for name in lost:
        (ledger.root / name).unlink()
    services.init_ledger(domain="agency.example", at=AT)
    assert ledger.read("key") == key
    assert sequence() == 1
    assert check_ledger().is_whole


def test_a_lost_ledger_folder_is_not_begun_anew(ledger: LedgerFolder) -> None:
    sequence()
    for name in ("checkpoint", "signer-state"):
        (ledger.root / name).unlink()
    with pytest.raises(FilesBehindError):
        services.init_ledger(domain="agency.example", at=AT)


def test_a_ledger_does_not_begin_with_a_key_that_others_may_read(home: Path) -> None:
    (home / "secrets").mkdir()
    (home / "secrets" / "ledger.key").write_text("x", encoding="ascii")
    (home / "secrets" / "ledger.key").chmod(0o644)
    with pytest.raises(KeyFileError):
        services.init_ledger(domain="agency.example", at=AT)
