"""The waveform."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from liuhen.server.media.tools.refusal import RefusedError
from liuhen.server.media.tools.sound import Resampler
from liuhen.server.media.tools.waveform import waveform
from tests.server.media import samples

if TYPE_CHECKING:
    from pathlib import Path


def made(path: Path, duration_ms: int | None = 2000) -> tuple[dict[str, Any], dict[str, Any]]:
    with path.open("rb") as file:
        answer = waveform(file, path.parent, duration_ms=duration_ms)
    content = json.loads((path.parent / answer["file"]).read_text(encoding="ascii"))
    return answer, content


@pytest.mark.parametrize(("container", "codec"), [("wav", "pcm_s16le"), ("mp3", "libmp3lame"), ("wav", "pcm_alaw")])
def test_the_peaks_follow_the_sound(tmp_path: Path, container: str, codec: str) -> None:
    answer, content = made(samples.sound_file(tmp_path / "note", container=container, codec=codec))

    highest, lowest = content["peaks"]
    assert answer["media_type"] == "application/json"
    assert content["v"] == 1
    assert content["duration_ms"] == pytest.approx(2000, abs=80)
    assert len(highest) == len(lowest) == answer["parameters"]["count"] == pytest.approx(40, abs=2)
    assert all(value == pytest.approx(0.61, abs=0.06) for value in highest[3:17])
    assert all(value == pytest.approx(-0.61, abs=0.06) for value in lowest[3:17])
    assert all(abs(value) < 0.02 for value in highest[24:] + lowest[24:])


def test_the_sound_of_a_video_is_drawn(tmp_path: Path) -> None:
    _, content = made(samples.demo_clip(tmp_path / "a.mp4"))

    assert max(content["peaks"][0]) > 0.05


def test_a_long_recording_has_no_more_than_eight_thousand_peaks(tmp_path: Path) -> None:
    source = samples.sound_file(tmp_path / "n.wav", container="wav", codec="pcm_s16le", seconds=2)

    answer, content = made(source, duration_ms=24 * 3600 * 1000)

    assert answer["parameters"]["samples_per_peak"] == 24 * 3600 * 16_000 // 8000
    assert len(content["peaks"][0]) == 1


def test_without_a_known_duration_there_are_twenty_peaks_a_second(tmp_path: Path) -> None:
    source = samples.sound_file(tmp_path / "n.wav", container="wav", codec="pcm_s16le")

    assert made(source, duration_ms=None)[0]["parameters"]["count"] == pytest.approx(40, abs=1)


def test_a_picture_without_sound_has_no_waveform(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="there is no sound"):
        made(samples.clip(tmp_path / "a.mp4", sound=None))


def test_sound_that_cannot_be_decoded_has_no_waveform(tmp_path: Path) -> None:
    make, _ = samples.DEFECTS["index-without-pictures.mp4"]

    with pytest.raises(RefusedError, match="no sound can be decoded"):
        made(make(tmp_path / "broken.mp4"))


def test_sound_whose_form_changes_on_the_way_is_brought_to_one() -> None:
    resample = Resampler(format="flt", layout="mono", rate=16_000)

    def frame(rate: int, channels: str) -> av.AudioFrame:
        width = 2 if channels == "stereo" else 1
        made = av.AudioFrame.from_ndarray(np.zeros((1, rate // 10 * width), np.int16), "s16", channels)
        made.sample_rate = rate
        return made

    given = [frame(8_000, "mono"), frame(44_100, "stereo"), frame(44_100, "stereo"), None]
    parts = [part for item in given for part in resample(item)]

    assert {(part.format.name, part.layout.name, part.sample_rate) for part in parts} == {("flt", "mono", 16_000)}
    assert sum(part.samples for part in parts) == pytest.approx(4_800, abs=60)
    assert resample(None) == []
