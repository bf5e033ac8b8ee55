"""Keeping what was found in and made of a recording. Every act may be repeated; a repetition changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.db import transaction

from liuhen.core.digests import Digests
from liuhen.core.entry import ObjectRef
from liuhen.core.events import EventType
from liuhen.server.ledger import selectors as ledger_reads
from liuhen.server.ledger import services as ledger
from liuhen.server.media.analysis import tool_name
from liuhen.server.media.models import Derivative
from liuhen.server.recordings import services as recordings
from liuhen.server.recordings.models import Recording, RecordingState
from liuhen.server.vault.stores import derivatives

if TYPE_CHECKING:
    from datetime import datetime

    from liuhen.server.kernel.actor import Actor
    from liuhen.server.media.analysis import Made
    from liuhen.server.media.models import DerivativeKind
    from liuhen.server.recordings.interfaces import Analysis

__all__ = ["keep_analysis", "keep_derivative", "keep_digests", "noted_digests"]

_PIECE: Final = 1 << 20


def noted_digests(recording: Recording) -> Digests | None:
    """Return the digests of the original that the ledger holds as last computed here; None before the first time."""
    chain = ledger_reads.custody_chain(f"recording/{recording.id}")
    noted = [link.objects[0] for link in chain if link.type is EventType.RECORDING_DIGESTED]
    if not noted:
        return None
    return Digests(sha256=noted[-1].sha256, sm3=noted[-1].sm3 or "", size=noted[-1].size)


@transaction.atomic
def keep_digests(*, recording: Recording, digests: Digests, actor: Actor, at: datetime) -> None:
    """Write the digests down, unless the last ones written down are the same."""
    locked = _locked(recording)
    last = noted_digests(locked)
    if last is None or (last.sha256, last.sm3) != (digests.sha256, digests.sm3):
        recordings.note_digests(recording=locked, sha256=digests.sha256, sm3=digests.sm3, actor=actor, at=at)


@transaction.atomic
def keep_analysis(*, recording: Recording, analysis: Analysis, actor: Actor, at: datetime) -> bool:
    """Keep what the probe found, unless something is kept already; return whether it was kept now."""
    locked = _locked(recording)
    if locked.state != RecordingState.SEALED:
        return False
    recordings.note_analysis(recording=locked, analysis=analysis, actor=actor, at=at)
    return True


def keep_derivative(
    *, recording: Recording, kind: DerivativeKind, made: Made, actor: Actor, at: datetime
) -> Derivative:
    """Seal a derivative, then enter its row and its `derivative:made` event; the one that is there already stays.

    Bytes first (invariant 1). Cut off after the seal, the object waits without a row for the next try, which makes the
    same bytes again, or shows up in a sweep. It is under no term of its own: it can be computed again.
    """
    store = derivatives()
    key = f"{recording.id.hex}-{kind}"
    with store.stage(key) as staged:
        if staged.is_sealed or staged.written:
            staged.discard()
    with store.stage(key) as staged:
        with made.path.open("rb") as file:
            while piece := file.read(_PIECE):
                staged.append(piece)
        staged.flush()
        sealed = store.seal(staged, sha256=staged.sha256(), size=staged.size, retain_until=at, at=at)
        derivative = _enter(
            Derivative(
                recording=recording,
                kind=kind,
                sha256=sealed.sha256,
                size=sealed.size,
                media_type=made.media_type,
                tool=tool_name(),
                parameters=made.parameters,
                made_at=at,
            ),
            version=sealed.version,
            actor=actor,
        )
        staged.discard()
    return derivative


@transaction.atomic
def _enter(derivative: Derivative, *, version: str | None, actor: Actor) -> Derivative:
    recording = _locked(derivative.recording)
    known = Derivative.objects.filter(recording=recording, kind=derivative.kind).first()
    if known is not None:
        return known
    derivative.save()
    ledger.record(
        type=EventType.DERIVATIVE_MADE,
        subject=f"recording/{recording.id}",
        actor=actor,
        at=derivative.made_at,
        objects=[
            ObjectRef(role="derivative", sha256=derivative.sha256, sm3=None, size=derivative.size, version=version)
        ],
        facts={
            "kind": derivative.kind,
            "parent": recording.sha256,
            "media_type": derivative.media_type,
            "tool": derivative.tool,
            "parameters": derivative.parameters,
        },
    )
    return derivative


def _locked(recording: Recording) -> Recording:
    """Return the row as it is now, locked for the transaction."""
    return Recording.objects.select_for_update().get(id=recording.id)
