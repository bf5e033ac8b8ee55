"""The codes of the system in the words of the rule: roles, states, kinds, sources, reasons, abilities.

Each table is complete: a test compares it with the codes that it speaks of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

from liuhen.server.accounts.roles import Role
from liuhen.server.devices.models import DeviceKind
from liuhen.server.intake.models import UploadState
from liuhen.server.media.defects import Defect
from liuhen.server.media.models import DerivativeKind
from liuhen.server.recordings.models import ClockMethod, FactSource, RecordingKind, RecordingState

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

__all__ = [
    "CLOCK_METHODS",
    "DEFECTS",
    "DERIVATIVES",
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

DERIVATIVES: Final[dict[DerivativeKind, _StrPromise]] = {
    DerivativeKind.PREVIEW: _("Preview"),
    DerivativeKind.POSTER: _("Cover picture"),
    DerivativeKind.THUMBNAILS: _("Thumbnails"),
    DerivativeKind.WAVEFORM: _("Waveform"),
}

DEFECTS: Final[dict[Defect, _StrPromise]] = {
    Defect.EMPTY: _("the file is empty"),
    Defect.NOT_MEDIA: _("not a picture or sound"),
    Defect.INDEX_MISSING: _("its index is missing: the recording did not end properly"),
    Defect.UNDECODABLE: _("nothing in it can be decoded"),
    Defect.OVER_LIMIT: _("larger than can be decoded"),
    Defect.DECODER_CRASHED: _("the decoder failed"),
    Defect.DECODER_TIMED_OUT: _("decoding took too long"),
    Defect.TRUNCATED: _("cut off at the end"),
    Defect.DURATION_IMPLAUSIBLE: _("states an impossible length"),
    Defect.PICTURE_UNDECODABLE: _("the picture cannot be decoded"),
    Defect.SOUND_UNDECODABLE: _("the sound cannot be decoded"),
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

# Codes and sentences are the collector's (`liuhen.collector.report.words`), as a collection's summary has them.
SKIP_REASONS: Final[dict[str, _StrPromise]] = {
    "not-media": _("not a recording"),
    "system-file": _("a system file or folder"),
    "symlink": _("a link, not followed"),
    "not-a-file": _("not an ordinary file"),
    "too-deep": _("folders too deep, not looked into"),
    "sidecar-alone": _("an attachment without its recording"),
    "already-received": _("received before, with a verified receipt"),
    "already-spooled": _("spooled before, comes by the spool"),
    "spooled": _("spooled, comes by the spool"),
    "unreadable": _("cannot be read"),
    "changed": _("changed while it was read"),
    "gone": _("on the device when an earlier run began, no longer there"),
    "refused": _("refused by the server"),
    "digest-mismatch": _("the server received other bytes than were read"),
    "recording-not-taken": _("an attachment whose recording was not taken"),
    "spool-damaged": _("not the bytes that were spooled"),
    "not-listed": _("others, not listed one by one"),
}
