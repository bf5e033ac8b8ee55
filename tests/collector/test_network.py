"""The network fails in every way it can; nothing is lost, nothing is sealed twice, the work is finished."""

from __future__ import annotations

import tempfile
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.collector.fake_server import fake_server
from tests.collector.faults import Fault, FaultyNetwork, cut_at_byte, refusal
from tests.collector.kit import IntakeServer, Station, device_with, left_on

from liuhen.collector.transport.http import _in_chinese
from liuhen.core.digests import sha256

_BIG = bytes(range(256)) * 4096 * 3 + b"tail"


@pytest.fixture
def big_device(tmp_path: Path) -> Path:
    return device_with(tmp_path / "device", {"AMBA0001.MP4": _BIG})


def _is_whole(server: IntakeServer, *contents: bytes) -> bool:
    return sorted(one.sha256 for one in server.sealed()) == sorted(sha256(data).hex() for data in contents)


_REQUESTS = {
    "time": ("GET", "/intake/time"),
    "open": ("PUT", "/intake/collections/[^/]+"),
    "create": ("POST", "/intake/uploads"),
    "append": ("PATCH", "/intake/uploads/[^/]+"),
    "seal": ("POST", "/intake/uploads/[^/]+/seal"),
    "close": ("POST", "/intake/collections/[^/]+/close"),
}


@pytest.mark.parametrize(("method", "path"), _REQUESTS.values(), ids=_REQUESTS.keys())
def test_a_lost_answer_does_no_harm(
    method: str, path: str, *, far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault(method, path, lose_answer=True, times=2))

    done = far_station.collect(device, "--clear-device")

    assert done.code == 0, done.words
    assert len(server.sealed()) == 3
    assert len(server.openings()) == 1
    assert left_on(device) == set()


@pytest.mark.parametrize(("method", "path"), _REQUESTS.values(), ids=_REQUESTS.keys())
@pytest.mark.parametrize("status", [500, 502, 503, 429])
def test_a_server_that_fails_for_a_while_is_asked_again(
    method: str,
    path: str,
    status: int,
    *,
    far_station: Station,
    server: IntakeServer,
    network: FaultyNetwork,
    device: Path,
) -> None:
    network.add(Fault(method, path, answer=(status, b"<html>oh no</html>"), times=2))

    assert far_station.collect(device).code == 0
    assert len(server.sealed()) == 3


@pytest.mark.parametrize("after", [0, 1, 65_536, 1 << 20, (1 << 20) + 1, len(_BIG) - 1, len(_BIG)])
def test_a_body_that_breaks_off_is_taken_up_where_it_broke(
    after: int, far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    network.add(Fault("PATCH", cut_after=after, times=3))

    assert far_station.collect(big_device).code == 0
    assert _is_whole(server, _BIG)


def test_what_the_server_holds_is_not_sent_again(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    network.add(Fault("PATCH", cut_after=1 << 20))
    network.add(Fault("PATCH", times=99, answer=(503, b"")))

    assert far_station.collect(big_device, patience=0.5).code == 5
    (upload,) = [one["upload"] for one in server.declarations()]
    network.requests.clear()
    network.mend()
    assert far_station.collect(big_device).code == 0

    assert [one["upload"] for one in server.declarations()] == [upload]
    assert len(server.openings()) == 1
    assert _is_whole(server, _BIG)


def test_a_network_that_stays_down_is_said_and_the_next_run_goes_on(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.down = True
    done = far_station.collect(device, patience=0.3)

    assert done.code == 5
    assert done.troubles == ["server-unreachable"]
    assert server.sealed() == []

    network.down = False
    assert far_station.collect(device).code == 0
    assert len(server.sealed()) == 3


def test_a_network_that_goes_down_midway_leaves_a_collection_that_the_next_run_finishes(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("POST", ".*/seal", skip=1, times=1000, answer=(503, b"")))
    done = far_station.collect(device, "--clear-device", "--parallel", "1", patience=0.3)

    assert done.code == 5
    assert len(server.sealed()) == 1
    assert all(path.exists() for path in device.rglob("*.*"))
    assert len(far_station.unfinished()) == 1

    network.mend()
    done = far_station.collect(device, "--clear-device")
    assert done.code == 0
    assert len(server.openings()) == 1
    assert len(done.ended["taken"]) == 3
    assert len(server.sealed()) == 3
    assert left_on(device) == set()
    assert far_station.unfinished() == []


def test_a_request_still_writing_is_waited_for(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, device: Path
) -> None:
    network.add(Fault("PATCH", answer=(423, refusal("upload-locked")), times=2))
    network.add(Fault("HEAD", answer=(423, b""), times=1))

    assert far_station.collect(device).code == 0
    assert len(server.sealed()) == 3


@pytest.mark.parametrize("status", [404, 410])
def test_an_upload_that_the_server_forgot_starts_anew(
    status: int, far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    network.add(Fault("PATCH", cut_after=1 << 20))
    network.add(Fault("HEAD", answer=(status, b"")))

    assert far_station.collect(big_device).code == 0
    assert len(server.declarations()) == 2
    assert _is_whole(server, _BIG)


def test_a_whole_upload_that_the_server_forgot_before_its_seal_starts_anew(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    with network.refusing("POST", ".*/seal"):
        assert far_station.collect(big_device, patience=0.3).code == 5
    network.add(Fault("POST", ".*/seal", answer=(404, refusal("upload-unknown"))))
    assert far_station.collect(big_device).code == 0
    assert _is_whole(server, _BIG)


def test_a_whole_upload_is_sealed_without_being_read_again(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    with network.refusing("POST", ".*/seal"):
        assert far_station.collect(big_device, patience=0.3).code == 5
    network.requests.clear()
    assert far_station.collect(big_device).code == 0
    assert {method for method, _ in network.requests} == {"GET", "PUT", "POST"}
    assert _is_whole(server, _BIG)


def test_bytes_that_turn_on_the_way_are_refused_and_sent_again_next_time(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    network.add(Fault("PATCH", flip_at=1_234_567))
    done = far_station.collect(big_device, "--clear-device")

    assert done.code == 3
    assert done.skipped() == {"AMBA0001.MP4": "digest-mismatch"}
    assert server.sealed() == []
    assert (big_device / "AMBA0001.MP4").exists()

    done = far_station.collect(big_device, "--clear-device")
    assert done.code == 0
    assert _is_whole(server, _BIG)
    assert not (big_device / "AMBA0001.MP4").exists()


def test_an_offset_beyond_what_was_sent_is_not_believed(
    far_station: Station, server: IntakeServer, network: FaultyNetwork, big_device: Path
) -> None:
    network.add(Fault("POST", "/intake/uploads", answer=(201, b"")))

    done = far_station.collect(big_device)
    assert done.code == 7
    assert done.troubles == ["server-answer-unknown"]
    assert server.sealed() == []


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, 6000), answers=st.booleans())
def test_a_connection_cut_at_any_byte_loses_nothing_and_doubles_nothing(
    at: int, *, answers: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with fake_server(folder) as server, cut_at_byte(server.url, at, answers=answers) as url:
            device = device_with(folder / "device", {"AMBA0001.MP4": b"one" * 300, "AMBA0001.GPS": b"track"})
            station = Station(server, folder, capsys)
            station.url = url
            done = station.collect(device, "--clear-device")

            assert done.code == 0, done.words
            assert _is_whole(server, b"one" * 300, b"track")
            assert len(station.receipts()) == 2
            assert left_on(device) == set()
            assert station.unfinished() == []


@pytest.mark.parametrize("kind", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError, httpx.ProxyError])
def test_what_broke_is_told_in_chinese_without_the_librarys_english(kind: type[httpx.TransportError]) -> None:
    words = _in_chinese(kind("Server disconnected without sending a response."))
    assert words
    assert not any(character.isascii() for character in words)
