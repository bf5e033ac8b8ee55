"""Handing in one file: declare, send, seal, verify the receipt; from whatever point an earlier run had reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from liuhen.collector.errors import (
    FileChangedError,
    ServerUnreachableError,
    SpoolDamagedError,
    UploadLostError,
)
from liuhen.collector.report import FileProgress, FileReceived, FileStarted
from liuhen.collector.source.reading import DigestingReader
from liuhen.collector.state import ItemState, KnownFile
from liuhen.collector.transport import Patience
from liuhen.collector.wire import new_uuid
from liuhen.core.errors import both

if TYPE_CHECKING:
    from collections.abc import Iterator

    from liuhen.collector.report import Report
    from liuhen.collector.source import Source
    from liuhen.collector.state import Collection, Item, Known, ReceiptBook
    from liuhen.collector.state.recognition import Recognition
    from liuhen.collector.transport import Halt, Transport
    from liuhen.core.digests import Digests

__all__ = ["Means", "hand_in"]

_PIECE: Final = 32 << 20
"""Bytes per PATCH: what a proxy without tus in mind still passes, and what a server must make durable at a time."""


@dataclass(frozen=True, slots=True)
class Means:
    """Everything that handing in needs beside the file: the far end, the memory, those who are told, the halt."""

    transport: Transport
    book: ReceiptBook
    known: Known
    recognition: Recognition
    report: Report
    halt: Halt
    patience_s: float

    def patience(self) -> Patience:
        """Return a fresh patience for one chain of requests."""
        return Patience(self.patience_s, self.halt)


def hand_in(item: Item, *, source: Source, collection: Collection, means: Means, expected: Digests | None) -> Item:
    """Bring `item` to "received" and return it so.

    Its bytes must have the digests `expected` where that is given.

    Raises:
        FileChangedError, SpoolDamagedError, DigestsDifferError, FileRefusedError: this file cannot be taken now.
        UploadLostError: nor under a second upload uuid.
        ReceiptRefusedError: the answer is no receipt for it; it stays "sent".
        CollectorError: the work as a whole cannot go on.
        OSError: the source failed.
    """
    work = _HandIn(source, collection, means, expected)
    if item.state is ItemState.SENT and item.digests is not None:
        try:
            return work.seal(item, item.digests)
        except UploadLostError:
            item = work.renew(item)
    try:
        return work.send_and_seal(item)
    except UploadLostError:
        return work.send_and_seal(work.renew(item))


class _HandIn:
    """One file on its way."""

    def __init__(self, source: Source, collection: Collection, means: Means, expected: Digests | None) -> None:
        self._source = source
        self._collection = collection
        self._means = means
        self._expected = expected
        self._patience = means.patience()

    def renew(self, item: Item) -> Item:
        """Return `item` under a new upload uuid: the old one is of no more use to the server."""
        declaration = replace(item.declaration, upload=new_uuid())
        fresh = replace(item, declaration=declaration, state=ItemState.PLANNED, digests=None)
        self._collection.put(fresh)
        self._collection.drop(item)
        return fresh

    def send_and_seal(self, item: Item) -> Item:
        """Send what is missing, then ask for the receipt."""
        self._means.report.tell(FileStarted(item.shown, item.size))
        digests = self._send(item)
        if self._expected is not None and digests != self._expected:
            raise SpoolDamagedError(
                path=self._source.shown,
                what=item.shown,
                reason=both("内容与暂存时的校验值不符", "its bytes are not those that were spooled"),
            )
        sent = self._collection.put(replace(item, state=ItemState.SENT, digests=digests))
        return self.seal(sent, digests)

    def seal(self, item: Item, digests: Digests) -> Item:
        """Ask for the receipt, verify and store it."""
        means = self._means
        upload = item.declaration.upload
        answer = self._patience.until_done(lambda: means.transport.seal(upload, digests))
        recording, receipt = means.book.accept(item, digests, answer.receipt)
        means.known.add(item.key, KnownFile(upload, recording, receipt, digests.sha256, digests.size))
        received = self._collection.put(
            replace(
                item,
                state=ItemState.RECEIVED,
                recording=recording,
                receipt=receipt,
                duplicate=answer.duplicate,
            )
        )
        means.report.tell(FileReceived(item.shown, item.size, recording, receipt, answer.duplicate))
        return received

    def _send(self, item: Item) -> Digests:
        upload, size = item.declaration.upload, item.size
        with self._source.open(item.declaration.path) as file:
            found = file.stat()
            if (found.size, found.mtime_ns) != (size, item.mtime_ns):
                raise FileChangedError(name=item.shown)
            with DigestingReader(file, found, item.shown, self._means.halt.check) as reader:
                offset = self._patience.until_done(lambda: self._means.transport.create(item.declaration, size))
                self._progress(item, offset)
                while offset < size:
                    length = min(_PIECE, size - offset)
                    reached = self._append(upload, offset, reader.chunks(offset, length), length, size)
                    if reached > offset:
                        self._patience.renew()
                        self._progress(item, reached)
                    offset = reached
                return reader.finish()

    def _append(self, upload: str, offset: int, chunks: Iterator[bytes], length: int, size: int) -> int:
        """Send one piece and return the offset that the server has then, whatever became of the request."""
        try:
            return self._means.transport.append(upload, offset, chunks, length)
        except ServerUnreachableError as error:
            self._patience.bear(error)
        return self._patience.until_done(lambda: self._means.transport.offset(upload, size))

    def _progress(self, item: Item, offset: int) -> None:
        self._means.report.tell(FileProgress(item.shown, offset, item.size))
