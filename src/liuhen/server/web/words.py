"""The codes of the system in the words of the rule: roles, states, kinds, sources, reasons, abilities.

Each table is complete: a test compares it with the codes that it speaks of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from liuhen.server.accounts.policy import Ability
from liuhen.server.accounts.roles import Role
from liuhen.server.devices.models import DeviceKind
from liuhen.server.intake.models import UploadState
from liuhen.server.recordings.models import ClockMethod, FactSource, RecordingKind, RecordingState

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = [
    "ABILITIES",
    "CLOCK_METHODS",
    "DEVICE_KINDS",
    "KINDS",
    "ROLES",
    "SKIP_REASONS",
    "SOURCES",
    "STATES",
    "STATE_MARKS",
    "UPLOAD_MARKS",
    "UPLOAD_STATES",
]

ROLES: Final[dict[Role, _StrPromise]] = {
    Role.OFFICER: _("Officer"),
    Role.UNIT_HEAD: _("Unit head"),
    Role.CUSTODIAN: _("Custodian"),
    Role.LEGAL: _("Legal section"),
    Role.LEADER: _("Leader in charge"),
    Role.SUPERVISOR: _("Supervisor"),
    Role.SYSTEM_ADMIN: _("System administrator"),
    Role.SECURITY_ADMIN: _("Security administrator"),
    Role.AUDITOR: _("Auditor"),
}

ABILITIES: Final[dict[Ability, _StrPromise]] = {
    Ability.SEE_METADATA: _("see the unit's recordings"),
    Ability.SEE_OWN_METADATA: _("see one's own recordings"),
    Ability.SEE_INTAKE: _("see the intake"),
    Ability.OPEN_TICKET: _("enter viewings in the register"),
    Ability.HOLD_TICKET: _("view recordings"),
    Ability.MANAGE_STATIONS: _("manage stations"),
    Ability.MANAGE_DEVICES: _("manage devices"),
    Ability.CREATE_PEOPLE: _("manage people"),
    Ability.GRANT_ROLES: _("grant roles"),
    Ability.READ_LEDGER: _("read the ledger"),
}

KINDS: Final[dict[RecordingKind, _StrPromise]] = {
    RecordingKind.VIDEO: _("Video"),
    RecordingKind.AUDIO: _("Audio"),
    RecordingKind.PHOTO: _("Photo"),
    RecordingKind.UNKNOWN: _("Unknown kind"),
}

STATES: Final[dict[RecordingState, _StrPromise]] = {
    RecordingState.SEALED: _("Sealed"),
    RecordingState.ANALYSED: _("Sealed, read"),
    RecordingState.UNREADABLE: _("Unreadable, sealed"),
}
STATE_MARKS: Final[dict[RecordingState, str]] = {
    RecordingState.SEALED: "ok",
    RecordingState.ANALYSED: "ok",
    RecordingState.UNREADABLE: "bad",
}

SOURCES: Final[dict[FactSource, _StrPromise]] = {
    FactSource.NAME: _("from the file name"),
    FactSource.CONTAINER: _("from the container"),
    FactSource.MTIME: _("from the file's date"),
    FactSource.DEVICE: _("from the device"),
    FactSource.DECLARED: _("declared at the station"),
}

CLOCK_METHODS: Final[dict[ClockMethod, _StrPromise]] = {
    ClockMethod.DECLARED: _("measured at intake"),
    ClockMethod.ESTIMATED: _("estimated at intake"),
    ClockMethod.UNKNOWN: _("not measured"),
}

DEVICE_KINDS: Final[dict[DeviceKind, _StrPromise]] = {
    DeviceKind.BODY_RECORDER: _("Body recorder"),
    DeviceKind.CAMCORDER: _("Camcorder"),
    DeviceKind.CAMERA: _("Camera"),
    DeviceKind.VOICE_RECORDER: _("Voice recorder"),
    DeviceKind.UNKNOWN: _("Device"),
}

UPLOAD_STATES: Final[dict[UploadState, _StrPromise]] = {
    UploadState.RECEIVING: _("Receiving"),
    UploadState.SEALED: _("Verified, sealed"),
    UploadState.DUPLICATE: _("Sealed before"),
    UploadState.DISCARDED: _("Refused, not kept"),
    UploadState.EXPIRED: _("Expired, not kept"),
}
UPLOAD_MARKS: Final[dict[UploadState, str]] = {
    UploadState.RECEIVING: "",
    UploadState.SEALED: "ok",
    UploadState.DUPLICATE: "ok",
    UploadState.DISCARDED: "bad",
    UploadState.EXPIRED: "warn",
}

# The codes are the collector's (`liuhen.collector.source.finding.SkipReason`); they come in the summary of a collection.
SKIP_REASONS: Final[dict[str, _StrPromise]] = {
    "not-media": _("not a recording"),
    "system-file": _("a file of the device's system"),
    "symlink": _("a link, not a file"),
    "not-a-file": _("not an ordinary file"),
    "too-deep": _("lies too deep in folders"),
    "sidecar-alone": _("its recording is not there"),
    "already-received": _("taken in before"),
    "already-spooled": _("on the portable disk already"),
    "spooled": _("put on the portable disk"),
    "unreadable": _("could not be read from the device"),
    "changed": _("changed while it was read"),
    "gone": _("disappeared while it was read"),
    "refused": _("refused by the server"),
    "digest-mismatch": _("differs from its digest"),
    "recording-not-taken": _("its recording was not taken"),
    "spool-damaged": _("damaged on the portable disk"),
    "not-listed": _("not in the portable disk's list"),
}
