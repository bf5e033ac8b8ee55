"""What is known of a recording, in words."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from django.utils import translation

from liuhen.core.entry import ObjectRef
from liuhen.core.events import EventType
from liuhen.server.ledger.interfaces import ChainLink
from liuhen.server.recordings.models import Recording
from liuhen.server.web.events import notes_of
from liuhen.server.web.facts import defects_of, format_of, source_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
VIDEO = {"type": "video", "codec": "h264", "width": 1920, "height": 1080, "frame_rate": 25.0}
SOUND = {"type": "audio", "codec": "aac", "sample_rate": 48000}


@pytest.fixture(autouse=True)
def in_chinese() -> Iterator[None]:
    with translation.override("zh-hans"):
        yield


@pytest.mark.parametrize(
    ("media", "text"),
    [
        ({}, ""),
        (
            {"container": MP4, "streams": [VIDEO, SOUND]},
            "MP4 · H.264 1920×1080 25 帧 · AAC 48 kHz",
        ),
        ({"container": "avi", "streams": [{"codec": "mjpeg"}]}, "AVI · Motion JPEG"),
        ({"container": "jpeg", "streams": [{"codec": "jpeg", "width": 640, "height": 480}]}, "JPEG · JPEG 640×480"),
        ({"container": "", "streams": [], "defects": ["empty"]}, ""),
    ],
)
def test_the_format_is_told_in_the_fields_own_names(media: dict[str, Any], text: str) -> None:
    assert format_of(Recording(media=media)) == text


def test_defects_and_sources_are_told_in_words_or_codes() -> None:
    recording = Recording(
        media={"defects": ["truncated", "new"]}, facts={"officer_code": {"value": "1", "source": "name"}}
    )
    assert defects_of(recording) == ["文件尾部残缺", "new"]
    assert (source_of(recording, "officer_code"), source_of(recording, "started")) == ("name", "")


@pytest.mark.parametrize(
    ("event", "facts", "notes"),
    [
        (EventType.RECORDING_SEALED, {"clock_error_ms": 1400}, ("1.4 GB", "设备时钟快 1.4 秒")),
        (EventType.RECORDING_SEALED, {"clock_error_ms": None}, ("1.4 GB",)),
        (EventType.RECORDING_DIGESTED, {"agree": True}, ("SHA-256、SM3 均与采集站一致",)),
        (EventType.RECORDING_DIGESTED, {"agree": False}, ("校验值与采集站不一致",)),
        (EventType.RECORDING_ANALYSED, {"kind": "video", "duration_ms": 31000}, ("视频", "时长 0:31")),
        (EventType.RECORDING_ANALYSED, {"kind": "photo", "duration_ms": None}, ("照片",)),
        (EventType.DERIVATIVE_MADE, {"kind": "preview"}, ("预览件", "1.4 GB", "原件未触及")),
        (EventType.TICKET_ENDED, {"reason": "returned"}, ("查阅人结束查阅",)),
        (EventType.TICKET_ENDED, {"reason": "revoked"}, ("保管人收回",)),
        (EventType.TICKET_ISSUED, {"holder": "person/1", "expires": "2026-11-23T08:30:00.000Z"},
         ("查阅人 王海燕", "至 16:30:00")),
        (EventType.TICKET_OPENED, {}, ()),
    ],
)  # fmt: skip
def test_an_event_says_what_happened(event: EventType, facts: dict[str, Any], notes: tuple[str, ...]) -> None:
    link = ChainLink(
        id=uuid.uuid4(),
        type=event,
        time=datetime(2026, 11, 23, 8, 0, tzinfo=UTC),
        subject=f"recording/{uuid.uuid4()}",
        actor="system",
        n=0,
        index=0,
        leaf_hash="0" * 64,
        objects=(ObjectRef(role="original", sha256="0" * 64, sm3=None, size=1_420_000_000),),
        facts=facts,
        details=None,
    )
    assert notes_of(link, {"person/1": "王海燕"}) == notes
