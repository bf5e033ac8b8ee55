from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction

from liuhen.core.events import EventType
from liuhen.server.accounts.errors import NotAllowedError
from liuhen.server.accounts.roles import Role
from liuhen.server.devices.models import Device, DeviceKind
from liuhen.server.devices.services import note_clock, register_device
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.ledger import services as ledger
from liuhen.server.ledger.models import Event
from tests.support.cast import AT
from tests.support.events import told
from tests.support.recordings import STATION, known_device

if TYPE_CHECKING:
    from tests.support.cast import Cast


def test_a_custodian_enters_a_device_and_the_ledger_tells_of_it_without_its_serial(cast: Cast) -> None:
    device = register_device(
        serial="DSJ-7654321",
        kind=DeviceKind.BODY_RECORDER,
        model="DSJ-X9",
        unit=cast.brigade,
        actor=cast.actor(Role.CUSTODIAN),
        at=AT,
    )
    assert (device.kind, device.unit, device.registered_at) == ("body-recorder", cast.brigade, AT)
    (event,) = told("device", device.id)
    assert event.entry.type is EventType.DEVICE_REGISTERED
    assert event.entry.actor == f"person/{cast.custodian.id}"
    assert event.entry.facts == {"kind": "body-recorder", "unit": str(cast.brigade.id)}
    assert event.private == {"serial": "DSJ-7654321", "model": "DSJ-X9"}


def test_a_station_enters_a_device_that_it_meets(cast: Cast) -> None:
    device = register_device(serial="7654321", kind=DeviceKind.UNKNOWN, unit=None, actor=STATION, at=AT)
    (event,) = told("device", device.id)
    assert event.entry.actor == STATION.ref
    assert event.entry.facts == {"kind": "unknown", "unit": None}
    assert cast.brigade.devices.count() == 0


def test_a_device_that_is_there_is_returned_as_it_is_to_whoever_asks(cast: Cast) -> None:
    device = known_device(unit=cast.brigade)
    before = Event.objects.count()
    again = register_device(
        serial=device.serial, kind=DeviceKind.UNKNOWN, unit=None, actor=cast.actor(Role.AUDITOR), at=AT
    )
    assert (again.id, again.kind, again.unit) == (device.id, "body-recorder", cast.brigade)
    assert Event.objects.count() == before


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.CUSTODIAN])
def test_nobody_but_a_custodian_enters_devices(cast: Cast, role: Role) -> None:
    with pytest.raises(NotAllowedError):
        register_device(serial="7654321", kind=DeviceKind.CAMERA, unit=None, actor=cast.actor(role), at=AT)
    assert not Device.objects.exists()


def test_invariant_4_a_device_whose_event_cannot_be_written_is_not_entered(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_event: Any) -> None:
        raise OSError("no space left on the device")

    monkeypatch.setattr(ledger, "record", refuse)
    with pytest.raises(OSError, match="no space"):
        known_device(unit=cast.brigade)
    assert not Device.objects.exists()


@pytest.mark.usefixtures("db")
def test_the_newest_measurement_of_a_devices_clock_is_kept() -> None:
    device = known_device()
    note_clock(device=device, error_ms=-41_000, measured_at=AT)
    note_clock(device=device, error_ms=1_400, measured_at=AT + timedelta(days=1))
    note_clock(device=device, error_ms=99_000, measured_at=AT - timedelta(days=1))
    device.refresh_from_db()
    assert (device.clock_error_ms, device.clock_measured_at) == (1_400, AT + timedelta(days=1))


@pytest.mark.usefixtures("db")
def test_measuring_one_devices_clock_says_nothing_of_anothers() -> None:
    one, other = known_device("1"), known_device("2")
    note_clock(device=one, error_ms=5, measured_at=AT)
    other.refresh_from_db()
    assert other.clock_error_ms is None


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("values", [{"serial": ""}, {"serial": "1", "kind": "drone"}], ids=["no-serial", "kind"])
def test_the_database_itself_knows_the_kinds_and_wants_a_serial(values: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Device.objects.create(registered_at=AT, **values)


@pytest.mark.article(2)
@pytest.mark.usefixtures("db")
def test_the_four_kinds_of_article_2_can_be_entered() -> None:
    kinds = [kind for kind in DeviceKind if kind is not DeviceKind.UNKNOWN]
    assert len(kinds) == 4
    for kind in kinds:
        assert register_device(serial=kind, kind=kind, unit=None, actor=SYSTEM, at=AT).kind == kind
