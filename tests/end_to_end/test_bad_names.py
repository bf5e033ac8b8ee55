"""Names as bad as devices and attackers make them: bytes are kept, what is shown deceives nobody, no path climbs."""

from __future__ import annotations

import html
import http.client
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from tests.end_to_end.conftest import SHORT
from tests.server.intake.refusals import refused
from tests.support.aftermath import Instance, digest_of, logged_in, says
from tests.support.live_server import StationClient, metadata_of

from liuhen.core.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAMES = {
    "日常检查_20261123094210.mp4".encode("gb18030"): "日常检查_20261123094210.mp4",
    b"line\nbreak.mp4": "line⟨U+000A⟩break.mp4",
    b"n" * 251 + b".mp4": "n" * 251 + ".mp4",
    "记".encode() * 83 + b"00.mp4": "记" * 83 + "00.mp4",
    b"..mp4": "..mp4",
    b"..\\..\\etc\\passwd.mp4": "..\\..\\etc\\passwd.mp4",
    "\u202e4pm.exe.mp4".encode(): "⟨U+202E⟩4pm.exe.mp4",
    "\u2066a\u2069\u200f.mp4".encode(): "⟨U+2066⟩a⟨U+2069⟩⟨U+200F⟩.mp4",
    b"\xff\xfe.mp4": "⟨0xFF⟩⟨0xFE⟩.mp4",
    b"\x1b[2J.mp4": "⟨U+001B⟩[2J.mp4",
    b"<script>&amp;.mp4": "<script>&amp;.mp4",
}
"""Raw name: what people are shown."""


def _put(device: Path, path: bytes, data: bytes) -> None:
    whole = os.fsencode(device) + b"/" + path
    os.makedirs(os.path.dirname(whole), exist_ok=True)  # noqa: PTH103, PTH120 - names made of raw bytes
    with open(whole, "wb") as file:  # noqa: PTH123 - as above
        file.write(data)


def _variants(rushes: dict[str, bytes], count: int, tag: str) -> list[bytes]:
    """Return so many films that differ in their comments only."""
    return [rushes[SHORT].replace(b"film-0000", f"{tag}{number:04d}".encode()[-9:]) for number in range(count)]


def test_bad_names_keep_their_bytes_and_are_shown_without_deceiving(
    instance: Instance, rushes: dict[str, bytes], tmp_path: Path
) -> None:
    device = tmp_path / "device"
    films = dict(zip(NAMES, _variants(rushes, len(NAMES), "names"), strict=True))
    for name, data in films.items():
        _put(device, b"DCIM/" + name, data)

    done = instance.hand_in(device, "--clear-device")
    assert (done.code, done.troubles) == (0, []), done.words
    assert {one["name"] for one in done.of("file-cleared")} == {f"DCIM/{shown}" for shown in NAMES.values()}
    assert not {"\x1b", "\u202e", "\u2066", "\u200f"} & set(done.words)
    assert os.listdir(os.fsencode(device / "DCIM")) == []  # noqa: PTH208 - names made of raw bytes
    kept = {
        address: (bytes(raw), bytes(path), shown)
        for address, raw, path, shown in instance.rows(
            "SELECT sha256, name_raw, path_raw, name FROM recordings_recording"
        )
    }
    for name, data in films.items():
        assert kept[digest_of(data)] == (name, b"DCIM/" + name, NAMES[name])
    instance.holds(films.values())

    for language in ("zh-hans", "en"):
        with logged_in(instance, language) as pages:
            answer = pages.get("/recordings/")
        assert not {"\x1b", "\u202e", "\u2066", "\u200f"} & set(answer.text)
        assert "<script>&amp;.mp4" not in answer.text
        listed = html.unescape(answer.text)
        assert [shown for shown in NAMES.values() if shown not in listed] == []


def test_one_name_in_two_folders_is_two_recordings_and_one_film_twice_is_one(
    instance: Instance, rushes: dict[str, bytes], tmp_path: Path
) -> None:
    device = tmp_path / "device"
    one, two = _variants(rushes, 2, "alike")
    for folder, data in ((b"100", one), (b"101", two), (b"102", one)):
        _put(device, folder + b"/AMBA0001.MP4", data)

    done = instance.hand_in(device, "--clear-device")
    assert done.code == 0, done.words
    assert sorted(taken["duplicate"] for taken in done.ended["taken"]) == [False, False, True]
    told = [next(instance.home.rglob(one["receipt"])) for one in done.of("file-received")]
    receipts = [path.read_bytes() for path in told]
    assert (len(receipts), len(set(receipts))) == (3, 2), "a second hand-in is answered with the first receipt"
    assert [path for path in device.rglob("*") if path.is_file()] == []
    instance.holds([one, two])


def _outside(instance: Instance) -> set[str]:
    """Return everything beside the instance, and the names of everything in it but the vault's and the station's."""
    beside = {str(path) for path in instance.home.parent.rglob("*") if instance.home not in (path, *path.parents)}
    own = {str(path) for path in instance.home.rglob("*") if not {"vault", "states", "ledger"} & set(path.parts)}
    return beside | own


CLIMBING = [b"../../../../x.mp4", b"/etc/passwd", b"..", b"a/../../x.mp4", b"..\\..\\x.mp4"]


def test_a_declared_path_that_climbs_is_a_label_and_never_a_place(
    instance: Instance, station: StationClient, rushes: dict[str, bytes]
) -> None:
    before = _outside(instance)
    for path, data in zip(CLIMBING, _variants(rushes, len(CLIMBING), "climb"), strict=True):
        _, answer = station.sealed(data, name_raw=path, path_raw=path)
        assert answer.status_code == 201, answer.text
        assert station.verified(answer.content, data).name == path
        assert digest_of(data) in instance.objects()
    assert _outside(instance) == before
    instance.holds([])


def test_a_climbing_upload_is_refused_by_field_and_reason(instance: Instance, station: StationClient) -> None:
    before = _outside(instance)
    for field in ("upload", "collection"):
        answer = station.create(3, {**station.declaration(), field: "../../../x"})
        refused(answer, 400, "declaration-invalid")
        says(
            answer.json(),
            "declaration-invalid",
            zh=[field, "应为小写 UUID", "改正后重发"],
            en=[field, "a UUID in lower case is needed", "Correct it"],
        )
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "3", "Upload-Metadata": "filename Li4vLi4veA=="}
    refused(station.ask("POST", "uploads", headers=headers), 400, "tus-header")
    doubled = f"{metadata_of(station.declaration())},filename Li4vLi4veA=="
    answer = station.ask("POST", "uploads", headers={**headers, "Upload-Metadata": doubled})
    assert answer.status_code == 201, "what other clients say beside the declaration is not read"
    assert _outside(instance) == before
    instance.holds([])


@pytest.mark.parametrize("climb", ["..", "%2e%2e", "..%2f..", "%2e%2e%2f", "..\\..", "....//"])
@pytest.mark.parametrize("door", ["/intake/uploads/", "/media/", "/ledger/tile/", "/static/", "/recordings/"])
def test_no_address_climbs_out_of_what_it_serves(instance: Instance, door: str, climb: str) -> None:
    secret = (instance.home / "secrets" / "ledger.key").read_bytes().strip()
    for target in (f"{door}{climb}/secrets/ledger.key", f"{door}{climb}/{climb}/{climb}/secrets/ledger.key"):
        connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=30)
        try:
            connection.putrequest("GET", target, skip_accept_encoding=True)
            connection.endheaders()
            answer = connection.getresponse()
            assert secret not in answer.read()
            assert answer.status >= 300, target
        finally:
            connection.close()


def _path(table: dict[str, Any]) -> None:
    table["files"][0]["declaration"].update(path="Li4vLi4vLi4veC5tcDQ=", name="eC5tcDQ=")


def _digest(table: dict[str, Any]) -> None:
    table["files"][0]["digests"].update(sha256="../../../secrets/ledger.key")


def _upload(table: dict[str, Any]) -> None:
    table["files"][0]["declaration"].update(upload="../../../x")


def _collection(table: dict[str, Any]) -> None:
    table.update(collection="../../../x")


@pytest.mark.parametrize(("edit", "taken"), [(_path, True), (_digest, False), (_upload, False), (_collection, False)])
def test_a_portable_disk_whose_manifest_climbs_reads_and_writes_nothing_beside_it(
    edit: Callable[[dict[str, Any]], None],
    taken: bool,  # noqa: FBT001 - a parameter of the table
    *,
    instance: Instance,
    device: Path,
    films: dict[str, bytes],
    tmp_path: Path,
) -> None:
    disk = tmp_path / "disk"
    assert instance.hand_in(device, "--to-disk", str(disk)).code == 0
    (manifest,) = disk.glob("*/manifest.json")
    right = manifest.read_bytes()
    table = json.loads(right)
    edit(table)
    manifest.write_bytes(canonical(table))
    before = _outside(instance)

    done = instance.hand_in(disk, "--clear-device", state="second")
    assert _outside(instance) <= before
    if taken:
        assert done.code == 0, done.words
    else:
        assert done.code == 12, done.words
        says(
            done.trouble,
            "spool-damaged",
            zh=[str(disk), "manifest.json", "已损坏", "请从原设备重新采集"],
            en=[str(disk), "manifest.json", "is damaged", "collect from the device again"],
        )
        assert instance.sealed(films) == set()
        manifest.write_bytes(right)
        assert instance.hand_in(disk, "--clear-device", state="second").code == 0
    assert list(disk.iterdir()) == []
    instance.holds(films.values(), states=("second",))
