"""The creation time that a container's header tells: MP4 and MOV (mvhd), AVI (IDIT), JPEG (Exif).

Tiny readers on purpose: they look for one value, read a bounded number of bytes whatever the file claims, and
answer None to anything odd. The server's worker does the real probing.
"""

from __future__ import annotations

import datetime as dt
import re
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    ReadAt = Callable[[int, int], bytes]

__all__ = ["container_time"]

_MAX_BOXES: Final = 64
_MP4_EPOCH: Final = dt.datetime(1904, 1, 1)  # noqa: DTZ001 - devices write their wall clock here, whatever the standard says
_YEARS: Final = range(1970, 2100)
_HEAD: Final = 1 << 16
_BOX: Final = 8
_WIDE_BOX: Final = 16
_JPEG_APP1: Final = 0xE1
_TIFF_HEADER: Final = 8
_TIFF_COUNT: Final = struct.Struct("H").size
_TIFF_ENTRY: Final = 12
_TIFF_DATE_TIME_ORIGINAL: Final = 0x9003
_TIFF_EXIF_IFD: Final = 0x8769
_TIFF_MAX_ENTRIES: Final = 200
_MONTHS: Final = {
    name: at
    for at, name in enumerate(["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1)
}


def container_time(read_at: ReadAt, size: int) -> str | None:
    """Return the creation time in the header of a file of `size` bytes as device time, or None.

    `read_at(offset, count)` returns at most `count` bytes from `offset`. At most 64 headers of boxes and 64 KiB
    are read. The value is a wall clock as the device wrote it; 1904 and 1970 at midnight mean "never set".
    """
    head = read_at(0, 16)
    moment: dt.datetime | None = None
    if head[4:8] in {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"}:
        moment = _mp4(read_at, size)
    elif head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        moment = _avi(read_at(0, _HEAD))
    elif head[:2] == b"\xff\xd8":
        moment = _jpeg(read_at(0, _HEAD))
    if moment is None or moment.year not in _YEARS:
        return None
    return None if moment == dt.datetime(1970, 1, 1) else moment.isoformat()  # noqa: DTZ001 - as above


def _boxes(read_at: ReadAt, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, start of content, end) of the boxes in [start, end) (ISO/IEC 14496-12, 4.2)."""
    at = start
    for _ in range(_MAX_BOXES):
        header = read_at(at, _WIDE_BOX) if at + _BOX <= end else b""
        if len(header) < _BOX:
            return
        length, content = int.from_bytes(header[:4]), _BOX
        if length == 1 and len(header) == _WIDE_BOX:
            length, content = int.from_bytes(header[8:]), _WIDE_BOX
        elif length == 0:
            length = end - at
        if length < content or at + length > end:
            return
        yield header[4:8], at + content, at + length
        at += length


def _mp4(read_at: ReadAt, size: int) -> dt.datetime | None:
    for kind, start, end in _boxes(read_at, 0, size):
        if kind == b"moov":
            for inner, content, _ in _boxes(read_at, start, end):
                if inner == b"mvhd":
                    return _mvhd(read_at(content, 12))
    return None


def _mvhd(data: bytes) -> dt.datetime | None:
    """Read the creation time of a movie header (ISO/IEC 14496-12, 8.2.2): version, flags, then 32 or 64 bits."""
    wide = data[:1] == b"\x01"
    raw = data[4:12] if wide else data[4:8]
    if len(raw) != (8 if wide else 4):
        return None
    seconds = int.from_bytes(raw)
    try:
        return _MP4_EPOCH + dt.timedelta(seconds=seconds) if seconds else None
    except OverflowError:
        return None


def _avi(head: bytes) -> dt.datetime | None:
    """Read the IDIT chunk: text such as `Mon Nov 23 09:42:10 2026`, or with numbers only."""
    at = head.find(b"IDIT")
    if at < 0 or at + 8 > len(head):
        return None
    length = min(int.from_bytes(head[at + 4 : at + 8], "little"), 64)
    text = head[at + 8 : at + 8 + length].decode("ascii", "replace").strip("\0 \r\n").lower()
    worded = re.fullmatch(r"[a-z]{3} ([a-z]{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})", text, re.ASCII)
    if worded is not None and worded[1] in _MONTHS:
        return _moment(worded[6], _MONTHS[worded[1]], *worded.group(2, 3, 4, 5))
    numbered = re.fullmatch(r"(\d{4})[-:/](\d\d)[-:/](\d\d) (\d\d):(\d\d):(\d\d)", text, re.ASCII)
    return None if numbered is None else _moment(*numbered.groups())


def _jpeg(head: bytes) -> dt.datetime | None:
    """Find the Exif segment (APP1) and its DateTimeOriginal."""
    at = 2
    while head[at : at + 1] == b"\xff" and at + 4 <= len(head):
        length = int.from_bytes(head[at + 2 : at + 4])
        if head[at + 1] == _JPEG_APP1 and head[at + 4 : at + 10] == b"Exif\0\0":
            return _exif(head[at + 10 : at + 2 + length])
        at += 2 + max(length, 2)
    return None


def _exif(tiff: bytes) -> dt.datetime | None:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4])
    if order is None or len(tiff) < _TIFF_HEADER:
        return None
    exif = _entry(tiff, order, struct.unpack(order + "I", tiff[4:8])[0], _TIFF_EXIF_IFD)
    found = None if exif is None else _entry(tiff, order, exif, _TIFF_DATE_TIME_ORIGINAL)
    if found is None:
        return None
    text = tiff[found : found + 19].decode("ascii", "replace")
    shown = re.fullmatch(r"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)", text, re.ASCII)
    return None if shown is None else _moment(*shown.groups())


def _entry(tiff: bytes, order: str, directory: int, tag: int) -> int | None:
    """Return the value or offset of `tag` in the directory at `directory` (TIFF 6.0, section 2)."""
    counted = tiff[directory : directory + 2]
    count = struct.unpack(order + "H", counted)[0] if len(counted) == _TIFF_COUNT else 0
    for index in range(min(count, _TIFF_MAX_ENTRIES)):
        entry = tiff[directory + 2 + _TIFF_ENTRY * index :][:_TIFF_ENTRY]
        if len(entry) < _TIFF_ENTRY:
            return None
        found, _, _, value = struct.unpack(order + "HHII", entry)
        if found == tag:
            return int(value)
    return None


def _moment(*parts: str | int) -> dt.datetime | None:
    year, month, day, hour, minute, second = map(int, parts)
    try:
        return dt.datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - as above
    except ValueError:
        return None
