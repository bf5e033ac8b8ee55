"""What the ledger says of stations, keys, collections and uploads, against their rows (invariant 5)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from liuhen.core.entry import Entry
from liuhen.core.events import EventType
from liuhen.core.forms import parse_time
from liuhen.server.accounts.selectors import person_by_certificate
from liuhen.server.intake.declared import kept_code, shown_name
from liuhen.server.intake.models import ENDED, KEPT, Collection, FileRole, Station, StationKey, Upload, UploadState
from liuhen.server.ledger.comparison import compare, compare_all, extra, id_in, optional_id, subject_id
from liuhen.server.ledger.selectors import details_of, entry_bytes, sealing_event
from liuhen.server.recordings.models import Attachment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from liuhen.server.ledger.interfaces import Discrepancy
    from liuhen.server.recordings.models import Recording

    type Details = Mapping[UUID, Mapping[str, Any]]

__all__ = ["IntakeProjection"]

_STATE_OF: Final = {
    EventType.RECORDING_SEALED: UploadState.SEALED,
    EventType.RECORDING_ATTACHED: UploadState.SEALED,
    EventType.RECORDING_RECEIVED_AGAIN: UploadState.DUPLICATE,
}
_UNDER_WAY: Final = {"ended_at": None, "received_sha256": "", "recording_id": None, "event": None}
_PRIVATE: Final = frozenset({
    EventType.STATION_REGISTERED,
    EventType.STATION_KEY_ISSUED,
    EventType.COLLECTION_OPENED,
    EventType.COLLECTION_CLOSED,
    EventType.RECORDING_SEALED,
    EventType.RECORDING_ATTACHED,
    EventType.RECORDING_RECEIVED_AGAIN,
})  # fmt: skip


class IntakeProjection:
    """Stations, keys, collections and held uploads are as the ledger says; none is without its event.

    See `liuhen.server.ledger.interfaces.Projection`. An upload on its way has no event yet, and one that ended may
    begin anew; so of those only the end is compared. It keeps what was said of stations and keys, and the ids of
    collections and uploads.
    """

    def __init__(self) -> None:
        self._stations: dict[UUID, dict[str, Any]] = {}
        self._keys: dict[str, dict[str, Any]] = {}
        self._closed_at: dict[UUID, datetime | None] = {}
        self._held: set[UUID] = set()
        self._ended: dict[UUID, dict[str, Any]] = {}

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        """Compare collections and uploads, and take note of what may still change."""
        details = details_of([entry for entry in entries if entry.type in _PRIVATE])
        for entry in entries:
            match entry.type:
                case EventType.STATION_REGISTERED | EventType.STATION_KEY_ISSUED | EventType.STATION_KEY_REVOKED:
                    self._note_station(entry, details.get(entry.id, {}))
                case EventType.UPLOAD_REFUSED:
                    self._ended[subject_id(entry)] = _end_of(entry)
                case _:
                    pass
        kinds = (EventType.COLLECTION_OPENED, EventType.COLLECTION_CLOSED)
        yield from self._check_collections([entry for entry in entries if entry.type in kinds], details)
        yield from self._check_held([entry for entry in entries if entry.type in _STATE_OF], details)

    def finish(self) -> Iterator[Discrepancy]:
        """Compare the other rows with what was told, and name those of which nothing was."""
        yield from compare_all("station", Station.objects.in_bulk().items(), self._stations)
        keys = ((key.key, key) for key in StationKey.objects.order_by("made_at", "id"))
        yield from compare_all("station key", keys, self._keys)
        collections = ((row.id, row) for row in Collection.objects.only("id", "closed_at").iterator())
        told = {one: {"closed_at": closed_at} for one, closed_at in self._closed_at.items()}
        yield from compare_all("collection", collections, told)
        yield from self._check_all_uploads()

    def _check_all_uploads(self) -> Iterator[Discrepancy]:
        """Compare each upload with its own declaration, and those that ended with their end; name the extra ones."""
        left = self._ended.keys() - self._held
        for row in Upload.objects.defer("receipt", "metadata").iterator():
            left.discard(row.id)
            yield from compare(f"upload {row.id}", row, _declared(row.declaration))
            if row.state in KEPT:
                yield from extra("upload", (row.id,), self._held)
            elif row.state in ENDED and row.id in self._ended:
                yield from compare(f"upload {row.id}", row, self._ended[row.id])
            elif row.state in ENDED:
                yield from extra("upload", (row.id,), ())
            else:
                yield from compare(f"upload {row.id}", row, _UNDER_WAY)
        for one in left:
            yield from compare(f"upload {one}", None, {})

    def _note_station(self, entry: Entry, details: Mapping[str, Any]) -> None:
        facts = entry.facts
        if entry.type is EventType.STATION_REGISTERED:
            said = {"unit_id": UUID(str(facts["unit"])), "registered_at": entry.time}
            self._stations[subject_id(entry)] = {**said, **details}
            return
        key = str(facts["key"])
        if entry.type is EventType.STATION_KEY_REVOKED:
            self._keys[key]["revoked_at"] = entry.time
            return
        self._keys[key] = {"station_id": subject_id(entry), "made_at": entry.time}
        self._keys[key]["revoked_at"] = None
        if details:
            self._keys[key]["secret_sha256"] = bytes.fromhex(details["secret_sha256"])

    def _check_collections(self, entries: Sequence[Entry], details: Details) -> Iterator[Discrepancy]:
        """Compare what does not change once it is written; a row that is gone is named at the end."""
        rows = Collection.objects.in_bulk({subject_id(entry) for entry in entries})
        for entry in entries:
            collection = subject_id(entry)
            row, body = rows.get(collection), details.get(entry.id)
            said: dict[str, Any] = {}
            if entry.type is EventType.COLLECTION_OPENED:
                self._closed_at[collection] = None
                said = {
                    "station_id": id_in(entry.actor),
                    "device_id": optional_id(entry.facts["device"]),
                    "clock_method": entry.facts["clock_method"],
                    "clock_error_ms": entry.facts["clock_error_ms"],
                    "carried_from": optional_id(entry.facts["carried_from"]),
                    "opened_at": entry.time,
                }
                said |= {} if body is None else _clock_of(body) | {"opening": body}
            else:
                self._closed_at[collection] = entry.time
                # A summary that a later one replaced is told of by its entry alone.
                if row is not None and row.closed_at == entry.time and body is not None:
                    said = {"summary": body}
            if row is not None:
                yield from compare(f"collection {collection}", row, said)

    def _check_held(self, entries: Sequence[Entry], details: Details) -> Iterator[Discrepancy]:
        told = {UUID(str(entry.facts["upload"])): entry for entry in entries}
        self._held |= told.keys()
        rows = Upload.objects.select_related("recording").defer("receipt").in_bulk(told.keys())
        for upload, entry in told.items():
            row, private = rows.get(upload), details.get(entry.id)
            said: dict[str, Any] = {
                "state": _STATE_OF[entry.type].value,
                "recording_id": subject_id(entry),
                "ended_at": entry.time,
            }
            if entry.type is EventType.RECORDING_RECEIVED_AGAIN:
                said |= {} if row is None else _first_of(row)
            else:
                taken = entry.objects[0]
                said |= {"event": entry.id, "received_sha256": taken.sha256, "length": taken.size, "role": taken.role}
            if entry.type is EventType.RECORDING_SEALED:
                said["collection_id"] = UUID(str(entry.facts["collection"]))
            if row is not None and private is not None:
                said["declaration"] = row.declaration | {name: private[name] for name in ("name", "path")}
            yield from compare(f"upload {upload}", row, said)
            if row is not None and row.recording is not None and private is not None:
                yield from _check_taken(row.recording, entry, private)


def _end_of(entry: Entry) -> dict[str, Any]:
    """Return the columns that the end of an upload determines."""
    facts = entry.facts
    expired = facts["reason"] == "expired"
    return {
        "state": (UploadState.EXPIRED if expired else UploadState.DISCARDED).value,
        "ended_at": entry.time,
        "collection_id": UUID(str(facts["collection"])),
        "length": facts["length"],
        "received_sha256": facts.get("received", ""),
        "recording_id": None,
        "event": None,
    }


def _declared(declaration: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that repeat what is declared."""
    return {
        "id": optional_id(declaration["upload"]),
        "collection_id": optional_id(declaration["collection"]),
        "role": declaration["role"],
        "attached_to": optional_id(declaration["attached_to"]),
        "name": shown_name(base64.b64decode(declaration["name"])),
    }


def _first_of(row: Upload) -> dict[str, Any]:
    """Return what a duplicate has from the first hand-in of its bytes, which is named by no other column."""
    kind = EventType.RECORDING_SEALED if row.role == FileRole.ORIGINAL.value else EventType.RECORDING_ATTACHED
    first = sealing_event(f"recording/{row.recording_id}", sha256=row.received_sha256, type=kind)
    if first is None:
        return {"received_sha256": None}
    (taken,) = Entry.from_bytes(entry_bytes(first)).objects
    return {"event": first.id, "length": taken.size}


def _check_taken(recording: Recording, entry: Entry, details: Mapping[str, Any]) -> Iterator[Discrepancy]:
    """Compare what `sealing` chose: the shown name, and the officer of a recording."""
    if entry.type is EventType.RECORDING_RECEIVED_AGAIN:
        return
    said: dict[str, Any] = {"name": shown_name(base64.b64decode(details["name"]))}
    if entry.type is EventType.RECORDING_ATTACHED:
        attachment = UUID(str(entry.facts["attachment"]))
        for row in Attachment.objects.filter(id=attachment):
            yield from compare(f"attachment {attachment}", row, said)
        return
    declared = details["facts"].get("officer_code", {}).get("value", "")
    officer = person_by_certificate(declared) if declared else None
    said["officer_code"] = kept_code(declared)
    said["officer_id"] = officer.id if officer is not None and officer.created_at <= entry.time else None
    yield from compare(f"recording {recording.id}", recording, said)


def _clock_of(opening: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that an opening's clock reading determines."""
    clock = opening["clock"]
    measured = clock["measured"]
    return {
        "clock_measured_at": None if measured is None else parse_time(measured),
        "clock_uncertainty_ms": clock["uncertainty_ms"],
    }
