"""Policies: what a genuine receipt must be *about* to be accepted. They compose; an empty one accepts nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from liuhen.core.verify.errors import (
    EmptyPolicyError,
    OtherOriginalError,
    OtherRecordingError,
    OtherRoleError,
    OtherStationError,
)

if TYPE_CHECKING:
    import uuid

    from liuhen.core.verify.facts import ReceiptFacts

__all__ = ["AllOf", "AnyReceipt", "ForRecording", "ForStation", "InRole", "Policy", "SameOriginal"]


class Policy(Protocol):
    """A demand on a receipt whose signature and proof already hold."""

    def check(self, facts: ReceiptFacts) -> None:
        """Return if the demand is met.

        Raises:
            PolicyError: it is not.
        """
        ...


class AllOf:
    """Every one of several demands; with none it refuses."""

    def __init__(self, *demands: Policy) -> None:
        self._demands = demands

    def check(self, facts: ReceiptFacts) -> None:
        """Check each demand in turn, see `Policy`."""
        if not self._demands:
            raise EmptyPolicyError
        for demand in self._demands:
            demand.check(facts)


class AnyReceipt:
    """No demand beyond genuineness: the caller shows the facts to a person who judges them."""

    def check(self, facts: ReceiptFacts) -> None:
        """Accept, see `Policy`."""


@dataclass(frozen=True, slots=True)
class SameOriginal:
    """The receipt is for bytes with this SHA-256 (lower-case hex) and this size."""

    sha256: str
    size: int

    def check(self, facts: ReceiptFacts) -> None:
        """Compare digest and size, see `Policy`."""
        if (facts.sha256, facts.size) != (self.sha256, self.size):
            raise OtherOriginalError(
                sha256=self.sha256, size=self.size, sealed_sha256=facts.sha256, sealed_size=facts.size
            )


@dataclass(frozen=True, slots=True)
class ForRecording:
    """The receipt is for this recording."""

    recording: uuid.UUID

    def check(self, facts: ReceiptFacts) -> None:
        """Compare the recording, see `Policy`."""
        if facts.recording != self.recording:
            raise OtherRecordingError(found=str(facts.recording), expected=str(self.recording))


@dataclass(frozen=True, slots=True)
class ForStation:
    """This station handed the recording in."""

    station: uuid.UUID

    def check(self, facts: ReceiptFacts) -> None:
        """Compare the entry's actor, see `Policy`."""
        expected = f"station/{self.station}"
        if facts.entry.actor != expected:
            raise OtherStationError(found=facts.entry.actor, expected=expected)


@dataclass(frozen=True, slots=True)
class InRole:
    """The receipt is for an object of this role: `original` or `attachment`."""

    role: str

    def check(self, facts: ReceiptFacts) -> None:
        """Compare the role, see `Policy`."""
        if facts.role != self.role:
            raise OtherRoleError(found=facts.role, expected=self.role)
