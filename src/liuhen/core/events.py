"""The types of custody events."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["EventType"]


class EventType(StrEnum):
    """What may happen, as `subject:verb` (docs/spec/events.md)."""

    LEDGER_CREATED = "ledger:created"
    LEDGER_HEADS = "ledger:heads"
    RECORDING_SEALED = "recording:sealed"
    RECORDING_ATTACHED = "recording:attached"
    RECORDING_RECEIVED_AGAIN = "recording:received-again"
    RECORDING_DIGESTED = "recording:digested"
    RECORDING_ANALYSED = "recording:analysed"
    RECORDING_UNREADABLE = "recording:unreadable"
    DERIVATIVE_MADE = "derivative:made"
    COLLECTION_OPENED = "collection:opened"
    COLLECTION_CLOSED = "collection:closed"
    UPLOAD_REFUSED = "upload:refused"
    STATION_REGISTERED = "station:registered"
    STATION_KEY_ISSUED = "station:key-issued"
    STATION_KEY_REVOKED = "station:key-revoked"
    DEVICE_REGISTERED = "device:registered"
    PERSON_CREATED = "person:created"
    PERSON_ROLE_GRANTED = "person:role-granted"
    PERSON_ROLE_REVOKED = "person:role-revoked"
    UNIT_CREATED = "unit:created"
    TICKET_ISSUED = "ticket:issued"
    TICKET_OPENED = "ticket:opened"
    TICKET_ENDED = "ticket:ended"
