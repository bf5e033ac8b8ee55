from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import transaction

from liuhen.core.digests import sha256
from liuhen.core.entry import Entry
from liuhen.server.ledger.files import LedgerFolder
from liuhen.server.ledger.fsck import check_ledger
from liuhen.server.ledger.heads import encode_heads, write_heads
from liuhen.server.ledger.models import Event, SubjectHead
from tests.server.ledger.kit import AT, FullDisk, sequence, write

DAY = timedelta(days=1)


def heads_days(ledger: LedgerFolder) -> list[str]:
    return sorted(path.name for path in (ledger.root / "heads").iterdir())


def test_the_heads_name_every_subjects_newest_event(ledger: LedgerFolder) -> None:
    written = write(20, subjects=3)
    event = write_heads(at=AT)
    assert event is not None
    data = ledger.read("heads/2026-11-23.json")
    newest = {one.subject: [one.n, one.leaf_hash.hex()] for one in written}
    first = Event.objects.get(type="ledger:created")
    newest[first.subject] = [0, bytes(first.leaf_hash).hex()]
    value = json.loads(data)
    assert value == {
        "v": 1,
        "date": "2026-11-23",
        "heads": [[subject, *newest[subject]] for subject in sorted(newest)],
    }
    entry = Entry.from_bytes(bytes(event.leaf))
    assert entry.facts == {"date": "2026-11-23", "count": 4}
    (ref,) = entry.objects
    assert (ref.role, ref.sha256, ref.size) == ("heads", sha256(data).hex(), len(data))


def test_the_heads_of_a_day_are_written_once(ledger: LedgerFolder) -> None:
    assert write_heads(at=AT) is not None
    before = ledger.read("heads/2026-11-23.json")
    write(5)
    assert write_heads(at=AT + timedelta(hours=15, minutes=59)) is None
    assert ledger.read("heads/2026-11-23.json") == before
    assert write_heads(at=AT + timedelta(hours=16)) is not None
    assert heads_days(ledger) == ["2026-11-23.json", "2026-11-24.json"]


def test_an_earlier_day_gets_no_heads_afterwards(ledger: LedgerFolder) -> None:
    write_heads(at=AT)
    assert write_heads(at=AT - DAY) is None
    assert heads_days(ledger) == ["2026-11-23.json"]


def test_a_file_that_no_event_came_to_name_is_replaced_or_removed(ledger: LedgerFolder) -> None:
    write_heads(at=AT)
    (ledger.root / "heads" / "2026-11-24.json").write_bytes(b"left by a crash")
    (ledger.root / "heads" / "2026-11-25.json").write_bytes(b"left by a crash")
    write(3)
    write_heads(at=AT + 2 * DAY)
    assert heads_days(ledger) == ["2026-11-23.json", "2026-11-25.json"]
    sequence()
    assert check_ledger().discrepancies == ()


def test_without_space_for_the_file_there_is_no_event(ledger: LedgerFolder) -> None:
    with pytest.raises(OSError, match="No space"):
        write_heads(at=AT, folder=LedgerFolder(ledger.root, FullDisk()))
    assert not Event.objects.filter(type="ledger:heads").exists()
    assert write_heads(at=AT) is not None


def test_a_subject_whose_first_event_was_refused_is_no_head(ledger: LedgerFolder) -> None:
    with transaction.atomic():
        SubjectHead.objects.create(subject="recording/x", n=-1, leaf_hash=b"")
    write_heads(at=AT)
    assert len(json.loads(ledger.read("heads/2026-11-23.json"))["heads"]) == 1
    sequence()
    assert check_ledger().discrepancies == ()


def test_the_file_is_canonical_and_in_order() -> None:
    rows = [("b/2", 1, b"\x01" * 32), ("b/10", 0, b"\x02" * 32)]
    assert encode_heads("2026-01-01", rows) == encode_heads("2026-01-01", reversed(rows))
    assert encode_heads("2026-01-01", rows) == (
        b'{"date":"2026-01-01","heads":[["b/10",0,"' + b"02" * 32 + b'"],["b/2",1,"' + b"01" * 32 + b'"]],"v":1}'
    )
