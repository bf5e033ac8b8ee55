"""What the collector asks of a server; one request each, no retries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from liuhen.collector.clock import ServerTime
    from liuhen.collector.wire import FileDeclaration
    from liuhen.core.digests import Digests

__all__ = ["Seal", "Transport"]


@dataclass(frozen=True, slots=True)
class Seal:
    """The answer to sealing: the receipt's bytes as they came, and whether the same bytes were sealed before."""

    receipt: bytes
    duplicate: bool


class Transport(Protocol):
    """The intake protocol. Each call is one exchange.

    Every call raises `ServerUnreachableError` when the exchange broke off or the server failed (to be tried again),
    `RefusedError` or a subclass when the server said no, `ServerAnswerError` when the answer is outside the protocol.
    """

    def time(self) -> ServerTime:
        """Ask for the trusted time."""
        ...

    def open_collection(self, collection: str, body: Mapping[str, Any]) -> None:
        """Make the collection known; harmless when repeated with the same body."""
        ...

    def close_collection(self, collection: str, body: Mapping[str, Any]) -> None:
        """End the collection with its summary."""
        ...

    def create(self, declaration: FileDeclaration, size: int) -> int:
        """Declare a file and return the offset that the server has; harmless when repeated."""
        ...

    def offset(self, upload: str, size: int) -> int:
        """Return how many bytes of `size` the server holds durably."""
        ...

    def append(self, upload: str, offset: int, chunks: Iterable[bytes], length: int) -> int:
        """Send `length` bytes from `chunks` at `offset`; return the new offset."""
        ...

    def seal(self, upload: str, digests: Digests) -> Seal:
        """Ask for the receipt of a whole upload; harmless when repeated."""
        ...

    def discard(self, upload: str) -> None:
        """Give up an upload that was not sealed."""
        ...
