from __future__ import annotations

import datetime as dt
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen.collector.source.container import container_time

_MOMENT = "2026-11-23T09:42:10"
_SECONDS = int((dt.datetime.fromisoformat(_MOMENT) - dt.datetime(1904, 1, 1)).total_seconds())  # noqa: DTZ001 - a device's clock


def _read(data: bytes) -> str | None:
    return container_time(lambda offset, count: data[offset : offset + count], len(data))


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _mvhd(seconds: int, *, wide: bool = False) -> bytes:
    created = struct.pack(">Q", seconds) if wide else struct.pack(">I", seconds)
    return _box(b"mvhd", bytes([wide]) + b"\0\0\0" + created + bytes(80))


_FTYP = _box(b"ftyp", b"isom\0\0\0\0isom")
_MDAT64 = struct.pack(">I4sQ", 1, b"mdat", 16 + 1000) + bytes(1000)


def _avi(text: bytes) -> bytes:
    return b"RIFF\0\0\0\0AVI LIST\x40\0\0\0hdrl" + b"IDIT" + struct.pack("<I", len(text)) + text + bytes(100)


def _jpeg(text: bytes, order: str = "<", tag: int = 0x9003) -> bytes:
    head = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.Struct(order + "HHII").pack
    first = struct.pack(order + "IH", 8, 1) + entry(0x8769, 4, 1, 26) + bytes(4)
    second = struct.pack(order + "H", 1) + entry(tag, 2, 20, 44) + bytes(4)
    tiff = head + first + second + text + b"\0"
    exif = b"Exif\0\0" + tiff
    app0 = b"\xff\xe0" + struct.pack(">H", 4) + b"JF"
    return b"\xff\xd8" + app0 + b"\xff\xe1" + struct.pack(">H", 2 + len(exif)) + exif + b"\xff\xda"


@pytest.mark.parametrize(
    "data",
    [
        _FTYP + _box(b"moov", _mvhd(_SECONDS)),
        _FTYP + _box(b"moov", _mvhd(_SECONDS, wide=True)),
        _FTYP + _MDAT64 + _box(b"free", b"") + _box(b"moov", _box(b"udta", b"x") + _mvhd(_SECONDS)),
        _box(b"moov", _mvhd(_SECONDS)),
        _FTYP + b"\0\0\0\0moov" + _mvhd(_SECONDS),
        _avi(b"Mon Nov 23 09:42:10 2026\n\0"),
        _avi(b"MON NOV  23 09:42:10 2026"),
        _avi(b"2026-11-23 09:42:10"),
        _avi(b"2026:11:23 09:42:10"),
        _jpeg(b"2026:11:23 09:42:10"),
        _jpeg(b"2026:11:23 09:42:10", ">"),
    ],
    ids=[
        "mp4",
        "mp4-64",
        "mp4-moov-last",
        "mov",
        "mp4-to-the-end",
        "avi",
        "avi-upper",
        "avi-num",
        "avi-colons",
        "jpeg",
        "jpeg-big",
    ],
)
def test_the_creation_time_is_read_from_the_header(data: bytes) -> None:
    assert _read(data) == _MOMENT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0\0\0\x08ftyp",
        _FTYP + _box(b"moov", _mvhd(0)),
        _FTYP + _box(b"moov", _mvhd(2**64 - 1, wide=True)),
        _FTYP + _box(b"moov", _mvhd(1)),
        _FTYP + _box(b"moov", _mvhd(2_082_844_800)),
        _FTYP + _box(b"moov", _box(b"mvhd", b"\0\0")),
        _FTYP + _box(b"moov", _box(b"trak", b"")),
        _FTYP + struct.pack(">I4s", 4, b"moov"),
        _FTYP + struct.pack(">I4s", 2**31, b"moov"),
        _FTYP + _box(b"free", b"") * 100 + _box(b"moov", _mvhd(_SECONDS)),
        b"RIFF\0\0\0\0WAVEfmt ",
        _avi(b"")[:24],
        _avi(b"no time at all"),
        _avi(b"Mon Xyz 23 09:42:10 2026"),
        _avi(b"Mon Nov 31 09:42:10 2026"),
        _avi(b"1601-01-01 00:00:00"),
        b"RIFF\0\0\0\0AVI " + b"IDIT",
        b"\xff\xd8\xff\xda",
        b"\xff\xd8" + b"\xff\xe0\0\0" * 50,
        _jpeg(b"0000:00:00 00:00:00"),
        _jpeg(b"    :  :     :  :  "),
        _jpeg(b"2026:11:23 09:42:10", tag=0x9004),
        _jpeg(b"x").replace(b"II*\0", b"XX*\0"),
        _jpeg(b"x")[:34],
        b"\xff\xd8\xff\xe1\0\x0aExif\0\0II",
        b"\xff\xd8\xff\xe1\0\x12Exif\0\0II*\0\xff\xff\0\0",
        b"plain text, named .mp4",
    ],
)
def test_what_is_odd_has_no_creation_time(data: bytes) -> None:
    assert _read(data) is None


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", _FTYP, b"RIFF\0\0\0\0AVI IDIT", b"\xff\xd8\xff\xe1\0\x30Exif\0\0II*\0"]),
)
def test_no_content_can_break_the_reader(data: bytes, head: bytes) -> None:
    _read(head + data)


def test_a_hostile_file_is_read_a_bounded_number_of_times() -> None:
    reads: list[int] = []

    def read_at(offset: int, count: int) -> bytes:
        reads.append(count)
        return (_FTYP if offset == 0 else _box(b"moov", b"") * 3)[:count]

    container_time(read_at, 1 << 50)
    assert len(reads) < 300
    assert sum(reads) < 1 << 17
