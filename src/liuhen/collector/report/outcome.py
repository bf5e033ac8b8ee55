"""What came of one source."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from liuhen.core.exits import ExitCode

if TYPE_CHECKING:
    from liuhen.collector.source.search import Skip
    from liuhen.core.errors import LiuhenError

__all__ = ["Outcome", "Taken"]


@dataclass(frozen=True, slots=True)
class Taken:
    """A file with a verified receipt."""

    name: str
    size: int
    recording: str
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """The sum of one source's collection.

    Attributes:
        source: where from, as safe text.
        collection: the collection's uuid; None when there was nothing to send.
        taken: files received in this collection.
        skipped: what was left and why.
        cleared: names removed from the device.
        kept: names that should have been cleared and were not.
        spooled: files written to a spool.
        error: what ended the work early, or None.
    """

    source: str
    collection: str | None = None
    taken: tuple[Taken, ...] = ()
    skipped: tuple[Skip, ...] = ()
    cleared: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    spooled: int = 0
    error: LiuhenError | None = field(default=None, compare=False)

    @property
    def exit_code(self) -> ExitCode:
        """What a command that did only this ends with."""
        if self.error is not None:
            return self.error.exit_code
        failed = any(skip.reason.is_failure for skip in self.skipped)
        return ExitCode.INCOMPLETE if failed or self.kept else ExitCode.OK

    @property
    def is_worth_another_try(self) -> bool:
        """Whether a collector that stays is to come back to this source, though nothing on it changes."""
        return self.error is not None or any(skip.reason.may_pass for skip in self.skipped)

    def as_json(self) -> dict[str, Any]:
        """Return the summary for machines."""
        return {
            "source": self.source,
            "collection": self.collection,
            "taken": [
                {"name": one.name, "size": one.size, "recording": one.recording, "duplicate": one.duplicate}
                for one in self.taken
            ],
            "skipped": [skip.as_json() for skip in self.skipped],
            "cleared": list(self.cleared),
            "kept": list(self.kept),
            "spooled": self.spooled,
            "error": None if self.error is None else self.error.as_dict(),
            "exit_code": int(self.exit_code),
        }
