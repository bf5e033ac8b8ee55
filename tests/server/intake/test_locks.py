"""One at a time at an upload: who is waited for and who is not."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass

import pytest

from liuhen.server.intake.errors import UploadLockedError
from liuhen.server.intake.locks import UploadLocks

UPLOAD = uuid.UUID(int=7)


@dataclass
class Writing:
    """A body being taken in."""

    is_ending: bool
    broken_off: asyncio.Event
    standing: int = 5

    def break_off(self) -> None:
        self.broken_off.set()


def test_a_lock_in_use_is_refused_at_once_or_after_patience() -> None:
    async def scene() -> None:
        locks = UploadLocks()
        async with locks.held(UPLOAD):
            for patience_s in (0.0, 0.01):
                with pytest.raises(UploadLockedError):
                    async with locks.held(UPLOAD, patience_s=patience_s):
                        pytest.fail("two hold one lock")
            assert locks.standing(UPLOAD) is None
        async with locks.held(UPLOAD):
            assert locks.standing(uuid.UUID(int=8)) is None

    asyncio.run(scene())


def test_who_takes_in_a_body_is_not_waited_for_and_who_ends_is() -> None:
    async def scene() -> None:
        locks = UploadLocks()
        order: list[str] = []

        async def next_one() -> None:
            async with locks.held(UPLOAD):
                order.append("second")

        async with locks.held(UPLOAD) as held:
            held.writing = writing = Writing(is_ending=False, broken_off=asyncio.Event())
            assert locks.standing(UPLOAD) == 5
            with pytest.raises(UploadLockedError):
                async with locks.held(UPLOAD, patience_s=60):
                    pytest.fail("two hold one lock")
            writing.is_ending = True
            waiting = asyncio.create_task(next_one())
            await writing.broken_off.wait()
            order.append("first")
            held.writing = None
        await waiting
        assert order == ["first", "second"]

    asyncio.run(scene())
