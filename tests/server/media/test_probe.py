"""The probe: a verdict for every file."""

from __future__ import annotations

import errno
import io
import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
import pytest

from liuhen.server.media.tools.opening import _Nameless
from liuhen.server.media.tools.probe import probe
from liuhen.server.media.tools.refusal import RefusedError
from tests.server.media import samples
from tests.server.media.samples import probed

if TYPE_CHECKING:
    from pathlib import Path


def stream(found: dict[str, Any], kind: str) -> dict[str, Any]:
    (only,) = [stream for stream in found["media"]["streams"] if stream["type"] == kind]
    assert isinstance(only, dict)
    return only


def test_a_recorders_mp4_is_described(tmp_path: Path) -> None:
    found = probed(samples.demo_clip(tmp_path / "a.mp4"))

    assert (found["kind"], found["duration_ms"], found["created"]) == ("video", 2000, "2026-11-23T09:42:10")
    assert found["media"]["container"].startswith("mov,mp4")
    assert found["media"]["defects"] == []
    assert stream(found, "video") == {
        "type": "video",
        "codec": "h264",
        "profile": "High",
        "width": 1280,
        "height": 720,
        "rotation": 0,
        "frame_rate": 25.0,
        "variable_rate": False,
        "pixel_format": "yuv420p",
        "decodable": True,
    }
    assert stream(found, "audio") == {
        "type": "audio",
        "codec": "aac",
        "sample_rate": 16_000,
        "channels": 1,
        "decodable": True,
    }


@pytest.mark.parametrize(
    ("form", "known_as"),
    [
        (("mp4", "libx265", "aac"), ("hevc", "aac")),
        (("avi", "mjpeg", "pcm_s16le"), ("mjpeg", "pcm_s16le")),
        (("avi", "mpeg4", "libmp3lame"), ("mpeg4", "mp3float")),
        (("mov", "libx264", "pcm_alaw"), ("h264", "pcm_alaw")),
        (("matroska", "libx264", "aac"), ("h264", "aac")),
        (("mpegts", "libx264", "aac"), ("h264", "aac")),
        (("asf", "msmpeg4", "libmp3lame"), ("msmpeg4", "mp3float")),
    ],
)
def test_the_codecs_of_recorders_are_known(
    tmp_path: Path, form: tuple[str, str, str], known_as: tuple[str, str]
) -> None:
    container, codec, sound = form
    pixels = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    made = samples.clip(tmp_path / "clip", container=container, codec=codec, sound=sound, pixels=pixels)

    found = probed(made)

    assert (stream(found, "video")["codec"], stream(found, "audio")["codec"]) == known_as
    assert found["duration_ms"] == pytest.approx(2000, abs=150)


@pytest.mark.parametrize(
    ("container", "codec"),
    [("wav", "pcm_s16le"), ("mp3", "libmp3lame"), ("mp4", "aac"), ("ogg", "flac"), ("adts", "aac")],
)
def test_sound_alone_is_audio(tmp_path: Path, container: str, codec: str) -> None:
    found = probed(samples.sound_file(tmp_path / "note", container=container, codec=codec))

    assert found["kind"] == "audio"
    assert found["duration_ms"] == pytest.approx(2000, abs=150)
    assert [kind["type"] for kind in found["media"]["streams"]] == ["audio"]


def test_a_picture_without_sound_is_video(tmp_path: Path) -> None:
    found = probed(samples.clip(tmp_path / "a.mp4", sound=None))

    assert [kind["type"] for kind in found["media"]["streams"]] == ["video"]


def test_the_content_counts_and_not_the_name(tmp_path: Path) -> None:
    assert probed(samples.clip(tmp_path / "clip.jpg"))["kind"] == "video"
    assert probed(samples.photo(tmp_path / "photo.mp4"))["kind"] == "photo"
    assert probed(samples.sound_file(tmp_path / "sound.avi", container="wav", codec="pcm_s16le"))["kind"] == "audio"


def test_a_cover_in_a_sound_file_makes_no_video(tmp_path: Path) -> None:
    plain = samples.sound_file(tmp_path / "plain.mp3", container="mp3", codec="libmp3lame").read_bytes()
    cover = samples.photo(tmp_path / "cover.jpg").read_bytes()
    frame = b"\0image/jpeg\0\x03\0" + cover
    tag = b"APIC" + struct.pack(">I", len(frame)) + b"\0\0" + frame
    size = bytes(len(tag) >> shift & 0x7F for shift in (21, 14, 7, 0))
    body = plain[plain.index(b"\xff\xfb") :] if b"\xff\xfb" in plain else plain
    (tmp_path / "covered.mp3").write_bytes(b"ID3\x03\0\0" + size + tag + body)

    assert probed(tmp_path / "covered.mp3")["kind"] == "audio"


@pytest.mark.parametrize("turn", [90, -90, 180])
def test_a_turned_recorder_is_noticed(tmp_path: Path, turn: int) -> None:
    found = probed(samples.clip(tmp_path / "a.mp4", rotation=turn))

    assert stream(found, "video")["rotation"] in {turn, turn - 360}


def test_a_rate_that_varies_is_noticed(tmp_path: Path) -> None:
    times = [number * 40 + (number // 5) * 170 for number in range(50)]

    found = probed(samples.clip(tmp_path / "a.mp4", times=times))

    assert stream(found, "video")["variable_rate"] is True


@pytest.mark.parametrize("size", [(2, 2), (34, 18), (1280, 8)])
def test_odd_sizes_are_described(tmp_path: Path, size: tuple[int, int]) -> None:
    found = probed(samples.clip(tmp_path / "a.mp4", size=size, frames=5, sound=None))

    assert (stream(found, "video")["width"], stream(found, "video")["height"]) == size


@pytest.mark.parametrize("name", samples.DEFECTS)
def test_a_file_that_is_no_media_gets_a_verdict(tmp_path: Path, name: str) -> None:
    make, verdict = samples.DEFECTS[name]
    made = make(tmp_path / name)

    with pytest.raises(RefusedError) as refusal:
        probed(made)

    assert refusal.value.defect == verdict
    assert refusal.value.detail


def test_a_file_cut_off_behind_its_index_is_truncated_and_as_long_as_what_is_left(tmp_path: Path) -> None:
    whole = samples.clip(tmp_path / "a.mp4", options={"movflags": "+faststart"}).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])

    found = probed(tmp_path / "cut.mp4")

    assert found["media"]["defects"] == ["truncated"]
    assert 0 < found["duration_ms"] < 1900


def test_a_duration_that_cannot_be_is_measured_instead(tmp_path: Path) -> None:
    data = bytearray(samples.clip(tmp_path / "a.mkv", container="matroska", sound=None).read_bytes())
    struct.pack_into(">d", data, data.index(b"\x44\x89\x88") + 3, 1e14)
    (tmp_path / "endless.mkv").write_bytes(bytes(data))

    found = probed(tmp_path / "endless.mkv")

    assert found["media"]["defects"] == ["duration-implausible"]
    assert found["duration_ms"] == pytest.approx(2000, abs=50)


def test_sound_that_cannot_be_decoded_leaves_the_picture(tmp_path: Path) -> None:
    data = samples.clip(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "mute.mp4").write_bytes(data.replace(b"mp4a", b"zzzz").replace(b"esds", b"zzzz"))

    found = probed(tmp_path / "mute.mp4")

    assert found["media"]["defects"] == ["sound-undecodable"]
    assert (stream(found, "video")["decodable"], stream(found, "audio")["decodable"]) == (True, False)


def test_a_picture_that_cannot_be_decoded_leaves_the_sound(tmp_path: Path) -> None:
    data = samples.clip(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "blind.mp4").write_bytes(data.replace(b"avc1\0\0\0", b"zzzz\0\0\0"))

    found = probed(tmp_path / "blind.mp4")

    assert found["kind"] == "video"
    assert found["media"]["defects"] == ["picture-undecodable"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-11-23T09:42:10.000000Z", "2026-11-23T09:42:10"),
        ("1970-01-01T00:00:00.000000Z", ""),
    ],
)
def test_the_containers_time_is_the_devices_wall_clock(tmp_path: Path, written: str, read: str) -> None:
    found = probed(samples.clip(tmp_path / "a.mp4", frames=5, metadata={"creation_time": written}))

    assert found["created"] == read


def test_a_container_with_neither_picture_nor_sound_is_refused(tmp_path: Path) -> None:
    with av.open(tmp_path / "data.ts", "w", format="mpegts") as output:
        stream = output.add_data_stream()
        for number in range(30):
            packet: av.Packet[Any] = av.Packet(b"a position, a temperature")
            packet.stream, packet.pts, packet.dts = stream, number * 9000, number * 9000
            packet.time_base = Fraction(1, 90_000)
            output.mux(packet)

    with pytest.raises(RefusedError, match="without picture or sound"):
        probed(tmp_path / "data.ts")


def test_pictures_far_behind_the_beginning_are_not_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liuhen.server.media.tools.probe._TRIES", 3)
    data = bytearray(samples.clip(tmp_path / "a.mp4", sound=None).read_bytes())
    with av.open(tmp_path / "a.mp4") as container:
        (first, *_) = container.demux(video=0)
        at, size = first.pos, first.size
    assert at is not None
    data[at : at + size] = bytes(size)
    (tmp_path / "late.mp4").write_bytes(bytes(data))

    with pytest.raises(RefusedError, match="undecodable"):
        probed(tmp_path / "late.mp4")


def test_a_disk_that_fails_while_reading_is_no_verdict_about_the_file(tmp_path: Path) -> None:
    class Failing(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            del size
            raise OSError(errno.EIO, "the disk fails")

    for path in (samples.clip(tmp_path / "a.mp4"), samples.photo(tmp_path / "p.jpg")):
        with Failing(path) as file, pytest.raises(OSError, match="the disk fails"):
            probe(file)


def test_a_damaged_file_that_leads_before_its_beginning_gets_a_verdict(tmp_path: Path) -> None:
    with samples.clip(tmp_path / "a.mp4").open("rb") as file:
        assert _Nameless(file).seek(-5) == -1

    with pytest.raises(ValueError, match="closed"):
        _Nameless(file).seek(0)
