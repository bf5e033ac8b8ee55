"""Recordings entered without HTTP: by the services that intake calls, the bytes really in the vault where asked."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from liuhen.core.digests import digest_stream
from liuhen.server.devices.models import DeviceKind
from liuhen.server.devices.services import register_device
from liuhen.server.kernel.actor import SYSTEM, Actor, ActorKind
from liuhen.server.recordings import services
from liuhen.server.recordings.interfaces import NewRecording, SealedFile
from liuhen.server.recordings.models import ClockMethod, RecordingKind
from liuhen.server.vault.stores import originals
from tests.support.cast import AT

if TYPE_CHECKING:
    from liuhen.server.accounts.models import Unit
    from liuhen.server.devices.models import Device
    from liuhen.server.recordings.models import Recording

__all__ = ["NAME", "STATION", "UPLOAD", "enter", "known_device", "new_recording", "sealed_file", "stored"]

NAME: Final = "7654321_650012_20261123154210_0007.mp4"
"""The name of a recording of which the test says nothing: device 7654321, officer 650012, 15:42:10 device time."""

STATION: Final = Actor(kind=ActorKind.STATION, id=uuid.UUID("0193d2a0-0000-7000-8000-00000000a001"))
UPLOAD: Final = uuid.UUID("0193d2a0-0000-7000-8000-00000000b001")
_COLLECTION: Final = uuid.UUID("0193d2a0-0000-7000-8000-00000000c001")


def sealed_file(content: bytes, *, name: str = NAME, name_raw: bytes | None = None) -> SealedFile:
    """Return what intake says of a file with this content; the name on the device is `name` unless given raw."""
    digests = digest_stream([content])
    raw = name.encode() if name_raw is None else name_raw
    return SealedFile(
        sha256=digests.sha256,
        sm3=digests.sm3,
        size=digests.size,
        name_raw=raw,
        path_raw=b"DCIM/20261123/" + raw,
        name=name,
    )


def stored(content: bytes, *, at: datetime = AT) -> None:
    """Seal `content` in the store of originals for a year from `at`."""
    digests = digest_stream([content])
    with originals().stage(f"test-{digests.sha256[:32]}") as area:
        area.append(content)
        area.flush()
        year = at + timedelta(days=365)
        originals().seal(area, sha256=digests.sha256, size=digests.size, retain_until=year, at=at)
        area.discard()


def known_device(serial: str = "7654321", *, unit: Unit | None = None, **values: Any) -> Device:
    """Return the device with this serial, entered by the system if it was not there."""
    kind = values.pop("kind", DeviceKind.BODY_RECORDER)
    return register_device(serial=serial, kind=kind, unit=unit, actor=SYSTEM, at=AT, **values)


def new_recording(unit: Unit, *, content: bytes | None = None, name: str = NAME, **values: Any) -> NewRecording:
    """Return a recording of `unit` to be entered; its bytes are its name's unless given, `values` are its fields."""
    given: dict[str, Any] = {
        "file": sealed_file(name.encode() if content is None else content, name=name),
        "kind": RecordingKind.VIDEO,
        "unit": unit,
        "device": None,
        "officer": None,
        "officer_code": "",
        "device_started": "2026-11-23T15:42:10",
        "device_started_source": "name",
        "clock_method": ClockMethod.DECLARED,
        "clock_error_ms": 0,
        "sequence": 7,
        "important": False,
        "retain_until": AT + timedelta(days=365),
        "facts": {"sequence": {"value": 7, "source": "name"}},
        "collection": _COLLECTION,
        "upload": UPLOAD,
    }
    return NewRecording(**{**given, **values})


def enter(
    unit: Unit,
    *,
    content: bytes | None = None,
    name: str = NAME,
    in_vault: bool = False,
    at: datetime = AT,
    actor: Actor = STATION,
    **values: Any,
) -> Recording:
    """Enter a recording of `unit` at `at`; with `in_vault` its bytes are sealed in the store of originals first."""
    if in_vault:
        stored(name.encode() if content is None else content, at=at)
    new = new_recording(unit, content=content, name=name, **values)
    recording, _ = services.enter_recording(new=new, actor=actor, at=at)
    return recording
