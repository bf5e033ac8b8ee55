"""One at a desk at a time: who is waited for and who is not."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass

import pytest

from liuhen.server.intake.desks import Desks
from liuhen.server.intake.errors import UploadLockedError

UPLOAD = uuid.UUID(int=7)


@dataclass
class Writing:
    """A body being taken in."""

    is_ending: bool
    broken_off: asyncio.Event
    standing: int = 5

    def break_off(self) -> None:
        self.broken_off.set()


def test_a_desk_in_use_is_refused_at_once_or_after_patience() -> None:
    async def scene() -> None:
        desks = Desks()
        async with desks.at(UPLOAD):
            for patience_s in (0.0, 0.01):
                with pytest.raises(UploadLockedError):
                    async with desks.at(UPLOAD, patience_s=patience_s):
                        pytest.fail("two at one desk")
            assert desks.standing(UPLOAD) is None
        async with desks.at(UPLOAD):
            assert desks.standing(uuid.UUID(int=8)) is None

    asyncio.run(scene())


def test_who_takes_in_a_body_is_not_waited_for_and_who_ends_is() -> None:
    async def scene() -> None:
        desks = Desks()
        order: list[str] = []

        async def next_one() -> None:
            async with desks.at(UPLOAD):
                order.append("second")

        async with desks.at(UPLOAD) as desk:
            desk.writing = writing = Writing(is_ending=False, broken_off=asyncio.Event())
            assert desks.standing(UPLOAD) == 5
            with pytest.raises(UploadLockedError):
                async with desks.at(UPLOAD, patience_s=60):
                    pytest.fail("two at one desk")
            writing.is_ending = True
            waiting = asyncio.create_task(next_one())
            await writing.broken_off.wait()
            order.append("first")
            desk.writing = None
        await waiting
        assert order == ["first", "second"]

    asyncio.run(scene())
