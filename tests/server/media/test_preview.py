"""The preview: whatever goes in, what comes out plays in a browser."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any

import av
import numpy as np
import pytest

from liuhen.server.media.tools.preview import preview
from liuhen.server.media.tools.refusal import RefusedError
from tests.server.media import samples

if TYPE_CHECKING:
    from pathlib import Path


class Played:
    """A preview, decoded to its end."""

    def __init__(self, path: Path) -> None:
        data = path.read_bytes()
        self.index_in_front = data.index(b"moov") < data.index(b"mdat")
        with av.open(path) as container:
            self.duration_s = (container.duration or 0) / 1e6
            self.starts_s = (container.start_time or 0) / 1e6
            self.codecs = [stream.codec_context.name for stream in container.streams]
            frames: list[Any] = list(container.decode())
        self.pictures = [frame for frame in frames if isinstance(frame, av.VideoFrame)]
        self.sound_s = sum(frame.samples / frame.sample_rate for frame in frames if isinstance(frame, av.AudioFrame))

    @property
    def size(self) -> tuple[int, int]:
        return self.pictures[0].width, self.pictures[0].height


def made(path: Path, *, picture: bool = True, sound: bool = True) -> tuple[dict[str, Any], Played]:
    folder = path.parent / "out"
    folder.mkdir(exist_ok=True)
    with path.open("rb") as file:
        answer = preview(file, folder, picture=picture, sound=sound)
    return answer, Played(folder / answer["file"])


def test_what_plays_already_is_copied(tmp_path: Path) -> None:
    answer, played = made(samples.demo_clip(tmp_path / "a.mp4"))

    assert answer["media_type"] == "video/mp4"
    assert answer["parameters"] == {
        "video": "copied",
        "audio": "copied",
        "width": 1280,
        "height": 720,
        "damaged_packets": 0,
    }
    assert played.index_in_front
    assert (played.codecs, played.size, len(played.pictures)) == (["h264", "aac"], (1280, 720), 50)
    assert [played.duration_s, played.sound_s] == pytest.approx([2, 2], abs=0.2)


@pytest.mark.parametrize(
    ("container", "codec", "sound", "pixels"),
    [
        ("mp4", "libx265", "aac", "yuv420p"),
        ("avi", "mjpeg", "pcm_s16le", "yuvj420p"),
        ("avi", "mpeg4", "libmp3lame", "yuv420p"),
        ("avi", "libx264", "pcm_alaw", "yuv420p"),
        ("mpegts", "libx264", "aac", "yuv420p"),
        ("mp4", "libx264", "aac", "yuv444p"),
    ],
)
def test_what_browsers_do_not_play_is_encoded(
    tmp_path: Path, container: str, codec: str, sound: str, pixels: str
) -> None:
    answer, played = made(samples.clip(tmp_path / "clip", container=container, codec=codec, sound=sound, pixels=pixels))

    assert answer["parameters"]["video"] == "h264"
    assert played.index_in_front
    assert (played.codecs, played.size, len(played.pictures)) == (["h264", "aac"], (160, 90), 50)
    assert played.pictures[0].format.name == "yuv420p"
    assert played.starts_s == pytest.approx(0, abs=0.1)
    assert [played.duration_s, played.sound_s] == pytest.approx([2, 2], abs=0.2)


def test_sound_alone_may_need_encoding(tmp_path: Path) -> None:
    answer, played = made(samples.clip(tmp_path / "a.mov", container="mov", sound="pcm_s16le"))

    assert (answer["parameters"]["video"], answer["parameters"]["audio"]) == ("copied", "aac")
    assert played.sound_s == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), (960, 540)), ((1080, 1920), (540, 960)), ((3000, 500), (1280, 214)), ((321, 181), (320, 180))],
)
def test_large_pictures_come_down_to_540_lines(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    made_clip = samples.clip(
        tmp_path / "a.avi", container="avi", codec="mjpeg", pixels="yuvj420p", sound=None, size=size, frames=3
    )

    _, played = made(made_clip)

    assert played.size == expected


@pytest.mark.parametrize(
    ("turn", "size", "white_corner"),
    [(90, (90, 160), (1, 0)), (-90, (90, 160), (0, 1)), (180, (160, 90), (1, 1))],
)
def test_a_turned_recorders_picture_comes_out_upright(
    tmp_path: Path, turn: int, size: tuple[int, int], white_corner: tuple[int, int]
) -> None:
    _, played = made(samples.clip(tmp_path / "a.mp4", rotation=turn))

    assert played.size == size
    assert played.pictures[0].rotation == 0
    assert brightest_corner(played.pictures[0].to_ndarray(format="rgb24")) == white_corner


def brightest_corner(pixels: Any) -> tuple[int, int]:
    """Return row and column (0 or 1) of the quarter that is brightest."""
    rows, columns = pixels.shape[0] // 2, pixels.shape[1] // 2
    quarters = {
        (row, column): pixels[row * rows : (row + 1) * rows, column * columns : (column + 1) * columns].mean()
        for row in (0, 1)
        for column in (0, 1)
    }
    return max(quarters, key=lambda quarter: float(quarters[quarter]))


def test_times_that_vary_stay_as_they_are(tmp_path: Path) -> None:
    times = [number * 40 + (number // 10) * 500 for number in range(50)]
    source = samples.clip(tmp_path / "a.mkv", container="matroska", codec="mpeg4", sound=None, times=times)

    _, played = made(source)

    shown = [round((frame.time or 0) * 1000) for frame in played.pictures]
    assert shown == pytest.approx(times, abs=2)


def test_a_video_without_sound_stays_silent(tmp_path: Path) -> None:
    answer, played = made(samples.clip(tmp_path / "a.mp4", sound=None), sound=False)

    assert answer["parameters"]["audio"] == "none"
    assert played.codecs == ["h264"]


@pytest.mark.parametrize(
    ("container", "codec", "how"), [("wav", "pcm_s16le", "aac"), ("mp3", "libmp3lame", "aac"), ("mp4", "aac", "copied")]
)
def test_a_voice_note_becomes_aac(tmp_path: Path, container: str, codec: str, how: str) -> None:
    answer, played = made(samples.sound_file(tmp_path / "note", container=container, codec=codec), picture=False)

    assert answer["media_type"] == "audio/mp4"
    assert (answer["parameters"]["video"], answer["parameters"]["audio"]) == ("none", how)
    assert played.codecs == ["aac"]
    assert played.sound_s == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize(("channels", "expected"), [("mono", 1), ("stereo", 2)])
def test_one_channel_stays_one_and_more_become_two(tmp_path: Path, channels: str, expected: int) -> None:
    source = samples.sound_file(tmp_path / "n.wav", container="wav", codec="pcm_s16le", channels=channels, rate=8000)

    made(source, picture=False)

    with av.open(tmp_path / "out" / "preview.mp4") as container:
        assert container.streams.audio[0].codec_context.channels == expected


def test_of_a_damaged_video_the_rest_is_shown(tmp_path: Path) -> None:
    source = samples.clip(tmp_path / "a.avi", container="avi", codec="mjpeg", pixels="yuvj420p", sound=None)
    data = bytearray(source.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 6_000] = np.random.default_rng(3).bytes(6_000)
    source.write_bytes(bytes(data))

    _, played = made(source, sound=False)

    assert 10 < len(played.pictures) <= 50


def test_what_is_cut_off_is_shown_to_where_it_ends(tmp_path: Path) -> None:
    whole = samples.clip(tmp_path / "a.mp4", codec="libx265", options={"movflags": "+faststart"}).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])

    _, played = made(tmp_path / "cut.mp4")

    assert 5 < len(played.pictures) < 50


@pytest.mark.parametrize("where", ["picture", "sound"])
def test_a_damaged_stream_is_not_copied(tmp_path: Path, where: str) -> None:
    source = samples.clip(tmp_path / "a.mp4", size=(320, 180))
    data = bytearray(source.read_bytes())
    with av.open(source) as container:
        streams = container.streams.video if where == "picture" else container.streams.audio
        (broken, *_) = [packet for packet in container.demux(streams[0]) if (packet.pts or 0) > 0 and packet.size > 60]
        at, size = broken.pos, broken.size
    assert at is not None
    data[at + 6 : at + size] = np.random.default_rng(5).bytes(size - 6)
    source.write_bytes(bytes(data))

    answer, played = made(source)

    assert answer["parameters"]["audio"] == "aac"
    assert len(played.pictures) >= 40


def test_a_leap_in_the_times_is_left_out(tmp_path: Path) -> None:
    times = [number * 40 + (number // 25) * 3_600_000 for number in range(50)]
    source = samples.clip(tmp_path / "a.mkv", container="matroska", codec="mpeg4", sound=None, times=times)

    _, played = made(source, sound=False)

    assert len(played.pictures) == 50
    assert played.duration_s == pytest.approx(2, abs=0.1)


def test_pictures_that_stand_still_in_time_are_left_out(tmp_path: Path) -> None:
    source = samples.clip(tmp_path / "a.avi", container="avi", codec="mjpeg", pixels="yuvj420p", sound=None)
    with av.open(source) as given, av.open(tmp_path / "b.mkv", "w", format="matroska") as output:
        stream = output.add_stream_from_template(given.streams.video[0])
        for number, packet in enumerate(given.demux(video=0)):
            if packet.size:
                packet.pts = packet.dts = number // 2 * 2
                packet.stream = stream
                output.mux(packet)

    _, played = made(tmp_path / "b.mkv", sound=False)

    assert len(played.pictures) == 25


def test_a_full_disk_is_no_verdict_about_the_file(tmp_path: Path) -> None:
    source = samples.demo_clip(tmp_path / "a.mp4")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "preview.mp4").symlink_to("/dev/full")

    with source.open("rb") as file, pytest.raises(OSError, match="No space left") as full:
        preview(file, tmp_path / "out", picture=True, sound=True)

    assert full.value.errno == errno.ENOSPC


@pytest.mark.parametrize("name", ["index-without-pictures.mp4", "header-only.avi"])
def test_where_nothing_can_be_decoded_there_is_no_preview(tmp_path: Path, name: str) -> None:
    make, _ = samples.DEFECTS[name]

    with pytest.raises(RefusedError):
        made(make(tmp_path / name))


def test_sound_that_cannot_be_decoded_makes_no_preview(tmp_path: Path) -> None:
    data = bytearray(samples.sound_file(tmp_path / "n.flac", container="flac", codec="flac").read_bytes())
    data[len(data) // 8 :] = bytes(len(data) - len(data) // 8)
    (tmp_path / "n.flac").write_bytes(bytes(data[:100]))

    with pytest.raises(RefusedError):
        made(tmp_path / "n.flac", picture=False)
