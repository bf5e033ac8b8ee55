"""Work on several threads at once, each with a database connection of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from django.db import connections

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["in_threads"]


def in_threads(count: int, work: Callable[[], object]) -> list[Exception]:
    """Run `work` on `count` threads to its end and return what they raised."""
    raised: list[Exception] = []

    def guarded() -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever a thread raises is the result
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=guarded) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised
