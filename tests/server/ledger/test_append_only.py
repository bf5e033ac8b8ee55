"""The database refuses to change or delete what the ledger wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import DatabaseError, IntegrityError, connection, transaction

from liuhen.server.ledger.models import Event
from tests.server.ledger.kit import run_sql, sequence, write

if TYPE_CHECKING:
    from liuhen.server.ledger.files import LedgerFolder

COLUMNS = ("seq", "id", "type", "time", "subject", "n", "actor", "leaf", "leaf_hash", "salt", "private")


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("sequenced", [False, True])
def test_no_column_of_an_event_changes(ledger: LedgerFolder, column: str, *, sequenced: bool) -> None:
    del ledger
    write(3)
    if sequenced:
        sequence()
    with pytest.raises(DatabaseError, match="events are not changed"):
        run_sql(f"UPDATE ledger_event SET {column} = 77")  # noqa: S608 - constants


@pytest.mark.usefixtures("ledger")
def test_a_place_is_set_once_and_never_taken_away() -> None:
    write(3)
    sequence()
    for place in ("99", "NULL", '"index"'):
        with pytest.raises(DatabaseError, match="events are not changed"):
            run_sql(f'UPDATE ledger_event SET "index" = {place} WHERE "index" = 1')  # noqa: S608 - constants
    assert not Event.objects.filter(index=None).exists()


@pytest.mark.usefixtures("ledger")
def test_an_unset_place_cannot_be_unset_again_with_another_column_changed() -> None:
    with pytest.raises(DatabaseError, match="events are not changed"):
        run_sql('UPDATE ledger_event SET "index" = 0, n = 5')


@pytest.mark.usefixtures("ledger")
def test_nothing_is_deleted() -> None:
    sequence()
    with pytest.raises(DatabaseError, match="events are not deleted"):
        run_sql("DELETE FROM ledger_event")
    with pytest.raises(DatabaseError, match="checkpoints are not deleted"):
        run_sql("DELETE FROM ledger_checkpointrow")
    with pytest.raises(DatabaseError, match="checkpoints are not changed"):
        run_sql("UPDATE ledger_checkpointrow SET size = 12")


@pytest.mark.usefixtures("ledger")
def test_an_event_is_not_written_with_a_place() -> None:
    copied = ", ".join(name for name in COLUMNS if name not in {"seq", "id", "n"})
    with pytest.raises(DatabaseError, match="without a place"):
        run_sql(
            f'INSERT INTO ledger_event (id, n, "index", {copied}) SELECT %s, 1, 7, {copied} FROM ledger_event',  # noqa: S608 - constants
            "0" * 32,
        )


@pytest.mark.usefixtures("ledger")
def test_the_model_of_events_refuses_as_well() -> None:
    event = Event.objects.get()
    for call in (event.delete, event.save, Event.objects.all().delete, lambda: Event.objects.update(n=1)):
        with pytest.raises(TypeError, match="append-only"):
            call()


@pytest.mark.usefixtures("ledger")
def test_a_number_of_a_subject_is_given_once() -> None:
    event = Event.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        run_sql(
            "INSERT INTO ledger_event (id, type, time, subject, n, actor, leaf, leaf_hash) "
            "VALUES (%s, 'x', '2026-01-01', %s, 0, 'system', '', '')",
            "0" * 32,
            event.subject,
        )


@pytest.mark.django_db(transaction=True)
def test_the_guards_can_be_migrated_away_and_back() -> None:
    def guards() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'ledger_%%'")
            return sorted(name for (name,) in cursor.fetchall())

    before = guards()
    assert len(before) == 5
    call_command("migrate", "ledger", "0001", verbosity=0)
    assert guards() == []
    call_command("migrate", "ledger", verbosity=0)
    assert guards() == before
