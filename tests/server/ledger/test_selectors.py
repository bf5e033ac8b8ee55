from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from liuhen.core.entry import Entry, ObjectRef
from liuhen.core.events import EventType
from liuhen.core.tlog.errors import NoteSignatureError
from liuhen.core.tlog.merkle import leaf_hash, verify_inclusion
from liuhen.core.tlog.proof import TlogProof
from liuhen.server.ledger import selectors
from liuhen.server.ledger.errors import LedgerBehindError, LedgerFilesError, NoCheckpointError
from liuhen.server.ledger.models import Event
from tests.server.ledger.kit import AT, sequence, subject, write

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.server.ledger.files import LedgerFolder


def test_a_chain_shows_every_event_of_its_subject_in_order(ledger: LedgerFolder) -> None:
    del ledger
    written = write(9, subjects=2)
    sequence()
    write(1, subjects=1)
    chain = selectors.custody_chain(subject(0))
    assert [link.id for link in chain[:5]] == [event.id for event in written[::2]]
    assert [link.n for link in chain] == list(range(6))
    assert [link.index for link in chain] == [1, 3, 5, 7, 9, None]
    link = chain[3]
    assert (link.type, link.time, link.actor, link.subject) == (
        EventType.RECORDING_DIGESTED,
        AT + timedelta(milliseconds=6),
        "system",
        subject(0),
    )
    assert (link.facts, link.details, link.objects) == ({"number": 6}, {"name": "李建国 6"}, ())
    assert link.leaf_hash == written[6].leaf_hash.hex()
    assert chain[1].details is None


def test_a_proof_leads_to_the_newest_checkpoint(ledger: LedgerFolder) -> None:
    del ledger
    write(300)
    sequence()
    write(300)
    sequence()
    checkpoint = selectors.latest_checkpoint()
    for index in (0, 255, 256, 600):
        event = Event.objects.get(index=index)
        proof = selectors.proof_of(event)
        assert TlogProof.parse(proof.encode()) == proof
        assert (proof.index, proof.checkpoint) == (index, checkpoint.note)
        verify_inclusion(
            leaf=leaf_hash(selectors.entry_bytes(event)),
            index=index,
            size=checkpoint.size,
            proof=proof.hashes,
            root=checkpoint.root,
        )


def test_there_is_no_proof_before_there_is_a_checkpoint(ledger: LedgerFolder) -> None:
    (event,) = write(1)
    with pytest.raises(LedgerBehindError):
        selectors.proof_of(event)
    old = ledger.read("checkpoint")
    sequence()
    (ledger.root / "checkpoint").write_bytes(old)
    with pytest.raises(LedgerBehindError):
        selectors.proof_of(Event.objects.get(id=event.id))


@pytest.mark.parametrize("left", [bytes(320), None, b""], ids=["damaged", "gone", "cut"])
def test_a_proof_that_does_not_hold_is_not_handed_out(ledger: LedgerFolder, left: bytes | None) -> None:
    write(9)
    sequence()
    tile = ledger.root / "tile" / "0" / "000.p" / "10"
    tile.unlink()
    if left is not None:
        tile.write_bytes(left)
    with pytest.raises(LedgerFilesError):
        selectors.proof_of(Event.objects.get(index=3))


def test_without_a_ledger_the_reads_say_so(home: Path) -> None:
    for read in (selectors.verifier_key, selectors.latest_note, selectors.latest_checkpoint, selectors.ledger_subject):
        with pytest.raises(NoCheckpointError, match=str(home)):
            read()
    assert selectors.newest_time() is None


@pytest.mark.parametrize("content", [b"", b"\xff", b"no key"])
def test_a_damaged_verifier_key_is_named(ledger: LedgerFolder, content: bytes) -> None:
    (ledger.root / "key").write_bytes(content)
    with pytest.raises(LedgerFilesError, match="key"):
        selectors.verifier_key()


def test_a_checkpoint_is_verified_when_read(ledger: LedgerFolder) -> None:
    sequence()
    assert selectors.latest_checkpoint().size == 1
    note = ledger.read("checkpoint").replace(b"\n1\n", b"\n2\n", 1)
    (ledger.root / "checkpoint").write_bytes(note)
    with pytest.raises(NoteSignatureError):
        selectors.latest_checkpoint()


def test_the_time_of_a_checkpoint_that_no_row_keeps_is_not_known(ledger: LedgerFolder) -> None:
    del ledger
    assert selectors.latest_checkpoint().at is None


def test_single_events_are_found(ledger: LedgerFolder) -> None:
    del ledger
    written = write(2, at=AT + timedelta(hours=1))
    found = selectors.event_by_id(written[1].id)
    assert found is not None
    assert found.leaf == written[1].leaf
    assert selectors.event_by_id(subject_id := Event.objects.earliest("seq").id) is not None
    assert subject_id != written[1].id
    assert selectors.newest_time() == AT + timedelta(hours=1, milliseconds=1)


@pytest.mark.usefixtures("ledger")
def test_the_sealing_event_is_found_by_its_digest() -> None:
    refs = [ObjectRef("attachment", letter * 64, None, 1) for letter in "ab"]
    first, second = (
        write(1, type=EventType.RECORDING_ATTACHED, objects=[ref], facts={"attachment": subject(1)[10:]})[0]
        for ref in refs
    )
    kind = EventType.RECORDING_ATTACHED
    for event, ref in ((first, refs[0]), (second, refs[1])):
        found = selectors.sealing_event(subject(0), sha256=ref.sha256, type=kind)
        assert found is not None
        assert found.id == event.id
    assert selectors.sealing_event(subject(0), sha256="c" * 64, type=kind) is None
    assert selectors.sealing_event(subject(0), sha256="a" * 64, type=EventType.RECORDING_SEALED) is None
    assert Entry.from_bytes(bytes(first.leaf)).objects == (refs[0],)
