"""What the ledger says of recordings and attachments, against their rows (invariant 5)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from django.db import connection

from liuhen.core.events import EventType
from liuhen.core.forms import parse_time
from liuhen.server.ledger.comparison import compare, extra, optional_id, subject_id
from liuhen.server.ledger.interfaces import Discrepancy, DiscrepancyKind
from liuhen.server.ledger.selectors import details_of
from liuhen.server.recordings.models import Attachment, Recording, RecordingState
from liuhen.server.recordings.services import agency_zone, media_digest, true_start, usable_start

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from liuhen.core.entry import Entry

__all__ = ["RecordingsProjection"]

_IDS: Final = ("device", "unit")
_ANALYSED: Final = {
    EventType.RECORDING_ANALYSED: RecordingState.ANALYSED,
    EventType.RECORDING_UNREADABLE: RecordingState.UNREADABLE,
}
_WITHOUT_WORDS: Final = """
    SELECT id FROM recordings_recording r
    WHERE NOT EXISTS (SELECT 1 FROM recordings_words w WHERE w.recording = r.id) ORDER BY id
"""


class RecordingsProjection:
    """Every sealed object has its row as it was sealed, and every row has its event.

    Compared are what was sealed and named, its unit, device, clock and term, and what the analysis said. Officer and
    shown name are intake's to compare, which chose them. See `liuhen.server.ledger.interfaces.Projection`. It keeps
    the id of every row in memory.
    """

    def __init__(self) -> None:
        self._sealed: set[UUID] = set()
        self._attached: set[UUID] = set()
        self._analysed: set[UUID] = set()

    def check(self, entries: Sequence[Entry]) -> Iterator[Discrepancy]:
        """Compare the rows of what was sealed, attached and analysed."""
        sealed = {subject_id(entry): entry for entry in entries if entry.type is EventType.RECORDING_SEALED}
        attached = {
            UUID(str(entry.facts["attachment"])): entry
            for entry in entries
            if entry.type is EventType.RECORDING_ATTACHED
        }
        analysed = {subject_id(entry): entry for entry in entries if entry.type in _ANALYSED}
        self._sealed |= sealed.keys()
        self._attached |= attached.keys()
        self._analysed |= analysed.keys()
        details = details_of([*sealed.values(), *attached.values(), *analysed.values()])
        recordings = Recording.objects.in_bulk(sealed.keys() | analysed.keys())
        for one, entry in sealed.items():
            row = recordings.get(one)
            said = _object(entry, details) | _facts(entry)
            if row is not None:
                said |= _until_analysed(row, entry)
            if row is not None and entry.id in details:
                said |= _declared(row, details[entry.id]["facts"])
            yield from compare(f"recording {one}", row, said)
        attachments = Attachment.objects.in_bulk(attached.keys())
        for one, entry in attached.items():
            said = _object(entry, details) | {"recording_id": subject_id(entry)}
            yield from compare(f"attachment {one}", attachments.get(one), said)
        for one, entry in analysed.items():
            analysis = recordings.get(one)
            if analysis is not None:
                yield from compare(f"recording {one}", analysis, _found(analysis, entry, details.get(entry.id)))

    def finish(self) -> Iterator[Discrepancy]:
        """Name the rows of which the ledger knows nothing, and those that a search does not find."""
        ids = Recording.objects.exclude(state=RecordingState.SEALED).values_list("id", flat=True)
        for one in ids.iterator():
            if one in self._sealed and one not in self._analysed:
                zh, en = "数据库记为已解析，账本没有记载", "its state says that it was analysed, no entry does"
                yield Discrepancy(DiscrepancyKind.ALTERED, f"recording {one}", zh, en)
        yield from extra("recording", Recording.objects.values_list("id", flat=True).iterator(), self._sealed)
        yield from extra("attachment", Attachment.objects.values_list("id", flat=True).iterator(), self._attached)
        for one in self._sealed.intersection(_without_words()):
            zh, en = "检索索引中没有该记录，搜索不到", "the text index does not have it, no search finds it"
            yield Discrepancy(DiscrepancyKind.MISSING, f"words of recording {one}", zh, en)


def _object(entry: Entry, details: Mapping[UUID, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the columns that an original and an attachment have in common."""
    ref = entry.objects[0]
    said: dict[str, Any] = {"sha256": ref.sha256, "sm3": ref.sm3, "size": ref.size, "sealed_at": entry.time}
    if entry.id in details:
        names = {column: details[entry.id][column.removesuffix("_raw")] for column in ("name_raw", "path_raw")}
        said |= {column: base64.b64decode(value) for column, value in names.items()}
    return said


def _facts(entry: Entry) -> dict[str, Any]:
    """Return the columns that the public facts of a sealing determine."""
    facts = entry.facts
    ids = {f"{name}_id": optional_id(facts[name]) for name in _IDS if name in facts}
    return ids | {"clock_method": facts["clock_method"], "clock_error_ms": facts["clock_error_ms"]}


def _until_analysed(row: Recording, entry: Entry) -> dict[str, Any]:
    """Return what stays as it was sealed until another event changes it, and of the term its day."""
    same_day = row.retain_until.date().isoformat() == entry.facts["retain_until"]
    said: dict[str, Any] = {} if same_day else {"retain_until": entry.facts["retain_until"]}
    if row.state != RecordingState.SEALED:
        return said
    started_at = true_start(row.device_started, row.clock_error_ms, agency_zone())
    return said | {"kind": entry.facts["kind"], "media": {}, "duration_ms": None, "started_at": started_at}


def _declared(row: Recording, declared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that the declared facts determine."""
    values = {name: fact["value"] for name, fact in declared.items()}
    said: dict[str, Any] = {
        "facts": declared,
        "sequence": values.get("sequence"),
        "important": values.get("important", False),
    }
    if row.state != RecordingState.SEALED:
        return said
    started = usable_start(values.get("started", ""))
    source = declared["started"]["source"] if started else ""
    return said | {"device_started": started, "device_started_source": source}


def _found(row: Recording, entry: Entry, details: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what an analysis wrote."""
    facts = entry.facts
    said = {"state": _ANALYSED[entry.type].value, "kind": facts["kind"], "duration_ms": facts["duration_ms"]}
    if details is None:
        return said
    started = details["started_at"]
    return said | {
        "device_started": details["device_started"],
        "device_started_source": details["device_started_source"],
        "started_at": None if started is None else parse_time(started),
        "media": row.media if media_digest(row.media) == details["media_sha256"] else None,
    }


def _without_words() -> list[UUID]:
    if connection.vendor != "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute(_WITHOUT_WORDS)
        return [UUID(str(row[0])) for row in cursor.fetchall()]
