"""Acts on the device register."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q

from liuhen.core.events import EventType
from liuhen.server.accounts.policy import Ability, require
from liuhen.server.devices.models import Device, DeviceKind
from liuhen.server.kernel.actor import ActorKind
from liuhen.server.ledger import services as ledger

if TYPE_CHECKING:
    from datetime import datetime

    from liuhen.server.accounts.models import Unit
    from liuhen.server.kernel.actor import Actor

__all__ = ["note_clock", "register_device"]


@transaction.atomic
def register_device(
    *, serial: str, kind: DeviceKind, model: str = "", unit: Unit | None, actor: Actor, at: datetime
) -> Device:
    """Return the device with this serial, entered into the register if it was not there.

    A station may enter a device that it meets (its kind stays unknown until a person says it); a person needs the
    ability to manage devices. A device that is there already is returned unchanged.
    """
    known = Device.objects.filter(serial=serial).first()
    if known is not None:
        return known
    if actor.kind is not ActorKind.STATION:
        require(actor, Ability.MANAGE_DEVICES)
    device = Device.objects.create(serial=serial, kind=kind, model=model, unit=unit, registered_at=at)
    ledger.record(
        type=EventType.DEVICE_REGISTERED,
        subject=f"device/{device.id}",
        actor=actor,
        at=at,
        facts={"kind": kind.value, "unit": str(unit.id) if unit else None},
        private={"serial": serial, "model": model},
    )
    return device


@transaction.atomic
def note_clock(*, device: Device, error_ms: int, measured_at: datetime) -> None:
    """Keep the newest measured clock error: device time minus true time, in milliseconds.

    A measurement may arrive late, on a portable disk from another station; an older one changes nothing.
    """
    older = Q(clock_measured_at__isnull=True) | Q(clock_measured_at__lt=measured_at)
    Device.objects.filter(older, id=device.id).update(clock_error_ms=error_ms, clock_measured_at=measured_at)
