"""Which derivatives a recording gets."""

from __future__ import annotations

from typing import Any

import pytest

from liuhen.server.media.plan import planned
from liuhen.server.recordings.models import RecordingKind


def media(**decodable: bool) -> dict[str, Any]:
    return {"streams": [{"type": kind, "decodable": able} for kind, able in decodable.items()]}


@pytest.mark.parametrize(
    ("kind", "found", "expected"),
    [
        (RecordingKind.VIDEO, {"video": True, "audio": True}, ["poster", "thumbnails", "waveform", "preview"]),
        (RecordingKind.VIDEO, {"video": True}, ["poster", "thumbnails", "preview"]),
        (RecordingKind.VIDEO, {"video": True, "audio": False}, ["poster", "thumbnails", "preview"]),
        (RecordingKind.VIDEO, {"video": False, "audio": True}, ["waveform", "preview"]),
        (RecordingKind.AUDIO, {"audio": True}, ["waveform", "preview"]),
        (RecordingKind.PHOTO, {"photo": True}, ["poster", "preview"]),
        (RecordingKind.UNKNOWN, {}, []),
    ],
)
def test_each_kind_gets_what_can_be_made_of_it(
    kind: RecordingKind, found: dict[str, bool], expected: list[str]
) -> None:
    assert [part.kind for part in planned(kind, duration_ms=1000, media=media(**found))] == expected


def test_only_streams_that_can_be_decoded_go_into_the_preview() -> None:
    *_, preview = planned(RecordingKind.VIDEO, duration_ms=1, media=media(video=True, audio=False))

    assert preview.options == {"picture": True, "sound": False}


def test_longer_recordings_get_more_time() -> None:
    hour = 3_600_000
    short, long = (
        planned(RecordingKind.AUDIO, duration_ms=length, media=media(audio=True))[0].limits for length in (None, hour)
    )

    assert short.wall_s == 1_800
    assert long.wall_s == 1_800 + 6 * 3_600
    assert long.cpu_s > long.wall_s
