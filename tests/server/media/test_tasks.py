"""What becomes of a recording once it is sealed: the whole way through the worker."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest
from django.db import transaction

from liuhen.core.digests import digest_stream
from liuhen.core.events import EventType
from liuhen.server.demo import clips
from liuhen.server.kernel.jobs.models import Job, JobState
from liuhen.server.media import analysis, sandbox
from liuhen.server.media.errors import ToolLostError
from liuhen.server.media.models import Derivative
from liuhen.server.media.selectors import derivatives_of, known_derivatives
from liuhen.server.media.tasks import analyse, derive, enqueue_analysis
from liuhen.server.recordings.models import Recording, RecordingKind, RecordingState
from liuhen.server.vault.stores import derivatives, originals
from tests.server.media import samples
from tests.support.events import told
from tests.support.jobs import run_due
from tests.support.recordings import enter
from tests.support.thawing import thaw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.cast import Cast

pytestmark = pytest.mark.usefixtures("home")


def sealed(cast: Cast, path: Path, **values: Any) -> Recording:
    return enter(cast.brigade, content=path.read_bytes(), name=path.name, in_vault=True, **values)


def run(recording: Recording) -> Recording:
    """Have the worker do what a sealed recording needs."""
    enqueue_analysis(recording.id)
    run_due()
    recording.refresh_from_db()
    return recording


def types(recording: Recording) -> list[EventType]:
    return [event.entry.type for event in told("recording", recording.id)]


def kinds(recording: Recording) -> list[str]:
    return [made.kind for made in derivatives_of(recording)]


def test_a_video_is_digested_probed_and_given_its_derivatives(cast: Cast, tmp_path: Path) -> None:
    recording = run(sealed(cast, samples.demo_clip(tmp_path / "a.mp4")))

    assert (recording.state, recording.kind, recording.duration_ms) == (RecordingState.ANALYSED, "video", 2000)
    assert kinds(recording) == ["poster", "thumbnails", "waveform", "preview"]
    assert types(recording) == [
        EventType.RECORDING_SEALED,
        EventType.RECORDING_DIGESTED,
        EventType.RECORDING_ANALYSED,
        *[EventType.DERIVATIVE_MADE] * 4,
    ]
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.DONE}


@pytest.mark.parametrize(
    ("make", "kind", "expected"),
    [
        (samples.photo, "photo", ["poster", "preview"]),
        (lambda path: clips.voice_wav(path, started=samples.STARTED, seconds=1), "audio", ["waveform", "preview"]),
        (lambda path: samples.clip(path, sound=None), "video", ["poster", "thumbnails", "preview"]),
    ],
    ids=["photo", "audio", "silent video"],
)
def test_every_kind_gets_its_own_derivatives(
    cast: Cast, tmp_path: Path, make: Callable[[Path], Path], kind: str, expected: list[str]
) -> None:
    recording = run(sealed(cast, make(tmp_path / "file"), kind=RecordingKind.UNKNOWN))

    assert (recording.kind, kinds(recording)) == (kind, expected)


def test_a_derivative_lies_in_its_store_and_its_event_names_parent_and_tool(cast: Cast, tmp_path: Path) -> None:
    recording = run(sealed(cast, samples.photo(tmp_path / "p.jpg")))

    poster = derivatives_of(recording)[0]
    content = derivatives().read_range(poster.sha256, 0, poster.size)
    assert content.startswith(b"\xff\xd8\xff")
    assert digest_stream([content]).sha256 == poster.sha256
    entry = told("recording", recording.id)[3].entry
    (told_object,) = entry.objects
    assert (told_object.role, told_object.sha256, told_object.size) == ("derivative", poster.sha256, poster.size)
    assert entry.actor == "system"
    assert dict(entry.facts) == {
        "kind": "poster",
        "parent": recording.sha256,
        "media_type": "image/jpeg",
        "tool": analysis.tool_name(),
        "parameters": {"width": 300, "height": 200},
    }
    assert "PyAV" in poster.tool
    assert not list(derivatives().staged())


def test_the_servers_own_digests_go_into_the_ledger(cast: Cast, tmp_path: Path) -> None:
    recording = run(sealed(cast, samples.photo(tmp_path / "p.jpg")))

    entry = told("recording", recording.id)[1].entry
    assert entry.facts["agree"] is True
    assert (entry.objects[0].sha256, entry.objects[0].sm3) == (recording.sha256, recording.sm3)


@pytest.mark.parametrize(
    "name", ["empty", "text-named.mp4", "truncated-before-its-index.mp4", "index-without-pictures.mp4", "bomb.png"]
)
def test_a_file_that_is_no_media_is_kept_and_marked(cast: Cast, tmp_path: Path, name: str) -> None:
    make, verdict = samples.DEFECTS[name]
    content = make(tmp_path / name).read_bytes()

    recording = run(enter(cast.brigade, content=content, name=name, in_vault=True))

    assert recording.state == RecordingState.UNREADABLE
    assert recording.media["defects"] == ["empty"] if name == "empty" else [verdict]
    assert (recording.kind, recording.duration_ms) == ("video", None)
    assert types(recording)[1:] == [EventType.RECORDING_DIGESTED, EventType.RECORDING_UNREADABLE]
    assert b"".join(originals().chunks(recording.sha256)) == content
    assert kinds(recording) == []
    assert set(Job.objects.values_list("state", flat=True)) == {JobState.DONE}


def test_a_second_run_adds_nothing(cast: Cast, tmp_path: Path) -> None:
    recording = run(sealed(cast, samples.clip(tmp_path / "a.mp4")))
    before = (types(recording), sorted(Derivative.objects.values_list("id", flat=True)))

    enqueue_analysis(recording.id)
    assert run_due() == 0
    assert analyse.call(str(recording.id)) == "analysed"
    assert derive.call(str(recording.id)) == dict.fromkeys(["poster", "thumbnails", "waveform", "preview"], "kept")

    assert (types(recording), sorted(Derivative.objects.values_list("id", flat=True))) == before


def test_a_run_cut_off_is_taken_up_where_it_stopped(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = sealed(cast, samples.clip(tmp_path / "a.mp4"))
    analyse.call(str(recording.id))
    monkeypatch.setattr(sandbox, "_PROGRAM", "tests.server.media.lossy_tools")
    with pytest.raises(ToolLostError):
        derive.call(str(recording.id))
    monkeypatch.undo()
    assert kinds(recording) == ["poster", "thumbnails"]

    outcome = derive.call(str(recording.id))

    assert outcome == {"poster": "kept", "thumbnails": "kept", "waveform": "made", "preview": "made"}
    assert types(recording).count(EventType.DERIVATIVE_MADE) == 4


def test_a_derivative_that_cannot_be_made_leaves_the_others(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_PROGRAM", "tests.server.media.refusing_tools")
    recording = run(sealed(cast, samples.clip(tmp_path / "a.mp4")))

    assert kinds(recording) == ["poster", "waveform", "preview"]
    job = Job.objects.get(key=f"derive/{recording.id}")
    assert job.state == JobState.DONE
    assert job.result == {"poster": "made", "thumbnails": "undecodable", "waveform": "made", "preview": "made"}


def test_a_probe_that_is_killed_is_tried_again_and_nothing_is_said_of_the_file(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "_PROGRAM", "tests.server.media.no_such_program")
    recording = run(sealed(cast, samples.clip(tmp_path / "a.mp4")))

    assert recording.state == RecordingState.SEALED
    job = Job.objects.get()
    assert (job.state, job.attempts) == (JobState.READY, 1)
    assert "No module named" in job.last_error


def test_an_original_that_differs_is_told_of_once_and_nothing_is_made_of_it(cast: Cast, tmp_path: Path) -> None:
    recording = sealed(cast, samples.photo(tmp_path / "p.jpg"))
    corrupt(recording)

    for _ in range(2):
        with pytest.raises(Exception, match="not what was sealed"):
            analyse.call(str(recording.id))

    assert types(recording) == [EventType.RECORDING_SEALED, EventType.RECORDING_DIGESTED]
    assert told("recording", recording.id)[1].entry.facts["agree"] is False
    recording.refresh_from_db()
    assert recording.state == RecordingState.SEALED


def test_an_original_that_was_restored_is_analysed_after_all(cast: Cast, tmp_path: Path) -> None:
    recording = sealed(cast, samples.photo(tmp_path / "p.jpg"))
    whole = corrupt(recording)
    with pytest.raises(Exception, match="not what was sealed"):
        analyse.call(str(recording.id))
    overwrite(recording, whole)

    assert analyse.call(str(recording.id)) == "analysed"

    agreed = [event.entry.facts["agree"] for event in told("recording", recording.id)[1:3]]
    assert agreed == [False, True]


def corrupt(recording: Recording) -> bytes:
    """Turn over a bit of the stored original, as a failing disk does, and return what it was."""
    whole = b"".join(originals().chunks(recording.sha256))
    overwrite(recording, whole[:-1] + bytes([whole[-1] ^ 1]))
    return whole


def overwrite(recording: Recording, content: bytes) -> None:
    path = originals().path_of(recording.sha256)  # type: ignore[attr-defined]  # the local store's own
    thaw(path)
    path.unlink()
    path.write_bytes(content)


@pytest.mark.django_db
def test_analysis_asked_for_in_a_transaction_that_fails_is_not_asked_for() -> None:
    with transaction.atomic():
        enqueue_analysis(uuid.uuid4())
        transaction.set_rollback(True)

    assert not Job.objects.exists()


def test_of_addresses_those_that_a_row_names_are_known(cast: Cast, tmp_path: Path) -> None:
    recording = run(sealed(cast, samples.photo(tmp_path / "p.jpg")))
    named = frozenset(made.sha256 for made in derivatives_of(recording))

    assert known_derivatives(named | {"0" * 64}) == named
