"""Files that are no media, or less or more than was said: kept, sealed, marked, or refused in plain words."""

from __future__ import annotations

import html
import uuid
from typing import TYPE_CHECKING

import pytest
from tests.server.intake.refusals import refused
from tests.server.media.samples import clip
from tests.support.aftermath import Instance, copied, digest_of, left_on, logged_in, says
from tests.support.waiting import wait_for
from tools.i18n import LANGUAGES, LOCALE, compile_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx
    from tests.support.live_server import StationClient
    from tests.support.served import Served

WORDS = {
    "empty.mp4": ("empty", "文件为空", "the file is empty", "无法解析", "Unreadable"),
    "text-named.mp4": ("not-media", "不是音像文件", "not a picture or sound", "无法解析", "Unreadable"),
    "cut-before-its-index.mp4": ("index-missing", "缺少索引", "its index is missing", "无法解析", "Unreadable"),
    "cut-behind-its-index.mp4": ("truncated", "文件尾部残缺", "cut off at the end", "部分受损", "Damaged in part"),
}
"""File name: its defect, the words for it in both languages, and those for its state."""


for _language in LANGUAGES:
    compile_catalogue(LOCALE / _language / "LC_MESSAGES" / "django.po")


@pytest.fixture(scope="module")
def library(template: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """An instance with its worker, as `liuhen serve` makes it."""
    made = copied(template, tmp_path_factory.mktemp("library") / "home", faulty=False, vault_reserve_bytes="0")
    yield made
    made.stop()


def _bad_films(folder: Path) -> dict[str, bytes]:
    """Return one file for each defect, made from films that PyAV wrote."""
    late = clip(folder / "late.mp4").read_bytes()
    early = clip(folder / "early.mp4", options={"movflags": "+faststart"}).read_bytes()
    return {
        "sound.mp4": late,
        "empty.mp4": b"",
        "text-named.mp4": "这不是视频。\n".encode() * 400,
        "cut-before-its-index.mp4": late[: len(late) // 2],
        "cut-behind-its-index.mp4": early[: len(early) // 2],
    }


def test_files_that_are_no_media_are_kept_sealed_and_marked(library: Instance, tmp_path: Path) -> None:
    films = _bad_films(tmp_path)
    device = tmp_path / "device"
    device.mkdir()
    for name, data in films.items():
        (device / name).write_bytes(data)

    done = library.hand_in(device)
    assert (done.code, done.troubles, done.skipped()) == (0, [], {}), done.words
    assert library.promised(films) == set(films)
    wait_for(lambda: not library.rows("SELECT id FROM recordings_recording WHERE state = 'sealed'"), seconds=60)
    marked = {
        address: (state, media)
        for address, state, media in library.rows("SELECT sha256, state, media FROM recordings_recording")
    }
    for name, (defect, *_) in WORDS.items():
        state, media = marked[digest_of(films[name])]
        assert state == ("analysed" if defect == "truncated" else "unreadable")
        assert f'"{defect}"' in media
    assert marked[digest_of(films["sound.mp4"])][0] == "analysed"
    _pages_tell(library, films)

    done = library.hand_in(device, "--clear-device")
    assert done.code == 0, done.words
    assert left_on(device) == set()
    library.holds(films.values())


def _pages_tell(library: Instance, films: dict[str, bytes]) -> None:
    """Check that the Recording page says in both languages what is wrong, and what that means for the original."""
    with logged_in(library, "zh-hans") as chinese, logged_in(library, "en") as english:
        for name, (_, zh, en, state_zh, state_en) in WORDS.items():
            of_film = "SELECT id FROM recordings_recording WHERE sha256 = ?"
            ((recording,),) = library.rows(of_film, digest_of(films[name]))
            address = f"/recordings/{uuid.UUID(recording)}/"
            page = _text(chinese.get(address))
            assert [words for words in (name, zh, state_zh, "第十八条") if words not in page] == []
            page = _text(english.get(address))
            assert [words for words in (name, en, state_en, "digest at intake") if words not in page] == []


def _text(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer
    return html.unescape(answer.text)


def _says(answer: httpx.Response, status: int, code: str, *, zh: list[str], en: list[str]) -> None:
    refused(answer, status, code)
    says(answer.json(), code, zh=zh, en=en)


def test_bytes_beyond_the_declared_length_are_refused_with_both_lengths_and_the_upload_goes_on(
    instance: Instance, station: StationClient, films: dict[str, bytes]
) -> None:
    data = next(iter(films.values()))
    upload = station.created(len(data))
    _says(
        station.patch(upload, 0, data + b"more"),
        400,
        "upload-longer",
        zh=[upload, f"{len(data)} 字节", f"{len(data) + 4}", "核对文件后重新申报"],
        en=[upload, f"{len(data)} bytes", f"{len(data) + 4}", "Check the file and declare it anew"],
    )
    offset = station.offset(upload)
    assert station.patch(upload, offset, data[offset:]).status_code == 204
    answer = station.seal(upload, data)
    assert answer.status_code == 201
    station.verified(answer.content, data)
    instance.holds([])


def test_an_upload_shorter_than_declared_is_not_sealed_until_the_rest_has_come(
    instance: Instance, station: StationClient, films: dict[str, bytes]
) -> None:
    data = next(iter(films.values()))
    upload = station.created(len(data))
    assert station.patch(upload, 0, data[:-100]).status_code == 204
    _says(
        station.seal(upload, data),
        409,
        "upload-incomplete",
        zh=[upload, f"应有 {len(data)} 字节", f"实收 {len(data) - 100} 字节", "续传缺少的部分"],
        en=[upload, f"should have {len(data)} bytes", f"has {len(data) - 100}", "Send the rest"],
    )
    refused(station.ask("GET", f"uploads/{upload}/receipt"), 404, "receipt-unknown")
    assert digest_of(data) not in instance.objects()

    assert station.patch(upload, len(data) - 100, data[-100:]).status_code == 204
    _says(
        station.seal(upload, data[:-1]),
        409,
        "upload-incomplete",
        zh=[upload, f"应有 {len(data) - 1} 字节", f"实收 {len(data)} 字节"],
        en=[upload, f"should have {len(data) - 1} bytes", f"has {len(data)}"],
    )
    answer = station.seal(upload, data)
    assert answer.status_code == 201
    station.verified(answer.content, data)
    instance.holds([])


def test_of_two_bodies_for_one_upload_at_once_one_is_told_to_wait(
    instance: Instance, station: StationClient, films: dict[str, bytes]
) -> None:
    data = next(iter(films.values()))
    upload = station.created(len(data))
    with station.begin_patch(upload, 0, len(data)) as first:
        first.sendall(data[: 1 << 20])
        wait_for(lambda: instance.staged() > 0)
        _says(
            station.patch(upload, 0, data),
            423,
            "upload-locked",
            zh=[upload, "正由另一个请求处理", "等它结束后重试"],
            en=[upload, "Another request is at work", "Try again when it has ended"],
        )
        first.sendall(data[1 << 20 :])
        wait_for(lambda: station.offset(upload) == len(data))
    answer = station.seal(upload, data)
    assert answer.status_code == 201
    station.verified(answer.content, data)
    instance.holds([])
