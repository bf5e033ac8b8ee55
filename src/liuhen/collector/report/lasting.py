"""A stream that outlives its reader: a closed pipe or a lost terminal is no reason to stop collecting."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from typing import TextIO

__all__ = ["lasting"]


def lasting(stream: TextIO) -> TextIO:
    """Return `stream` as one that swallows what it can no longer write."""
    return cast("TextIO", _Lasting(stream))


class _Lasting:
    """Passes everything on until the first failure, then nothing."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._broken = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        if not self._broken:
            try:
                return self._stream.write(text)
            except OSError:
                self._give_up()
        return len(text)

    def flush(self) -> None:
        if not self._broken:
            try:
                self._stream.flush()
            except OSError:
                self._give_up()

    def _give_up(self) -> None:
        self._broken = True
        # What the stream still holds is written when the interpreter ends; it would fail there once more.
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)
