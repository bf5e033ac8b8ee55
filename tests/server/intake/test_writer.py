"""Taking in a body: whose silence it is when nothing comes."""

from __future__ import annotations

import asyncio
import threading
import uuid
from typing import TYPE_CHECKING, Any

from liuhen.server.intake.http import Body
from liuhen.server.intake.live import Live
from liuhen.server.intake.writer import Pace, Writer
from liuhen.server.vault.adapters.local import LocalStore

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from liuhen.server.vault.interfaces import Staged

PIECE = 1000
LONG_AGO_S = 1_000_000.0


def writer_of(staged: Staged, receive: Callable[[], Awaitable[dict[str, Any]]], live: Live) -> Writer:
    async def go_on() -> None:
        pass

    body = Body(receive, length=3 * PIECE, expected=True)
    return Writer(
        staged,
        body,
        live,
        upload=uuid.uuid4(),
        length=3 * PIECE,
        checksum=None,
        guard=go_on,
        pace=Pace(piece=PIECE, window_s=3600.0),
    )


def test_a_client_that_sends_nothing_is_silent(tmp_path: Path) -> None:
    async def scene(staged: Staged) -> None:
        listening = asyncio.Event()

        async def receive() -> dict[str, Any]:
            listening.set()
            await asyncio.Event().wait()
            raise AssertionError

        live = Live()
        writer = writer_of(staged, receive, live)
        running = asyncio.create_task(writer.run())
        await listening.wait()
        assert not writer.is_ending
        live.arrived -= LONG_AGO_S
        assert writer.is_ending
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    with LocalStore(tmp_path / "vault").stage("upload") as staged:
        asyncio.run(scene(staged))


def test_a_client_that_waits_for_our_disk_is_not_silent(tmp_path: Path) -> None:
    async def scene(staged: Staged) -> None:
        held, second, release = asyncio.Event(), asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()
        messages = [{"type": "http.request", "body": bytes(PIECE), "more_body": number < 2} for number in range(3)]
        append = staged.append

        def append_when_released(data: memoryview) -> None:
            loop.call_soon_threadsafe(held.set)
            release.wait()
            append(data)

        async def receive() -> dict[str, Any]:
            if len(messages) == 2:
                second.set()
            return messages.pop(0)

        live = Live()
        # A staging area has slots: the one given stands in for it, with its disk held.
        writer = writer_of(_Held(staged, append_when_released), receive, live)  # type: ignore[arg-type]  # as far as used
        running = asyncio.create_task(writer.run())
        await held.wait()
        await second.wait()
        await asyncio.sleep(0)
        live.arrived -= LONG_AGO_S
        is_ending = writer.is_ending
        release.set()
        assert await running == 3 * PIECE
        assert not is_ending

    with LocalStore(tmp_path / "vault").stage("upload") as staged:
        asyncio.run(scene(staged))


class _Held:
    """A staging area whose appends go through a function of the test's."""

    def __init__(self, staged: Staged, append: Callable[[memoryview], None]) -> None:
        self._staged = staged
        self.append = append

    def __getattr__(self, name: str) -> Any:
        return getattr(self._staged, name)
