"""What a check has found so far, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from liuhen.core.errors import Language
from liuhen.server.ledger.interfaces import Discrepancy, DiscrepancyKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from liuhen.core.errors import LiuhenError

__all__ = ["LIMIT", "Discrepancies", "FsckReport"]

LIMIT: Final = 1000
"""Discrepancies that a report names; the rest is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FsckReport:
    """What a check found.

    `size` entries lie under the checkpoint that was checked, whose root is `root` (hex); `unsequenced` events wait for
    their place. `heads` is the number of daily heads files, `objects` of originals and attachments read again, None if
    none were asked for. `omitted` discrepancies were found beyond those named.
    """

    size: int
    root: str
    unsequenced: int
    heads: int
    objects: int | None
    discrepancies: tuple[Discrepancy, ...]
    omitted: int

    @property
    def is_whole(self) -> bool:
        """Whether nothing was found."""
        return not self.discrepancies

    @property
    def exit_code(self) -> int:
        """0 when nothing was found, else 1."""
        return 0 if self.is_whole else 1


class Discrepancies:
    """Collects discrepancies, each place and kind once with the same words."""

    def __init__(self) -> None:
        self.named: dict[Discrepancy, None] = {}
        self.omitted = 0

    def missing(self, where: str, zh: str, en: str) -> None:
        """Note that something is not there."""
        self.add(Discrepancy(DiscrepancyKind.MISSING, where, zh, en))

    def surplus(self, where: str, zh: str, en: str) -> None:
        """Note that something is there and should not be."""
        self.add(Discrepancy(DiscrepancyKind.EXTRA, where, zh, en))

    def altered(self, where: str, zh: str, en: str) -> None:
        """Note that something is not what it was."""
        self.add(Discrepancy(DiscrepancyKind.ALTERED, where, zh, en))

    def altered_by(self, where: str, error: LiuhenError) -> None:
        """Note that something is not what it was, in the words of the error that reading it raised."""
        self.altered(where, error.text(Language.ZH), error.text(Language.EN))

    def add(self, found: Discrepancy) -> None:
        """Take in one discrepancy."""
        if found in self.named:
            return
        if len(self.named) >= LIMIT:
            self.omitted += 1
        else:
            self.named[found] = None

    def add_all(self, found: Iterable[Discrepancy]) -> None:
        """Take in several."""
        for one in found:
            self.add(one)
