"""One read of a file that serves two ends: bytes for the server, digests for the seal.

The digests always cover the whole file from its first byte in order, as first read in this run. The server may ask
for any offset, before or behind what was digested; sending again reads again but digests nothing twice. Should the
two readings differ, the server's digest of what it received differs from ours, and the seal is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from liuhen.collector.errors import FileChangedError
from liuhen.core.digests import Digester

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import TracebackType

    from liuhen.collector.source import FileStat, SourceFile
    from liuhen.core.digests import Digests

__all__ = ["CHUNK", "DigestingReader", "digest_of"]

CHUNK: Final = 1 << 20
"""Bytes per read; few of them are in memory at once."""


class DigestingReader:
    """Reads an open file that must stay as `expected` is; a context manager that ends the digesting threads.

    `shown` names the file in errors, `heed` is called before every read and may raise to stop.
    """

    def __init__(self, file: SourceFile, expected: FileStat, shown: str, heed: Callable[[], None]) -> None:
        self._file = file
        self._expected = expected
        self._shown = shown
        self._heed = heed
        self._digester = Digester()
        self._digested = 0
        self._check_unchanged()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._digester.close()

    def chunks(self, offset: int, length: int) -> Iterator[bytes]:
        """Yield exactly `length` bytes from `offset` in pieces of at most 1 MiB.

        What lies before `offset` and was not yet digested is read and digested first.

        Raises:
            FileChangedError: the file ended early.
            OSError: it cannot be read.
        """
        self.digest_up_to(offset)
        end = offset + length
        while offset < end:
            chunk = self._read(offset, min(CHUNK, end - offset))
            fresh = chunk[max(0, self._digested - offset) :]
            if fresh:
                self._digester.update(fresh)
                self._digested += len(fresh)
            offset += len(chunk)
            yield chunk

    def digest_up_to(self, offset: int) -> None:
        """Read and digest what lies before `offset` and was not yet digested; raises as `chunks`."""
        while self._digested < offset:
            chunk = self._read(self._digested, min(CHUNK, offset - self._digested))
            self._digester.update(chunk)
            self._digested += len(chunk)

    def finish(self) -> Digests:
        """Return the digests of the whole file, after reading what is left and checking that nothing changed.

        Raises:
            FileChangedError: the file has another size or time than at the start.
            OSError: it cannot be read.
        """
        self.digest_up_to(self._expected.size)
        self._check_unchanged()
        return self._digester.finish()

    def _read(self, offset: int, count: int) -> bytes:
        self._heed()
        chunk = self._file.read_at(offset, count)
        if not chunk:
            raise FileChangedError(name=self._shown)
        return chunk

    def _check_unchanged(self) -> None:
        # Bytes past the size that was listed would be lost: a file that grows is not yet an original.
        if self._file.stat() != self._expected or self._file.read_at(self._expected.size, 1):
            self._digester.close()
            raise FileChangedError(name=self._shown)


def digest_of(file: SourceFile, shown: str, heed: Callable[[], None]) -> Digests:
    """Return the digests of an open file, read once from its device; `shown` and `heed` as `DigestingReader` has them.

    Raises:
        FileChangedError: it changed while it was read.
        OSError: it cannot be read.
    """
    with DigestingReader(file, file.stat(), shown, heed) as reader:
        return reader.finish()
