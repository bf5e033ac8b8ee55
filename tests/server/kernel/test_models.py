"""Rows with UUIDv7 keys, and rows that are written once; shown on tables that apps have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, transaction

from liuhen.server.ledger.models import CheckpointRow
from tests.support.cast import AT

if TYPE_CHECKING:
    from tests.support.cast import Cast


def checkpoint(size: int) -> CheckpointRow:
    return CheckpointRow(size=size, root=bytes(32), note=b"note", at=AT)


def test_a_row_has_a_key_that_sorts_by_the_time_it_was_made(cast: Cast) -> None:
    assert cast.division.id < cast.bureau.id < cast.officer.id < cast.outsider.id
    assert cast.division.id.version == 7


@pytest.mark.usefixtures("db")
def test_an_append_only_row_is_saved_once_and_not_again() -> None:
    row = checkpoint(1)
    row.save()
    with pytest.raises(TypeError, match="CheckpointRow is append-only: a row is saved once"):
        row.save()
    with pytest.raises(TypeError, match="a row is saved once"):
        CheckpointRow.objects.get(size=1).save()


@pytest.mark.usefixtures("db")
def test_saving_never_replaces_a_row_with_the_same_key() -> None:
    checkpoint(1).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        checkpoint(1).save()
    with pytest.raises(IntegrityError), transaction.atomic():
        CheckpointRow.objects.create(size=1, root=bytes(32), note=b"other", at=AT)
    assert bytes(CheckpointRow.objects.get(size=1).note) == b"note"


@pytest.mark.usefixtures("db")
def test_an_append_only_row_is_not_deleted() -> None:
    row = checkpoint(1)
    row.save()
    with pytest.raises(TypeError, match="rows are not deleted"):
        row.delete()
    with pytest.raises(TypeError, match="rows are not deleted"):
        CheckpointRow.objects.filter(size=1).delete()
    assert CheckpointRow.objects.count() == 1


@pytest.mark.usefixtures("db")
def test_append_only_rows_are_not_updated_in_bulk() -> None:
    row = checkpoint(1)
    row.save()
    with pytest.raises(TypeError, match=r"rows are not updated \(note\)"):
        CheckpointRow.objects.update(note=b"other")
    with pytest.raises(TypeError, match=r"rows are not updated \(note\)"):
        CheckpointRow.objects.bulk_update([row], ["note"])
    with pytest.raises(TypeError, match="no row gives way"):
        CheckpointRow.objects.bulk_create(
            [checkpoint(1)], update_conflicts=True, update_fields=["note"], unique_fields=["size"]
        )
    assert bytes(CheckpointRow.objects.get().note) == b"note"


@pytest.mark.usefixtures("db")
def test_append_only_rows_are_inserted_in_bulk_and_known_ones_may_be_passed_over() -> None:
    CheckpointRow.objects.bulk_create([checkpoint(1), checkpoint(2)])
    CheckpointRow.objects.bulk_create([checkpoint(2), checkpoint(3)], ignore_conflicts=True)
    assert CheckpointRow.objects.count() == 3
