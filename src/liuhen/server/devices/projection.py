"""What the ledger says of devices, against the register (invariant 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.core.events import EventType
from liuhen.server.devices.models import Device
from liuhen.server.ledger.comparison import compare, extra, optional_id, subject_id
from liuhen.server.ledger.selectors import details_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from uuid import UUID

    from liuhen.core.entry import Entry
    from liuhen.server.ledger.interfaces import Discrepancy

__all__ = ["DevicesProjection"]


class DevicesProjection:
    """Every registered device has its row with the serial that was registered, and no row is without its event.

    See `liuhen.server.ledger.interfaces.Projection`. The clock error is a measurement of the newest collection, whose
    event holds it.
    """

    def __init__(self) -> None:
        self._told: set[UUID] = set()

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        """Compare the rows of the devices that were registered."""
        registered = {subject_id(entry): entry for entry in entries if entry.type is EventType.DEVICE_REGISTERED}
        self._told |= registered.keys()
        details = details_of(registered.values())
        rows = Device.objects.in_bulk(registered.keys())
        for device, entry in registered.items():
            said = {
                "kind": entry.facts["kind"],
                "unit_id": optional_id(entry.facts["unit"]),
                "registered_at": entry.time,
            }
            private = details.get(entry.id, {})
            said |= {name: private[name] for name in ("serial", "model") if name in private}
            yield from compare(f"device {device}", rows.get(device), said)

    def finish(self) -> Iterator[Discrepancy]:
        """Name the rows of which the ledger knows nothing."""
        yield from extra("device", Device.objects.values_list("id", flat=True).iterator(), self._told)
