"""tus 1.0.0, header by header, over real HTTP."""

from __future__ import annotations

import base64
import uuid
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import pytest

from liuhen.core.digests import sha1, sha256
from tests.server.intake.refusals import refused
from tests.support.live_server import CHUNK, TUS, encoded, metadata_of
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from tests.server.intake.conftest import Starter
    from tests.support.live_server import LiveServer, StationClient

UNKNOWN = str(uuid.UUID(int=7))


def test_options_tells_what_is_spoken(station: StationClient) -> None:
    for path in ("uploads", f"uploads/{UNKNOWN}"):
        answer = station.ask("OPTIONS", path)
        assert answer.status_code == 204
        assert answer.headers["tus-resumable"] == "1.0.0"
        assert answer.headers["tus-version"] == "1.0.0"
        assert answer.headers["tus-extension"] == "creation,creation-with-upload,checksum,termination,expiration"
        assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"
        assert int(answer.headers["tus-max-size"]) == 64 << 30


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE"])
@pytest.mark.parametrize("version", [{}, {"Tus-Resumable": "0.2.2"}], ids=["none", "other"])
def test_another_version_of_tus_is_refused_with_the_one_spoken(
    station: StationClient, method: str, version: dict[str, str]
) -> None:
    answer = station.ask(method, f"uploads/{UNKNOWN}", headers=version)
    refused(answer, 412, "tus-version")
    assert answer.headers["tus-version"] == "1.0.0"


def test_a_method_in_a_header_is_refused(station: StationClient) -> None:
    answer = station.ask("HEAD", f"uploads/{UNKNOWN}", headers={**TUS, "X-HTTP-Method-Override": "DELETE"})
    refused(answer, 400, "method-override")


def test_creation_answers_where_the_upload_is_and_until_when(station: StationClient) -> None:
    declaration = station.declaration()
    answer = station.create(10, declaration)
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/intake/uploads/{declaration['upload']}"
    assert answer.headers["upload-offset"] == "0"
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert parsedate_to_datetime(answer.headers["upload-expires"]).year >= 2026


def test_a_repeated_creation_answers_the_present_offset(station: StationClient) -> None:
    declaration = station.declaration()
    station.create(10, declaration)
    station.patch(declaration["upload"], 0, b"1234")
    again = station.create(10, declaration)
    assert (again.status_code, again.headers["upload-offset"]) == (200, "4")
    assert again.headers["location"] == f"/intake/uploads/{declaration['upload']}"
    station.patch(declaration["upload"], 4, b"567890")
    station.seal(declaration["upload"], b"1234567890")
    sealed = station.create(10, declaration)
    assert (sealed.status_code, sealed.headers["upload-offset"]) == (200, "10")
    assert "upload-expires" not in sealed.headers


def test_the_same_uuid_for_another_file_or_by_another_station_is_refused(
    station: StationClient, second_station: StationClient
) -> None:
    declaration = station.declaration()
    station.create(10, declaration)
    refused(station.create(11, declaration), 409, "upload-differs")
    refused(station.create(10, {**declaration, "name": encoded("other.mp4")}), 409, "upload-differs")
    second_station.open()
    refused(second_station.create(10, declaration), 409, "upload-differs")
    refused(second_station.head(declaration["upload"]), 404, "upload-unknown")


def test_an_upload_needs_an_open_collection(station: StationClient) -> None:
    answer = station.create(1, station.declaration(collection=UNKNOWN))
    assert refused(answer, 404, "collection-unknown") == {"collection": UNKNOWN}


@pytest.mark.parametrize(
    ("headers", "header"),
    [
        ({"Upload-Length": "-1"}, "Upload-Length"),
        ({"Upload-Length": "ten"}, "Upload-Length"),
        ({"Upload-Length": "9" * 16}, "Upload-Length"),
        ({"Upload-Concat": "partial"}, "Upload-Concat"),
        ({"Upload-Metadata": ""}, "Upload-Metadata"),
        ({"Upload-Metadata": "name dmlkZW8="}, "Upload-Metadata"),
        ({"Upload-Metadata": "declaration %%%"}, "Upload-Metadata"),
        ({"Upload-Metadata": "declaration e30=,declaration e30="}, "Upload-Metadata"),
        ({"Upload-Metadata": "declaration " + "A" * 50_000}, "Upload-Metadata"),
        ({"Upload-Checksum": "md5 AAAA"}, "Upload-Checksum"),
        ({"Upload-Checksum": "sha1 AAAA"}, "Upload-Checksum"),
        ({"Upload-Checksum": "sha1 ?"}, "Upload-Checksum"),
    ],
)
def test_a_wrong_header_is_refused_by_name(station: StationClient, headers: dict[str, str], header: str) -> None:
    where = refused(station.create(10, headers=headers), 400, "tus-header")
    assert where["header"] == header
    assert set(where["reason"]) == {"zh", "en"}


def test_a_missing_length_and_one_to_follow_are_refused(station: StationClient) -> None:
    metadata = metadata_of(station.declaration())
    missing = station.ask("POST", "uploads", headers={**TUS, "Upload-Metadata": metadata})
    assert refused(missing, 400, "tus-header")["header"] == "Upload-Length"
    deferred = {**TUS, "Upload-Metadata": metadata, "Upload-Defer-Length": "1"}
    refused(station.ask("POST", "uploads", headers=deferred), 400, "upload-length-deferred")


def test_creation_with_upload_takes_the_first_bytes(station: StationClient) -> None:
    declaration = station.declaration()
    answer = station.create(10, declaration, headers=CHUNK, content=b"12345")
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "5")
    again = station.create(10, declaration, headers=CHUNK, content=b"12345")
    assert (again.status_code, again.headers["upload-offset"]) == (200, "5")
    wrong = station.create(10, headers={"Content-Type": "text/plain"}, content=b"12345")
    assert refused(wrong, 415, "content-type")["expected"] == "application/offset+octet-stream"


def test_head_tells_offset_length_metadata_and_is_not_kept_by_caches(station: StationClient) -> None:
    declaration = station.declaration()
    station.create(10, declaration)
    station.patch(declaration["upload"], 0, b"123")
    answer = station.head(declaration["upload"])
    assert answer.status_code == 200
    assert answer.headers["upload-offset"] == "3"
    assert answer.headers["upload-length"] == "10"
    assert answer.headers["upload-metadata"] == metadata_of(declaration)
    assert answer.headers["cache-control"] == "no-store"
    assert "upload-expires" in answer.headers


def test_patch_answers_the_new_offset(station: StationClient) -> None:
    upload = station.created(6)
    answer = station.patch(upload, 0, b"123")
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "3")
    assert "upload-expires" in answer.headers
    assert answer.headers["tus-resumable"] == "1.0.0"
    chunked = station.patch(upload, 3, iter([b"4", b"", b"56"]))
    assert (chunked.status_code, chunked.headers["upload-offset"]) == (204, "6")
    empty = station.patch(upload, 6, b"")
    assert (empty.status_code, empty.headers["upload-offset"]) == (204, "6")


def test_bytes_at_another_offset_are_refused(station: StationClient) -> None:
    upload = station.created(6)
    station.patch(upload, 0, b"123")
    for offset in (0, 2, 4, 6):
        where = refused(station.patch(upload, offset, b"x"), 409, "upload-offset")
        assert (where["given"], where["present"]) == (offset, 3)
    missing = station.ask("PATCH", f"uploads/{upload}", headers=CHUNK, content=b"x")
    assert refused(missing, 400, "tus-header")["header"] == "Upload-Offset"
    assert station.offset(upload) == 3


def test_a_body_past_the_length_is_refused_and_not_kept(station: StationClient) -> None:
    upload = station.created(6)
    station.patch(upload, 0, b"123")
    where = refused(station.patch(upload, 3, b"4567"), 400, "upload-longer")
    assert (where["length"], where["end"]) == (6, 7)
    refused(station.patch(upload, 3, iter([b"45", b"67"])), 400, "upload-longer")
    assert station.offset(upload) == 3
    station.patch(upload, 3, b"456")
    refused(station.patch(upload, 6, b"7"), 400, "upload-longer")
    refused(station.patch(upload, 6, iter([b"7"])), 400, "upload-longer")
    assert station.seal(upload, b"123456").status_code == 201
    refused(station.patch(upload, 6, b"7"), 400, "upload-longer")
    refused(station.patch(upload, 3, b"7"), 409, "upload-offset")


@pytest.mark.parametrize(("algorithm", "digest"), [("sha1", sha1), ("sha256", sha256)])
def test_a_right_checksum_is_accepted_and_a_wrong_one_leaves_nothing(
    station: StationClient, algorithm: str, digest: type[object]
) -> None:
    data = algorithm.encode() * 100_000
    upload = station.created(len(data) + 5)
    station.patch(upload, 0, b"start")
    wrong = f"{algorithm} {encoded(digest(b'other'))}"  # type: ignore[arg-type, call-arg]  # a function of bytes
    where = refused(station.patch(upload, 5, data, Upload_Checksum=wrong), 460, "upload-checksum")
    assert where["algorithm"] == algorithm
    assert station.offset(upload) == 5
    right = f"{algorithm} {encoded(digest(data))}"  # type: ignore[arg-type, call-arg]  # as above
    assert station.patch(upload, 5, data, Upload_Checksum=right).status_code == 204
    assert station.seal(upload, b"start" + data).status_code == 201


def test_an_offset_under_a_checksum_is_not_told_before_the_checksum_is_checked(
    server: LiveServer, station: StationClient
) -> None:
    data = b"x" * 1_000_000
    upload = station.created(len(data))
    right = base64.b64encode(sha1(data)).decode()
    with station.begin_patch(upload, 0, len(data), Upload_Checksum=f"sha1 {right}") as connection:
        connection.sendall(data[:-1])
        wait_for(lambda: server.pull("live", upload=upload), until=lambda received: received == len(data) - 1)
        assert station.offset(upload) == 0
        connection.sendall(data[-1:])
        assert connection.recv(12) == b"HTTP/1.1 204"
    assert station.offset(upload) == len(data)


def test_delete_gives_an_upload_up(server: LiveServer, station: StationClient) -> None:
    declaration = station.declaration()
    station.create(6, declaration)
    upload = declaration["upload"]
    station.patch(upload, 0, b"123")
    answer = station.ask("DELETE", f"uploads/{upload}", headers=TUS)
    assert (answer.status_code, answer.content) == (204, b"")
    refused(station.head(upload), 404, "upload-unknown")
    refused(station.patch(upload, 3, b"456"), 404, "upload-unknown")
    refused(station.seal(upload, b"123"), 404, "upload-unknown")
    refused(station.ask("DELETE", f"uploads/{upload}", headers=TUS), 404, "upload-unknown")
    assert upload not in server.pull("staged")
    assert [event["reason"] for event in server.pull("events", subject=f"upload/{upload}")] == ["given-up"]
    anew = station.create(6, declaration)
    assert (anew.status_code, anew.headers["upload-offset"]) == (201, "0")
    station.patch(upload, 0, b"abcdef")
    assert station.seal(upload, b"abcdef").status_code == 201


def test_what_is_sealed_is_not_given_up(station: StationClient) -> None:
    upload, answer = station.sealed(b"kept for good")
    refused(station.ask("DELETE", f"uploads/{upload}", headers=TUS), 409, "upload-sealed")
    assert station.ask("GET", f"uploads/{upload}/receipt").content == answer.content


def test_an_upload_expires_and_begins_anew(server: LiveServer, station: StationClient) -> None:
    declaration = station.declaration()
    station.create(6, declaration)
    upload = declaration["upload"]
    station.patch(upload, 0, b"123")
    server.pull("age", upload=upload, seconds=73 * 3600)
    assert "expired" in refused(station.patch(upload, 3, b"456"), 410, "upload-expired")
    refused(station.head(upload), 410, "upload-expired")
    refused(station.seal(upload, b"123456"), 410, "upload-expired")
    revived = station.create(6, declaration)
    assert (revived.status_code, revived.headers["upload-offset"]) == (200, "3")
    server.pull("age", upload=upload, seconds=73 * 3600)
    assert server.pull("sweep")["expired"] == [upload]
    assert upload not in server.pull("staged")
    refused(station.head(upload), 410, "upload-expired")
    assert [event["reason"] for event in server.pull("events", subject=f"upload/{upload}")] == ["expired"]
    anew = station.create(6, declaration)
    assert (anew.status_code, anew.headers["upload-offset"]) == (201, "0")


def test_an_upload_that_moves_is_given_its_whole_time_again(server: LiveServer, station: StationClient) -> None:
    upload = station.created(6)
    before = parsedate_to_datetime(station.head(upload).headers["upload-expires"])
    server.pull("age", upload=upload, seconds=48 * 3600)
    after = parsedate_to_datetime(station.patch(upload, 0, b"123").headers["upload-expires"])
    assert after >= before


def test_quotas_are_held(start: Starter) -> None:
    server, station = start(upload_limit_bytes="1000", station_open_uploads="2", station_staged_bytes="1500")
    assert refused(station.create(1001), 413, "upload-too-large") == {"length": 1001, "limit": 1000}
    first = station.created(900)
    where = refused(station.create(700), 429, "station-quota")
    assert where == {"what": {"zh": "在传字节数", "en": "bytes under way"}, "used": 900, "limit": 1500}
    station.created(600)
    assert refused(station.create(1), 429, "station-quota")["what"]["en"] == "files under way"
    station.patch(first, 0, b"x" * 900)
    assert station.seal(first, b"x" * 900).status_code == 201
    server.pull("free", claimed=(1 << 30) + 10)
    refused(station.create(11), 507, "vault-full")
    assert station.create(10).status_code == 201
