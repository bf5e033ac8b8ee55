from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY

from liuhen.core.tlog.tiles import tree_paths
from liuhen.server.accounts.roles import Role
from liuhen.server.ledger.asgi import PIECE, LedgerHandler
from liuhen.server.ledger.heads import write_heads
from tests.server.ledger.kit import AT, sequence, write
from tests.support.cast import make_cast
from tests.support.sessions import session_of

if TYPE_CHECKING:
    from liuhen.server.accounts.models import Person
    from liuhen.server.ledger.files import LedgerFolder


class Answer(NamedTuple):
    """What came back; `pieces` are the sizes of the body's parts."""

    status: int
    headers: dict[str, str]
    body: bytes
    pieces: list[int]


def ask(path: str, *, method: str = "GET", cookie: str = "", handler: LedgerHandler | None = None) -> Answer:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        raise AssertionError("a read-only handler reads no body")

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"cookie", cookie.encode())] if cookie else []
    scope = {"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""}
    asyncio.run((handler or LedgerHandler())(scope, receive, send))
    start, *parts = sent
    assert [part.get("more_body", False) for part in parts] == [True] * (len(parts) - 1) + [False]
    bodies = [part["body"] for part in parts]
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], found, b"".join(bodies), [len(body) for body in bodies])


@pytest.fixture
def grown(ledger: LedgerFolder) -> LedgerFolder:
    write(299)
    write_heads(at=AT)
    sequence()
    return ledger


def test_every_file_that_the_checkpoint_covers_is_served(grown: LedgerFolder) -> None:
    for path in (*tree_paths(301), "checkpoint", "key", "heads/2026-11-23.json"):
        got = ask(f"/ledger/{path}")
        assert (got.status, got.body) == (200, grown.read(path)), path
        assert got.headers["content-length"] == str(len(got.body))
        assert got.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        ("checkpoint", "text/plain; charset=utf-8", "no-store"),
        ("key", "text/plain; charset=utf-8", "no-store"),
        ("tile/0/000", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("tile/entries/000", "application/octet-stream", "public, max-age=31536000, immutable"),
        ("tile/0/001.p/45", "application/octet-stream", "public, max-age=3600"),
        ("heads/2026-11-23.json", "application/json; charset=utf-8", "public, max-age=3600"),
    ],
)
def test_each_kind_of_file_says_what_it_is_and_how_long_it_holds(
    grown: LedgerFolder, path: str, kind: str, cache: str
) -> None:
    got = ask(f"/ledger/{path}")
    assert (got.headers["content-type"], got.headers["cache-control"]) == (kind, cache)
    del grown


def test_head_gives_the_headers_alone(grown: LedgerFolder) -> None:
    full, head = ask("/ledger/tile/0/000"), ask("/ledger/tile/0/000", method="HEAD")
    assert (head.status, head.headers, head.body) == (200, full.headers, b"")
    missing = ask("/ledger/nothing", method="HEAD")
    assert (missing.status, missing.body) == (404, b"")
    del grown


def test_a_large_bundle_goes_out_in_pieces(ledger: LedgerFolder) -> None:
    write(256, facts={"text": "x" * 4000})
    sequence()
    got = ask("/ledger/tile/entries/000")
    assert got.body == ledger.read("tile/entries/000")
    assert len(got.body) > 3 * PIECE
    assert got.pieces[:-1] == [PIECE] * (len(got.pieces) - 1)
    assert 0 < got.pieces[-1] <= PIECE


@pytest.mark.parametrize(
    "path",
    [
        "",
        "nothing",
        "signer-state",
        "health.json",
        "lock",
        "../secrets/ledger.key",
        "tile/../../secrets/ledger.key",
        "tile/0/../../checkpoint",
        "heads/../checkpoint",
        "heads/2026-11-24.json",
        "heads/2026-11-23.json/",
        "heads/.2026-11-23.json.new",
        "checkpoint/",
        "/checkpoint",
        "key\x00",
        "tile/0/0",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/64/000",
        "tile/entries/000.p/7",
        "tile/0/x001/000",
        "tile/2/000",
        "tile/0/٠٠٠",
    ],
)
def test_any_other_path_is_not_there(grown: LedgerFolder, path: str) -> None:
    got = ask(f"/ledger/{path}")
    answer = json.loads(got.body)
    assert (got.status, answer["code"]) == (404, "ledger-file-missing")
    assert got.headers["cache-control"] == "no-store"
    assert answer["zh"]
    assert answer["en"]
    del grown


def test_what_lies_beyond_the_checkpoint_is_not_served(grown: LedgerFolder) -> None:
    for name in ("tile/0/001", "tile/0/001.p/46", "tile/entries/001.p/200"):
        (grown.root / name).write_bytes(b"half written")
        assert ask(f"/ledger/{name}").status == 404, name


def test_without_a_ledger_nothing_is_served(home: object) -> None:
    for path in ("checkpoint", "key", "tile/0/000"):
        assert ask(f"/ledger/{path}").status == 404
    del home


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "X" * 100])
def test_the_ledger_is_only_read(grown: LedgerFolder, method: str) -> None:
    got = ask("/ledger/checkpoint", method=method)
    assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")
    assert json.loads(got.body)["code"] == "read-only"
    del grown


def close_to_the_public() -> None:
    instance = settings.INSTANCE
    settings.INSTANCE = replace(instance, settings=replace(instance.settings, ledger_public=False))


def test_a_closed_ledger_asks_who_may_read(grown: LedgerFolder) -> None:
    close_to_the_public()
    asked: list[str] = []

    def allow(scope: dict[str, Any]) -> bool:
        asked.append(scope["path"])
        return str(scope["path"]).endswith("checkpoint")

    handler = LedgerHandler(authorise=allow)
    got = ask("/ledger/checkpoint", handler=handler)
    assert (got.status, got.headers["cache-control"]) == (200, "no-store")
    refused = ask("/ledger/tile/0/000", handler=handler)
    assert (refused.status, json.loads(refused.body)["code"]) == (403, "ledger-closed")
    assert asked == ["/ledger/checkpoint", "/ledger/tile/0/000"]
    del grown


def cookie_of(person: Person, **changes: str) -> str:
    return f"{settings.SESSION_COOKIE_NAME}={session_of(person, **changes)}"


def test_a_closed_ledger_is_open_to_the_auditor_alone(grown: LedgerFolder) -> None:
    close_to_the_public()
    cast = make_cast()
    for role in Role:
        got = ask("/ledger/tile/0/000", cookie=cookie_of(cast.holder(role)))
        assert got.status == (200 if role is Role.AUDITOR else 403), role
    for person in (cast.nobody, cast.outsider):
        assert ask("/ledger/tile/0/000", cookie=cookie_of(person)).status == 403
    del grown


def test_a_closed_ledger_stays_closed_without_a_living_session(grown: LedgerFolder) -> None:
    close_to_the_public()
    auditor = make_cast().auditor
    name = settings.SESSION_COOKIE_NAME
    for cookie in (
        "",
        f"{name}=",
        f"{name}=nonsense",
        "other=1",
        'a="b; ];;=x',
        cookie_of(auditor, **{HASH_SESSION_KEY: "x"}),
    ):
        assert ask("/ledger/checkpoint", cookie=cookie).status == 403, cookie
    living = cookie_of(auditor)
    assert ask("/ledger/checkpoint", cookie=living).status == 200
    auditor.is_active = False
    auditor.save()
    assert ask("/ledger/checkpoint", cookie=living).status == 403
    del grown


def test_a_file_cut_while_it_is_sent_breaks_the_answer_off(
    ledger: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(256, facts={"text": "x" * 4000})
    sequence()
    monkeypatch.setattr("liuhen.server.ledger.asgi._size_of", lambda _: 1 << 30)
    with pytest.raises(OSError, match="cut short"):
        ask("/ledger/tile/entries/000")
    del ledger


def test_a_file_that_cannot_be_opened_is_not_called_missing(
    grown: LedgerFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(OSError, match="Too many open files"):
        ask("/ledger/checkpoint")
    del grown


def test_a_file_that_cannot_be_read_is_let_go(grown: LedgerFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("liuhen.server.ledger.asgi._size_of", fail)
    with pytest.raises(OSError, match="Input/output"):
        ask("/ledger/checkpoint")
    del grown
