"""What the ledger says of devices, against the register."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liuhen.server.devices.models import Device, DeviceKind
from liuhen.server.devices.projection import DevicesProjection
from tests.support.cast import AT
from tests.support.events import discrepancies
from tests.support.recordings import known_device

if TYPE_CHECKING:
    from tests.support.cast import Cast


def found() -> list[tuple[str, str, str]]:
    return [(one.kind.value, one.where, one.en) for one in discrepancies(DevicesProjection())]


def test_rows_that_agree_are_not_named(cast: Cast) -> None:
    known_device("7654321", unit=cast.brigade, model="DSJ-X1")
    known_device("7654322")
    assert found() == []


@pytest.mark.parametrize("column", ["serial", "model", "kind", "unit", "registered_at"])
def test_a_row_that_was_edited_is_altered(cast: Cast, column: str) -> None:
    """By its serial a recording is put down to a device."""
    device = known_device("7654321", unit=cast.brigade)
    others = {
        "serial": "7654322",
        "model": "x",
        "kind": DeviceKind.CAMERA,
        "unit": cast.bureau,
        "registered_at": AT.replace(year=2020),
    }
    Device.objects.filter(id=device.id).update(**{column: others[column]})
    assert found() == [("altered", f"device {device.id}", f"its {column} differs from what the ledger says")]


def test_a_row_that_was_removed_is_missing_and_one_put_in_extra(cast: Cast) -> None:
    device = known_device("7654321", unit=cast.brigade)
    Device.objects.filter(id=device.id).delete()
    ghost = Device.objects.create(serial="1", registered_at=AT)
    assert [place[:2] for place in found()] == [("missing", f"device {device.id}"), ("extra", f"device {ghost.id}")]
