"""The long work on one recording: reading its original. Changes nothing; `services` keep what comes of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from liuhen.core.digests import Digests, digest_stream
from liuhen.server.media.defects import Defect
from liuhen.server.media.errors import MediaRefusedError
from liuhen.server.media.plan import PROBE_LIMITS
from liuhen.server.media.sandbox import run_tool
from liuhen.server.media.workspace import workspace
from liuhen.server.recordings.interfaces import Analysis
from liuhen.server.recordings.models import RecordingKind
from liuhen.server.vault.stores import originals

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

    from liuhen.server.media.plan import PlannedDerivative
    from liuhen.server.recordings.models import Recording

__all__ = ["Made", "examine", "make", "read_digests", "tool_name", "working_folder"]

_log: Final = logging.getLogger(__name__)
_PIECE: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A derivative that a tool has written to `path`."""

    path: Path
    media_type: str
    parameters: dict[str, Any]


@cache
def tool_name() -> str:
    """Return what computes derivatives, with versions; PyAV's version fixes those of FFmpeg and its encoders."""
    return f"liuhen {version('liuhen')}, PyAV {version('av')}, Pillow {version('pillow')}"


def working_folder() -> AbstractContextManager[Path]:
    """Return an empty folder for the block, on the file system of the derivatives."""
    return workspace(settings.INSTANCE.home / "work")


def read_digests(recording: Recording) -> Digests:
    """Return the digests of the sealed original, read anew."""
    return digest_stream(originals().chunks(recording.sha256, piece=_PIECE))


def examine(recording: Recording) -> Analysis:
    """Return what the original holds. There is a verdict for every file.

    Raises:
        ToolLostError: the probe was killed or had no space; try again.
    """
    if recording.size == 0:
        return _unreadable(recording, Defect.EMPTY)
    try:
        with working_folder() as folder, originals().open(recording.sha256) as original:
            found = run_tool("probe", original, folder, limits=PROBE_LIMITS)
    except MediaRefusedError as refusal:
        _log.warning("recording %s cannot be read as media: %s", recording.id, refusal)
        return _unreadable(recording, refusal.where["defect"])
    return Analysis(
        kind=RecordingKind(found["kind"]),
        readable=True,
        duration_ms=found["duration_ms"],
        container_started=found["created"],
        media=found["media"],
        tool=tool_name(),
    )


def _unreadable(recording: Recording, defect: Defect) -> Analysis:
    return Analysis(
        kind=RecordingKind(recording.kind),
        readable=False,
        duration_ms=None,
        container_started="",
        media={"container": "", "streams": [], "defects": [defect.value]},
        tool=tool_name(),
    )


def make(recording: Recording, due: PlannedDerivative, folder: Path) -> Made:
    """Make one derivative in `folder`.

    Raises:
        MediaRefusedError: the file cannot be used for it.
        ToolLostError: the tool was killed or had no space; try again.
    """
    with originals().open(recording.sha256) as original:
        done = run_tool(due.tool, original, folder, limits=due.limits, options=due.options)
    return Made(path=folder / done["file"], media_type=done["media_type"], parameters=done["parameters"])
