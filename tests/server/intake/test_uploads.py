"""Bytes on their way: cuts, resumption, two at once, silence, a key revoked half-way."""

from __future__ import annotations

import json
import secrets
import select
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.server.intake.refusals import refused
from tests.support.live_server import read_answer
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    import httpx

    from tests.server.intake.conftest import Starter
    from tests.support.live_server import LiveServer, StationClient


def _reset(connection: socket.socket) -> None:
    """Close with a reset, as a pulled cable looks to the server once it notices."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _arrived(server: LiveServer, upload: str, count: int) -> None:
    wait_for(lambda: server.pull("live", upload=upload), until=lambda received: received == count)


@given(size=st.integers(0, 400_000), cuts=st.lists(st.tuples(st.integers(0, 400_000), st.booleans()), max_size=4))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_upload_cut_anywhere_is_resumed_and_sealed_whole(
    server: LiveServer, station: StationClient, size: int, cuts: list[tuple[int, bool]]
) -> None:
    data = secrets.token_bytes(size)
    upload = station.created(size)
    offset = 0
    for cut, hard in cuts:
        sent = min(cut, size - offset)
        with station.begin_patch(upload, offset, size - offset) as connection:
            connection.sendall(data[offset : offset + sent])
            if offset == size:
                read_answer(connection)
            else:
                _arrived(server, upload, offset + sent)
            if hard:
                _reset(connection)
        end = offset + sent
        offset = wait_for(partial(station.offset, upload), until=end.__le__)
        assert offset == end
    if offset < size:
        assert station.patch(upload, offset, data[offset:]).status_code == 204
    answer = station.seal(upload, data)
    assert answer.status_code in {200, 201}
    station.verified(answer.content, data)


def test_of_two_bodies_at_once_one_is_locked_out(server: LiveServer, station: StationClient) -> None:
    data = secrets.token_bytes(300_000)
    upload = station.created(len(data))
    server.pull("fail", step="append", how="hold")
    with station.begin_patch(upload, 0, len(data)) as connection:
        connection.sendall(data)
        assert server.pull("held")
        assert refused(station.patch(upload, 0, data), 423, "upload-locked") == {"upload": upload}
        refused(station.ask("DELETE", f"uploads/{upload}", headers={"Tus-Resumable": "1.0.0"}), 423, "upload-locked")
        refused(station.seal(upload, data), 423, "upload-locked")
        assert station.offset(upload) == 0
        server.pull("release")
        assert read_answer(connection).status == 204
    assert station.seal(upload, data).status_code == 201


def test_a_silent_body_gives_way_to_the_next_request(server: LiveServer, station: StationClient) -> None:
    data = secrets.token_bytes(300_000)
    upload = station.created(len(data))
    with station.begin_patch(upload, 0, len(data)) as connection:
        connection.sendall(data[:100_000])
        _arrived(server, upload, 100_000)
        answer = wait_for(
            lambda: station.patch(upload, 100_000, data[100_000:]), until=lambda found: found.status_code != 423
        )
        assert answer.status_code == 204
        silent = read_answer(connection)
        assert silent.status == 408
        assert b'"offset":100000' in silent.content
    assert station.seal(upload, data).status_code == 201


def test_another_station_cannot_disturb_a_silent_body(
    server: LiveServer, station: StationClient, second_station: StationClient
) -> None:
    upload = station.created(300_000)
    with station.begin_patch(upload, 0, 300_000) as connection:
        connection.sendall(b"x" * 1000)
        _arrived(server, upload, 1000)
        while not select.select([connection], [], [], 0)[0]:
            assert second_station.head(upload).status_code == 404
            assert second_station.patch(upload, 1000, b"y").status_code == 404
            assert second_station.seal(upload, b"y").status_code == 404
        silent = json.loads(read_answer(connection).content)
    assert silent["where"]["seconds"] >= 1, "it was broken off before its time"


def test_a_body_that_stops_coming_is_given_up_with_what_it_brought(server: LiveServer, station: StationClient) -> None:
    upload = station.created(300_000)
    with station.begin_patch(upload, 0, 300_000) as connection:
        connection.sendall(b"x" * 1000)
        answer = read_answer(connection)
        assert answer.status == 408
        assert answer.headers["Liuhen-Code"] == "upload-silent"
    assert station.offset(upload) == 1000
    assert server.pull("staged")[upload] == 1000


def test_a_body_that_trickles_is_made_durable_as_it_comes(station: StationClient) -> None:
    upload = station.created(1_000_000)
    enough = threading.Event()

    def trickle(connection: socket.socket) -> int:
        sent = 0
        while not enough.wait(0.01):
            connection.sendall(b"x")
            sent += 1
        return sent

    with station.begin_patch(upload, 0, 1_000_000) as connection, ThreadPoolExecutor(1) as pool:
        trickling = pool.submit(trickle, connection)
        told = wait_for(lambda: station.offset(upload))
        enough.set()
        assert 0 < told <= trickling.result() < 1_000_000
    wait_for(lambda: station.offset(upload), until=lambda offset: offset == trickling.result())


def test_offsets_told_while_a_long_body_comes_are_durable(server: LiveServer, station: StationClient) -> None:
    data = secrets.token_bytes(2_000_000)
    upload = station.created(len(data))
    with station.begin_patch(upload, 0, len(data)) as connection:
        connection.sendall(data[:1_500_000])
        offset = wait_for(lambda: station.offset(upload), until=lambda found: found >= 1_000_000)
        server.kill()
    server.start()
    assert station.offset(upload) >= offset
    resumed = station.offset(upload)
    assert station.patch(upload, resumed, data[resumed:]).status_code == 204
    answer = station.seal(upload, data)
    assert answer.status_code == 201
    station.verified(answer.content, data)


def test_a_key_revoked_half_way_ends_the_body_and_loses_nothing(start: Starter) -> None:
    server, station = start()
    data = secrets.token_bytes(1_000_000)
    upload = station.created(len(data))
    fresh = server.pull("new_key", like=station.key_id)
    with station.begin_patch(upload, 0, len(data)) as connection:
        connection.sendall(data[:300_000])
        _arrived(server, upload, 300_000)
        server.pull("revoke", key=station.key_id)
        connection.sendall(data[300_000:900_000])
        answer = read_answer(connection)
        assert (answer.status, answer.headers["Liuhen-Code"]) == (401, "station-key-revoked")
    refused(station.head(upload), 401, "station-key-revoked")
    refused(station.seal(upload, data), 401, "station-key-revoked")
    renewed = type(station)(server, fresh)
    offset = renewed.offset(upload)
    assert 256 << 10 <= offset < 900_000
    assert renewed.patch(upload, offset, data[offset:]).status_code == 204
    assert renewed.seal(upload, data).status_code == 201


def test_many_stations_bodies_at_once_stay_apart_and_small(server: LiveServer, station: StationClient) -> None:
    station.open()

    def hand_in(number: int) -> httpx.Response:
        data = bytes([number]) * 3_000_000
        return station.sealed(data)[1]

    before = server.peak_rss()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(hand_in, range(1, 25)))
    assert [answer.status_code for answer in answers] == [201] * 24
    assert server.peak_rss() - before < 64 << 20


def test_a_refused_body_of_any_length_still_gets_its_answer(station: StationClient) -> None:
    upload = station.created(20_000_000)
    with station.begin_patch(upload, 5, 15_000_000) as connection:
        sender = threading.Thread(target=connection.sendall, args=(b"x" * 15_000_000,))
        sender.start()
        answer = read_answer(connection)
        sender.join()
        assert (answer.status, answer.headers["Connection"]) == (409, "close")


def test_a_client_that_waits_to_be_asked_sends_nothing_when_it_is_refused(station: StationClient) -> None:
    upload = station.created(20_000_000)
    with station.begin_patch(upload, 5, 15_000_000, Expect="100-continue") as connection:
        assert connection.recv(12) == b"HTTP/1.1 409"
    with station.begin_patch(upload, 0, 3, Expect="100-continue") as connection:
        assert connection.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"abc")
        assert read_answer(connection).status == 204


def test_the_intake_page_sees_bytes_as_they_arrive(server: LiveServer, station: StationClient) -> None:
    collection = station.open()
    upload = station.created(1_000_000)
    assert server.pull("progress", collection=collection)["files"] == {upload: ["receiving", 0, 1_000_000]}
    with station.begin_patch(upload, 0, 1_000_000) as connection:
        connection.sendall(b"x" * 400_000)
        wait_for(
            lambda: server.pull("progress", collection=collection)["files"][upload],
            until=lambda file: file == ["receiving", 400_000, 1_000_000],
        )
