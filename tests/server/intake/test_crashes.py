"""The server killed at every step: nothing is lost, nothing is double, no receipt without a sealed original."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import httpx
import pytest

from liuhen.core.digests import digest_stream

if TYPE_CHECKING:
    from tests.server.intake.conftest import Starter
    from tests.support.live_server import LiveServer, StationClient

STEPS = [
    ("sha256", "kill-before"),
    ("seal", "kill-before"),
    ("seal", "kill-after"),
    ("discard", "kill-before"),
    ("discard", "kill-after"),
]


def _killed_while_sealing(server: LiveServer, station: StationClient, step: str, how: str, data: bytes) -> str:
    """Send `data`, have the server killed at a step of its sealing and started again; return the upload."""
    upload = station.uploaded(data)
    server.pull("fail", step=step, how=how)
    with pytest.raises(httpx.TransportError):
        station.seal(upload, data)
    server.restart()
    return upload


@pytest.mark.parametrize(("step", "how"), STEPS, ids=[f"{how} {step}" for step, how in STEPS])
def test_invariant_1_killed_while_sealing_nothing_comes_before_the_sealed_bytes_and_the_next_call_finishes(
    start: Starter, step: str, how: str
) -> None:
    server, station = start()
    data = secrets.token_bytes(300_000)
    sha256 = digest_stream([data]).sha256
    upload = _killed_while_sealing(server, station, step, how, data)
    is_entered = step == "discard"
    assert len(server.pull("recordings", sha256=sha256)) == is_entered
    assert server.pull("objects") == ([sha256] if is_entered or (step, how) == ("seal", "kill-after") else [])
    assert (station.ask("GET", f"uploads/{upload}/receipt").status_code == 200) is is_entered

    assert station.offset(upload) == len(data)
    answer = station.seal(upload, data)
    assert answer.status_code in {200, 201}
    facts = station.verified(answer.content, data)
    assert [row["id"] for row in server.pull("recordings", sha256=sha256)] == [str(facts.recording)]
    assert server.pull("objects") == [sha256]
    server.pull("sweep")
    assert server.pull("staged") == {}
    events = server.pull("events", subject=f"recording/{facts.recording}")
    assert [event["type"] for event in events] == ["recording:sealed"]
    assert station.ask("GET", f"uploads/{upload}/receipt").content == answer.content


@pytest.mark.parametrize(("step", "how"), STEPS[1:4], ids=[f"{how} {step}" for step, how in STEPS[1:4]])
def test_killed_while_sealing_another_upload_of_the_bytes_adopts_them(start: Starter, step: str, how: str) -> None:
    server, station = start()
    data = secrets.token_bytes(100_000)
    sha256 = digest_stream([data]).sha256
    upload = _killed_while_sealing(server, station, step, how, data)
    _, other = station.sealed(data)
    first = station.seal(upload, data)
    assert other.content == first.content
    assert len(server.pull("recordings", sha256=sha256)) == 1
    assert server.pull("objects") == [sha256]


@pytest.mark.parametrize("step", ["stage", "append", "flush"])
@pytest.mark.parametrize("how", ["kill-before", "kill-after"])
def test_killed_while_receiving_the_upload_is_resumed(start: Starter, step: str, how: str) -> None:
    server, station = start()
    data = secrets.token_bytes(500_000)
    upload = station.created(len(data))
    server.pull("fail", step=step, how=how, skip=0 if step == "stage" else 1)
    with pytest.raises(httpx.TransportError):
        station.patch(upload, 0, data)
    server.restart()
    offset = station.offset(upload)
    assert 0 <= offset <= len(data)
    station.patch(upload, offset, data[offset:])
    answer = station.seal(upload, data)
    assert answer.status_code == 201
    station.verified(answer.content, data)


def test_a_sealed_object_whose_row_is_missing_is_not_given_up(start: Starter) -> None:
    server, station = start()
    data = secrets.token_bytes(1000)
    upload = _killed_while_sealing(server, station, "seal", "kill-after", data)
    answer = station.ask("DELETE", f"uploads/{upload}", headers={"Tus-Resumable": "1.0.0"})
    assert (answer.status_code, answer.json()["code"]) == (409, "upload-sealed")
    assert station.patch(upload, len(data), b"").status_code == 204
    assert station.patch(upload, len(data), b"x").json()["code"] == "upload-longer"
    assert station.seal(upload, data).status_code == 201
