"""Addresses, keys, time and collections, over real HTTP."""

from __future__ import annotations

import asyncio
import json
import uuid
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from liuhen.core.forms import parse_time
from liuhen.server.intake import stations
from liuhen.server.intake.asgi import IntakeHandler
from liuhen.server.ledger.errors import SignerRefusesError
from liuhen.server.vault.errors import VaultFaultError
from tests.server.intake.refusals import refused
from tests.support.live_server import TUS

if TYPE_CHECKING:
    from typing import Never

    from liuhen.core.errors import LiuhenError
    from tests.server.intake.conftest import Starter
    from tests.support.live_server import LiveServer, StationClient

UNKNOWN = str(uuid.UUID(int=7))


def test_the_server_tells_its_time(station: StationClient) -> None:
    answer = station.ask("GET", "time")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"time"}
    parse_time(answer.json()["time"])


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer lhs_",
        "Bearer lhs_000000000000_{secret}",
        "Bearer lhs_{key}_wrong",
        "Bearer xxx_{key}_{secret}",
        "Basic lhs_{key}_{secret}",
        "Bearer lhs_{key}_{secret}\u00e9",
    ],
)
def test_a_request_without_a_right_key_is_refused_in_one_way(
    server: LiveServer, station: StationClient, authorization: str | None
) -> None:
    _, key, secret = station.key.split("_", 2)
    headers = httpx.Headers(encoding="latin-1")
    if authorization is not None:
        headers["Authorization"] = authorization.format(key=key, secret=secret)
    answer = httpx.get(f"{server.url}/intake/time", headers=headers)
    assert refused(answer, 401, "station-key-unknown") == {}
    assert answer.headers["www-authenticate"] == 'Bearer realm="intake"'


def test_a_revoked_key_is_told_so_and_a_wrong_secret_for_it_is_not(start: Starter) -> None:
    server, station = start()
    server.pull("revoke", key=station.key_id)
    server.pull("revoke", key=station.key_id)
    assert refused(station.ask("GET", "time"), 401, "station-key-revoked")["key"] == station.key_id
    station.key = f"lhs_{station.key_id}_wrong"
    refused(station.ask("GET", "time"), 401, "station-key-unknown")
    events = [event["type"] for event in server.pull("events", subject=f"station/{station.station}")]
    assert events == ["station:registered", "station:key-issued", "station:key-revoked"]


def test_an_unknown_address_and_an_unknown_method_are_refused(station: StationClient) -> None:
    refused(station.ask("GET", "nothing"), 404, "address-unknown")
    refused(station.ask("GET", f"uploads/{UNKNOWN.upper()}x"), 404, "address-unknown")
    answer = station.ask("PUT", f"uploads/{UNKNOWN}")
    refused(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "OPTIONS, HEAD, PATCH, DELETE"
    assert answer.headers["tus-resumable"] == "1.0.0"


def test_a_collection_is_opened_once_and_repeating_it_is_harmless(server: LiveServer, station: StationClient) -> None:
    collection = station.open()
    again = station.ask("PUT", f"collections/{collection}", json=station.opening())
    assert (again.status_code, again.json()) == (200, {"collection": collection})
    other = station.ask("PUT", f"collections/{collection}", json=station.opening(device="7654327"))
    assert refused(other, 409, "collection-differs") == {"collection": collection}
    events = server.pull("events", subject=f"collection/{collection}")
    assert [event["type"] for event in events] == ["collection:opened"]
    assert events[0]["actor"] == f"station/{station.station}"
    assert events[0]["clock_error_ms"] == 1400


def test_another_stations_collection_is_not_to_be_had(station: StationClient, second_station: StationClient) -> None:
    collection = station.open()
    refused(second_station.ask("PUT", f"collections/{collection}", json=station.opening()), 409, "collection-differs")
    closing = {"v": 1, "closed": "2026-11-23T09:00:00.000Z", "taken": [], "skipped": [], "cleared": []}
    refused(second_station.ask("POST", f"collections/{collection}/close", json=closing), 404, "collection-unknown")


def test_a_carried_collection_without_device_is_taken(server: LiveServer, station: StationClient) -> None:
    carried = {"station": UNKNOWN, "spooled": "2026-11-23T07:00:00.000Z"}
    clock = {"method": "unknown", "error_ms": None, "measured": None, "uncertainty_ms": None}
    collection = station.open(device=None, clock=clock, carried=carried)
    assert server.pull("events", subject=f"collection/{collection}")[0]["carried_from"] == UNKNOWN


def test_closing_twice_alike_is_one_event_and_a_later_close_replaces_the_summary(
    server: LiveServer, station: StationClient
) -> None:
    collection = station.open()
    skip = {"name": "全角\u3000空格\u202e.mp4", "reason": "not-media"}
    closing = {"v": 1, "closed": "2026-11-23T09:00:00.000Z", "taken": [UNKNOWN], "skipped": [skip], "cleared": []}
    for _ in range(2):
        answer = station.ask("POST", f"collections/{collection}/close", json=closing)
        assert (answer.status_code, answer.json()) == (200, {"collection": collection})
    assert server.pull("progress", collection=collection)["skipped"] == [["全角\u3000空格⟨U+202E⟩.mp4", "not-media"]]
    station.ask("POST", f"collections/{collection}/close", json={**closing, "skipped": [], "cleared": [UNKNOWN]})
    assert server.pull("progress", collection=collection)["skipped"] == []
    events = server.pull("events", subject=f"collection/{collection}")
    counts = [(event["taken"], event["skipped"], event["cleared"]) for event in events[1:]]
    assert counts == [(1, 1, 0), (1, 0, 1)]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", "-"),
        (b"[]", "-"),
        (b"\xff", "-"),
        (b'{"v":1,"v":1}', "v"),
        (b'{"v":NaN}', "-"),
        (b"[" * 60_000, "-"),
        (b"{}", "carried"),
    ],
    ids=["cut", "no object", "not UTF-8", "key twice", "NaN", "too deep", "empty"],
)
def test_a_body_that_is_no_message_is_refused(station: StationClient, body: bytes, field: str) -> None:
    answer = station.ask("PUT", f"collections/{UNKNOWN}", content=body)
    assert refused(answer, 400, "request-invalid")["field"] == field


def test_a_body_beyond_any_message_is_refused_before_it_is_read(station: StationClient) -> None:
    answer = station.ask("PUT", f"collections/{UNKNOWN}", content=b" " * (3 << 20))
    assert refused(answer, 413, "intake-body-too-large") == {"limit": 65536}
    assert answer.headers["connection"] == "close"
    chunked = station.ask("PUT", f"collections/{UNKNOWN}", content=iter([b" " * 50_000] * 2))
    refused(chunked, 413, "intake-body-too-large")


def test_a_clock_set_back_stops_intake_until_it_is_right_again(start: Starter) -> None:
    server, station = start()
    upload = station.uploaded(b"before")
    server.pull("shift", seconds=-3600)
    assert "seconds" in refused(station.ask("GET", "time"), 503, "clock-set-back")
    refused(station.seal(upload, b"before"), 503, "clock-set-back")
    server.pull("shift", seconds=-20)
    assert station.ask("GET", "time").status_code == 200
    server.pull("shift", seconds=0)
    answer = station.seal(upload, b"before")
    assert answer.status_code == 201
    station.verified(answer.content, b"before")


def test_a_fault_of_the_program_is_told_by_a_number(server: LiveServer, station: StationClient) -> None:
    upload = station.created(4)
    server.pull("fail", step="sha256", how="bug")
    assert station.patch(upload, 0, b"data").status_code == 204
    where = refused(station.seal(upload, b"data"), 500, "intake-fault")
    assert len(where["incident"]) == 8
    assert station.seal(upload, b"data").status_code == 201


def test_invariant_12_every_refusal_is_json_in_utf8_with_both_languages(station: StationClient) -> None:
    answer = station.ask("HEAD", f"uploads/{UNKNOWN}", headers=TUS)
    assert refused(answer, 404, "upload-unknown") == {}
    assert answer.content == b""
    body = station.ask("PATCH", f"uploads/{UNKNOWN}", headers={**TUS, "Content-Type": "text/plain"}).content
    assert "请求内容类型" in json.loads(body.decode())["zh"]


def asked_alone(path: str) -> tuple[int, dict[str, Any]]:
    """Ask the handler itself, without a server; return status and body."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(IntakeHandler()({"method": "GET", "path": path, "headers": []}, receive, send))
    return sent[0]["status"], json.loads(sent[1]["body"])


def test_a_path_cannot_write_lines_of_its_own_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", logger="liuhen"):
        status, body = asked_alone("/intake/x\n2026-11-23 08:00:00 INFO liuhen 原件 handed over\x1b[2J")
    assert (status, body["code"]) == (404, "address-unknown")
    (line,) = caplog.messages
    assert line.isascii()
    assert line.isprintable()
    assert "address-unknown" in line


@pytest.mark.parametrize(
    ("error", "status", "told"),
    [
        (SignerRefusesError(size=1, signed=2), 500, "intake-fault: SignerRefusesError"),
        (VaultFaultError(where="vault", reason="I/O error"), 503, "vault-fault: I/O error"),
    ],
    ids=["not in the protocol", "the server's own trouble"],
)
def test_what_the_administrator_has_to_know_is_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: LiuhenError, status: int, told: str
) -> None:
    code, logged = told.split(": ")

    def authenticate(_header: str) -> Never:
        raise error

    monkeypatch.setattr(stations, "authenticate", authenticate)
    answered, body = asked_alone("/intake/time")
    assert (answered, body["code"]) == (status, code)
    assert logged in caplog.text
