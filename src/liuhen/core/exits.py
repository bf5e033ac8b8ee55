"""Exit codes: one per class of trouble, so that a script at the station knows what to do without reading words."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ExitCode", "worst"]


class ExitCode(IntEnum):
    """What a command's exit code means; docs/guide/commands.md says what to do about each."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INCOMPLETE = 3
    SOURCE = 4
    NETWORK = 5
    KEY = 6
    REFUSED = 7
    RECEIPT = 8
    DISK = 9
    BUSY = 10
    CONFIGURATION = 11
    SPOOL = 12
    NOT_VERIFIED = 13
    NOT_INSTALLED = 14
    INTERRUPTED = 130


# What a person must look into comes before what passes by itself.
_BY_GRAVITY = (
    ExitCode.RECEIPT,
    ExitCode.KEY,
    ExitCode.REFUSED,
    ExitCode.DISK,
    ExitCode.SPOOL,
    ExitCode.SOURCE,
    ExitCode.BUSY,
    ExitCode.INTERRUPTED,
    ExitCode.NETWORK,
    ExitCode.INCOMPLETE,
)


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the gravest of the codes of several collections."""
    found = set(codes) - {ExitCode.OK}
    return next((code for code in _BY_GRAVITY if code in found), next(iter(found), ExitCode.OK))
