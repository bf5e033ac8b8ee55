"""Keeping what was made: whatever is repeated changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import IntegrityError, transaction

from liuhen.core.events import EventType
from liuhen.server.kernel.actor import SYSTEM
from liuhen.server.media import services
from liuhen.server.media.analysis import Made
from liuhen.server.media.models import Derivative, DerivativeKind
from liuhen.server.recordings.interfaces import Analysis
from liuhen.server.recordings.models import RecordingKind
from liuhen.server.vault.stores import derivatives
from tests.support.cast import AT
from tests.support.events import told
from tests.support.recordings import enter

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.server.recordings.models import Recording
    from tests.support.cast import Cast

pytestmark = pytest.mark.usefixtures("home")
LATER = AT + timedelta(minutes=5)


@pytest.fixture
def recording(cast: Cast) -> Recording:
    return enter(cast.brigade)


def made(path: Path, content: bytes = b"a poster") -> Made:
    path.write_bytes(content)
    return Made(path=path, media_type="image/jpeg", parameters={"width": 640})


def keep(recording: Recording, thing: Made, **values: Any) -> Derivative:
    given: dict[str, Any] = {"kind": DerivativeKind.POSTER, "actor": SYSTEM, "at": LATER}
    return services.keep_derivative(recording=recording, made=thing, **(given | values))


def events(recording: Recording) -> int:
    return sum(event.entry.type is EventType.DERIVATIVE_MADE for event in told("recording", recording.id))


def test_a_derivative_has_row_object_and_event(recording: Recording, tmp_path: Path) -> None:
    derivative = keep(recording, made(tmp_path / "poster.jpg"))

    assert derivatives().read_range(derivative.sha256, 0, derivative.size) == b"a poster"
    assert (derivative.kind, derivative.size, derivative.media_type) == ("poster", 8, "image/jpeg")
    assert (derivative.parameters, derivative.made_at) == ({"width": 640}, LATER)
    assert events(recording) == 1
    assert not list(derivatives().staged())


def test_a_derivative_that_is_there_stays(recording: Recording, tmp_path: Path) -> None:
    first = keep(recording, made(tmp_path / "poster.jpg"))
    again = keep(recording, made(tmp_path / "poster.jpg", b"another poster"))

    assert again.id == first.id
    assert again.sha256 == first.sha256
    assert events(recording) == 1


def test_two_recordings_may_have_the_same_derivative(cast: Cast, recording: Recording, tmp_path: Path) -> None:
    other = enter(cast.brigade, name="another.mp4")

    assert keep(recording, made(tmp_path / "p")).sha256 == keep(other, made(tmp_path / "p")).sha256
    assert (events(recording), events(other)) == (1, 1)


@pytest.mark.parametrize("sealed", [False, True], ids=["while staging", "after the seal"])
def test_what_a_crash_left_is_made_anew(recording: Recording, tmp_path: Path, *, sealed: bool) -> None:
    store = derivatives()
    with store.stage(f"{recording.id.hex}-poster") as left:
        left.append(b"half a post")
        left.flush()
        if sealed:
            store.seal(left, sha256=left.sha256(), size=left.size, retain_until=AT, at=AT)

    derivative = keep(recording, made(tmp_path / "poster.jpg"))

    assert store.read_range(derivative.sha256, 0, derivative.size) == b"a poster"
    assert not list(store.staged())


def test_a_row_that_cannot_be_written_leaves_no_event(
    recording: Recording, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise IntegrityError("no")

    with monkeypatch.context() as patch:
        patch.setattr("liuhen.server.ledger.services.record", refuse)
        with pytest.raises(IntegrityError), transaction.atomic():
            keep(recording, made(tmp_path / "poster.jpg"))

    assert not Derivative.objects.exists()
    assert keep(recording, made(tmp_path / "poster.jpg")).size == 8


def test_rows_of_derivatives_are_written_once(recording: Recording, tmp_path: Path) -> None:
    derivative = keep(recording, made(tmp_path / "poster.jpg"))

    with pytest.raises(TypeError, match="append-only"):
        derivative.save()


def test_the_table_refuses_what_cannot_be(recording: Recording) -> None:
    row: dict[str, Any] = {
        "recording": recording,
        "kind": "poster",
        "sha256": "0" * 64,
        "size": 8,
        "media_type": "image/jpeg",
        "tool": "test",
        "made_at": AT,
    }
    Derivative.objects.create(**row)

    for wrong in ({}, {"kind": "copy"}, {"kind": "preview", "size": 0}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Derivative.objects.create(**(row | wrong))


def test_what_a_probe_found_is_kept_once(recording: Recording) -> None:
    found = Analysis(
        kind=RecordingKind.VIDEO, readable=True, duration_ms=1000, container_started="", media={}, tool="test"
    )

    assert services.keep_analysis(recording=recording, analysis=found, actor=SYSTEM, at=LATER)
    assert not services.keep_analysis(recording=recording, analysis=found, actor=SYSTEM, at=LATER)
    assert [event.entry.type for event in told("recording", recording.id)].count(EventType.RECORDING_ANALYSED) == 1
