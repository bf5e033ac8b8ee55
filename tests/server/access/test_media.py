"""Content over HTTP: byte for byte to the holder of a live ticket in the session that opened it, to nobody else."""

from __future__ import annotations

import asyncio
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from types import NoneType
from typing import TYPE_CHECKING

import httpx
import pytest
from django.db import IntegrityError, OperationalError

from liuhen.server.access import asgi, delivery, services
from liuhen.server.access.asgi import MediaHandler
from liuhen.server.access.models import RangeServed, Viewing, ViewTicket
from liuhen.server.accounts.roles import Role
from liuhen.server.accounts.selectors import actor_of
from liuhen.server.accounts.services import grant_role, revoke_role
from liuhen.server.kernel import clock
from liuhen.server.kernel.actor import SYSTEM
from tests.support.asgi_server import serving
from tests.support.recordings import enter
from tests.support.sessions import session_of
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Never

    from liuhen.server.recordings.models import Recording
    from tests.support.cast import Cast

CONTENT = bytes(range(256)) * 8192  # 2 MiB
LONG = 24 << 20


@dataclass
class Stage:
    """A served media handler, a recording in the vault, and its opened ticket."""

    cast: Cast
    recording: Recording
    ticket: ViewTicket
    session: str
    address: tuple[str, int]

    def path(self, part: str = "original", ticket: object = None) -> str:
        return f"/media/{ticket or self.ticket.id}/{part}"

    def ask(
        self, method: str = "GET", *, session: str | None = None, path: str = "", beside: str = "a=b", **headers: str
    ) -> httpx.Response:
        """Ask for `path`, by default the original; `beside` are cookies of other programs on the same host."""
        host, port = self.address
        cookie = {b"Cookie": f"{beside}; sessionid={self.session if session is None else session}".encode()}
        fields = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
        return httpx.request(method, f"http://{host}:{port}{path or self.path()}", headers={**cookie, **fields})


def staged(cast: Cast, content: bytes, address: tuple[str, int]) -> Stage:
    at = clock.now()
    recording = enter(cast.brigade, content=content, in_vault=True, at=at, officer=cast.officer)
    ticket = services.issue_ticket(
        recording=recording,
        holder=cast.legal,
        reason="案情研判",
        minutes=30,
        actor=cast.actor(Role.CUSTODIAN),
        at=at,
    )
    session = session_of(cast.legal)
    services.open_ticket(ticket_id=ticket.id, session_key=session, actor=cast.actor(Role.LEGAL), at=at)
    return Stage(cast, recording, ticket, session, address)


@pytest.fixture
def stage(transactional_db: None, cast: Cast) -> Iterator[Stage]:
    del transactional_db
    with serving(MediaHandler()) as address:
        yield staged(cast, CONTENT, address)


def rows(stage: Stage, *, ended: bool = True) -> list[RangeServed]:
    """Return what was written down at the ends of responses, or before their first bytes."""
    found = RangeServed.objects.filter(viewing__ticket=stage.ticket, sent__isnull=not ended)
    return list(found.order_by("id"))


def test_the_whole_content_comes_byte_for_byte_and_is_kept_by_no_cache(stage: Stage) -> None:
    answer = stage.ask()
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "video/mp4"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["etag"] == f'"{stage.recording.sha256}"'


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=262143-262145", 262143, 262146),
        ("bytes=-7", len(CONTENT) - 7, len(CONTENT)),
        ("bytes=1048577-", 1048577, len(CONTENT)),
    ],
)
def test_a_range_comes_byte_for_byte_and_is_written_down(stage: Stage, asked: str, start: int, end: int) -> None:
    answer = stage.ask(Range=asked)
    assert (answer.status_code, answer.content) == (206, CONTENT[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    (row,) = wait_for(lambda: rows(stage))
    assert (row.sha256, row.start, row.end, row.sent) == (stage.recording.sha256, start, end, end - start)
    (begun,) = rows(stage, ended=False)
    assert (begun.response, begun.sha256, begun.start, begun.end) == (row.response, row.sha256, start, end)


@pytest.mark.parametrize("asked", ["bytes=9-3", "bytes=0-1,4-5", f"bytes={len(CONTENT)}-"])
def test_a_malformed_range_is_refused_with_the_size(stage: Stage, asked: str) -> None:
    answer = stage.ask(Range=asked)
    assert (answer.status_code, answer.json()["code"]) == (416, "range-refused")
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_if_range_of_other_content_gives_all(stage: Stage) -> None:
    assert stage.ask(Range="bytes=0-1", If_Range='"other"').status_code == 200
    assert stage.ask(Range="bytes=0-1", If_Range=f'"{stage.recording.sha256}"').status_code == 206


def test_head_tells_the_size_and_sends_nothing(stage: Stage) -> None:
    answer = stage.ask("HEAD", Range="bytes=0-1")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert rows(stage) == []


def test_invariant_6_what_cannot_be_written_down_is_not_sent(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> Never:
        raise OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "note_ranges", full)
        answer = stage.ask()
    assert (answer.status_code, answer.json()["code"]) == (503, "range-not-recorded")
    assert stage.ask(Range="bytes=0-0").content == CONTENT[:1]
    wait_for(lambda: rows(stage))
    assert [row.end for row in rows(stage, ended=False)] == [1]


def test_content_is_only_read(stage: Stage) -> None:
    answer = stage.ask("POST")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.article(16)
def test_without_session_nothing_is_sent(stage: Stage) -> None:
    for session in ("", "x" * 32):
        answer = stage.ask(session=session)
        assert (answer.status_code, answer.json()["code"]) == (401, "session-missing")
    assert rows(stage) == []


@pytest.mark.parametrize("beside", ['theme={"dark":true}', "user name=1", "n=张三", "=", "sessionid"])
def test_odd_cookies_of_other_programs_do_not_end_playback(stage: Stage, beside: str) -> None:
    assert stage.ask(beside=beside).content == CONTENT


@pytest.mark.article(16)
@pytest.mark.parametrize("name", ["custodian", "system_admin", "security_admin", "auditor", "outsider", "officer"])
def test_invariant_6_nobody_else_reads_on_the_ticket(stage: Stage, name: str) -> None:
    answer = stage.ask(session=session_of(getattr(stage.cast, name)))
    assert (answer.status_code, answer.json()["code"]) == (404, "ticket-missing")


def test_another_session_of_the_holder_has_to_open_for_itself(stage: Stage) -> None:
    answer = stage.ask(session=session_of(stage.cast.legal))
    assert (answer.status_code, answer.json()["code"]) == (403, "playback-not-opened")


def test_posters_and_thumbnails_are_content_too(stage: Stage) -> None:
    for part in ("preview", "poster", "thumbnails", "waveform"):
        assert stage.ask(session="", path=stage.path(part)).status_code == 401
        assert stage.ask(path=stage.path(part)).json()["code"] == "content-missing"


def test_an_unknown_ticket_and_an_unknown_part_are_not_found(stage: Stage) -> None:
    assert stage.ask(path=stage.path(ticket=uuid.uuid4())).status_code == 404
    assert stage.ask(path=stage.path("receipt")).status_code == 404


def test_an_expired_ticket_gives_nothing(stage: Stage) -> None:
    ViewTicket.objects.filter(id=stage.ticket.id).update(
        issued_at=clock.now() - timedelta(hours=2), expires_at=clock.now() - timedelta(hours=1)
    )
    assert stage.ask().json()["code"] == "ticket-ended"


def test_invariant_8_who_became_an_administrator_is_refused(stage: Stage) -> None:
    at = clock.now()
    revoke_role(person=stage.cast.legal, role=Role.LEGAL, actor=SYSTEM, at=at)
    grant_role(person=stage.cast.legal, role=Role.SYSTEM_ADMIN, actor=SYSTEM, at=at)
    answer = stage.ask()
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")


def test_a_closed_account_and_a_changed_password_end_playback(stage: Stage) -> None:
    stage.cast.legal.set_password("another one 另一个")
    stage.cast.legal.save()
    assert stage.ask().status_code == 401


def test_many_at_once_are_each_given_their_own_bytes(stage: Stage) -> None:
    def one(number: int) -> bool:
        start = number * 40_000
        answer = stage.ask(Range=f"bytes={start}-{start + 99_999}")
        return answer.content == CONTENT[start : start + 100_000]

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(one, range(40)))
    wait_for(lambda: len(rows(stage)) == 40)


def slow_reader(stage: Stage) -> socket.socket:
    """Return a connection that has asked for all and taken the first bytes of the answer only."""
    connection = socket.create_connection(stage.address)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    lines = (f"GET {stage.path()} HTTP/1.1", "Host: x", f"Cookie: sessionid={stage.session}", "", "")
    connection.sendall("\r\n".join(lines).encode())
    taken = b""
    while len(taken) < 1 << 15:
        taken += connection.recv(1 << 12)
    assert taken.startswith(b"HTTP/1.1 200")
    return connection


@pytest.fixture
def long_stage(transactional_db: None, cast: Cast) -> Iterator[Stage]:
    del transactional_db
    with serving(MediaHandler()) as address:
        yield staged(cast, b"\0" * LONG, address)


def test_a_ticket_revoked_while_bytes_flow_ends_the_flow(long_stage: Stage) -> None:
    with slow_reader(long_stage) as connection:
        services.end_ticket(ticket_id=long_stage.ticket.id, actor=actor_of(long_stage.cast.custodian), at=clock.now())
        (row,) = wait_for(lambda: rows(long_stage))
        assert 0 < (row.sent or 0) < LONG
        taken = 0
        while piece := connection.recv(1 << 20):
            taken += len(piece)
        assert taken < LONG


def test_what_was_sent_before_a_client_left_is_written_down(long_stage: Stage) -> None:
    slow_reader(long_stage).close()
    (row,) = wait_for(lambda: rows(long_stage))
    assert (row.start, row.end) == (0, LONG)
    assert 0 < (row.sent or 0) < LONG


def test_invariant_6_what_is_sent_is_written_down_before_its_first_byte(long_stage: Stage) -> None:
    """So whatever becomes of the server, what may have been seen is known."""
    with slow_reader(long_stage):
        (begun,) = rows(long_stage, ended=False)
        assert (begun.start, begun.end) == (0, long_stage.recording.size)
        assert rows(long_stage) == []
    (ended,) = wait_for(lambda: rows(long_stage))
    assert ended.response == begun.response
    assert ended.sent is not None
    assert 0 < ended.sent < long_stage.recording.size


def test_a_database_that_fails_while_bytes_flow_breaks_the_answer_off_and_is_logged(
    long_stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(**_: object) -> Never:
        raise OperationalError("disk I/O error")

    with slow_reader(long_stage):
        monkeypatch.setattr(asgi, "admit", fail)
        (row,) = wait_for(lambda: rows(long_stage))
    assert 0 < (row.sent or 0) < LONG
    assert "broke off" in caplog.text


def test_a_row_that_can_never_be_written_holds_up_no_other(stage: Stage) -> None:
    viewing = Viewing.objects.get(ticket=stage.ticket)

    def row(sent: int | None) -> RangeServed:
        return RangeServed(viewing=viewing, sha256=stage.recording.sha256, start=0, end=1, sent=sent, at=clock.now())

    async def note(*noted: RangeServed) -> list[BaseException | None]:
        recorder = delivery.RangeRecorder()
        outcomes = await asyncio.gather(*(recorder.note(one) for one in noted), return_exceptions=True)
        await recorder.note(row(None))
        return outcomes

    assert [type(one) for one in asyncio.run(note(row(None), row(-1), row(1)))] == [NoneType, IntegrityError, NoneType]
    assert [type(one) for one in asyncio.run(note(row(None), row(1), row(-1)))] == [NoneType, NoneType, IntegrityError]
    assert (len(rows(stage)), len(rows(stage, ended=False))) == (2, 4)


def test_whatever_fails_between_no_row_counts_as_written_that_is_not(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewing = Viewing.objects.get(ticket=stage.ticket)
    starts = [
        RangeServed(viewing=viewing, sha256=stage.recording.sha256, start=0, end=1, at=clock.now()) for _ in range(4)
    ]
    failures = [None, IntegrityError("one of them"), OperationalError("disk I/O error")]

    def failing(*, served: Sequence[RangeServed]) -> None:
        if failures and (failure := failures.pop(0)) is not None:
            raise failure
        services.note_ranges(served=served)

    async def note() -> list[BaseException | None]:
        recorder = delivery.RangeRecorder()
        return await asyncio.gather(*(recorder.note(one) for one in starts), return_exceptions=True)

    monkeypatch.setattr(delivery, "note_ranges", failing)
    outcomes = asyncio.run(note())
    assert [type(one) for one in outcomes] == [NoneType, OperationalError, NoneType, NoneType]
    written = set(RangeServed.objects.values_list("id", flat=True))
    assert written == {row.id for row, outcome in zip(starts, outcomes, strict=True) if outcome is None}


def test_fifty_slow_clients_hold_no_thread(long_stage: Stage) -> None:
    slow = [slow_reader(long_stage) for _ in range(50)]
    assert long_stage.ask(Range="bytes=5-9").content == b"\0" * 5
    for connection in slow:
        connection.close()
    wait_for(lambda: len(rows(long_stage)) == 51)
