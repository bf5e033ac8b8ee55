"""Digests: SHA-256, the address of every object; SM3, which Chinese practice asks for; and both in one read.

This module is the only user of `hashlib` (a lint rule keeps it so), so the choice of algorithms is in one place.
"""

from __future__ import annotations

import hashlib  # noqa: TID251 - this file is the one place that makes digests
import hmac
import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self

from cryptography.hazmat.primitives import hashes

if TYPE_CHECKING:
    from collections.abc import Buffer, Callable, Iterable
    from os import PathLike
    from types import TracebackType

__all__ = [
    "Digester",
    "Digests",
    "Sha1",
    "Sha256",
    "Sm3",
    "digest_file",
    "digest_stream",
    "hmac_sha256",
    "sha1",
    "sha256",
]

_PIECE: Final = 1 << 20
_QUEUED_PIECES: Final = 8


def sha256(data: Buffer) -> bytes:
    """Return the 32-byte SHA-256 digest of `data` (FIPS 180-4)."""
    return hashlib.sha256(data).digest()


def sha1(data: Buffer) -> bytes:
    """Return the 20-byte SHA-1 digest of `data`; for the reason given at `Sha1` only."""
    return hashlib.sha1(data, usedforsecurity=False).digest()


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """Return the 32-byte HMAC-SHA256 of `message` under `key` (RFC 2104)."""
    return hmac.digest(key, message, "sha256")


class _Engine(Protocol):
    """What `hashlib` objects offer and `_PycaSm3` imitates."""

    def update(self, data: Buffer, /) -> None:
        """Take in `data`."""
        ...

    def digest(self) -> bytes:
        """Return the digest of all that was taken in."""
        ...

    def copy(self) -> Self:
        """Return an independent engine in the same state."""
        ...


class _Incremental:
    """A digest fed piece by piece."""

    __slots__ = ("_engine",)

    def __init__(self, engine: _Engine) -> None:
        self._engine = engine

    def update(self, data: Buffer) -> None:
        """Take in `data`; the buffer may be reused afterwards."""
        self._engine.update(data)

    def digest(self) -> bytes:
        """Return the digest of all that was taken in so far; more may follow."""
        return self._engine.digest()

    def hexdigest(self) -> str:
        """Return `digest()` in lower-case hex."""
        return self.digest().hex()

    def copy(self) -> Self:
        """Return an independent digest in the same state, to go back to if what follows is refused."""
        twin = type(self).__new__(type(self))
        twin._engine = self._engine.copy()  # noqa: SLF001 - a twin of one's own class
        return twin


class Sha256(_Incremental):
    """SHA-256 fed piece by piece."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(hashlib.sha256())


class Sha1(_Incremental):
    """SHA-1 fed piece by piece.

    Only for `Upload-Checksum`: tus 1.0.0 obliges every server with the checksum extension to know sha1. There it
    guards one request against faults of transport; what is sealed is guarded by SHA-256. Never use it as an identity.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(hashlib.sha1(usedforsecurity=False))


class Sm3(_Incremental):
    """SM3 (GB/T 32905-2016) fed piece by piece."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_new_sm3())


class _PycaSm3:
    """SM3 by pyca/cryptography, which carries its own OpenSSL."""

    def __init__(self, state: hashes.Hash | None = None) -> None:
        self._state = state or hashes.Hash(hashes.SM3())

    def update(self, data: Buffer, /) -> None:
        self._state.update(memoryview(data))

    def digest(self) -> bytes:
        return self._state.copy().finalize()

    def copy(self) -> _PycaSm3:
        return _PycaSm3(self._state.copy())


def _hashlib_sm3() -> _Engine:
    return hashlib.new("sm3")


def _choose_sm3(preferred: Callable[[], _Engine]) -> Callable[[], _Engine]:
    """Return `preferred` if the OpenSSL beneath Python has SM3, else pyca's; both run at the same speed."""
    try:
        preferred()
    except ValueError:
        return _PycaSm3
    return preferred


_new_sm3: Final = _choose_sm3(_hashlib_sm3)


@dataclass(frozen=True, slots=True)
class Digests:
    """The digests of one run of bytes: lower-case hex of SHA-256 and SM3, and the size in bytes."""

    sha256: str
    sm3: str
    size: int


class _Lane:
    """One digest made on a thread of its own, from a queue that holds few pieces."""

    def __init__(self, name: str, engine: _Incremental) -> None:
        self._engine = engine
        self._queue: queue.Queue[bytes | None] = queue.Queue(_QUEUED_PIECES)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (piece := self._queue.get()) is not None:
            self._engine.update(piece)

    def put(self, piece: bytes) -> None:
        self._queue.put(piece)

    def end(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def hexdigest(self) -> str:
        return self._engine.hexdigest()


class Digester:
    """SHA-256 and SM3 of one read, each on its own thread.

    SM3 runs at about a fifth of SHA-256's speed, so the pair costs as long as SM3 alone. Memory: at most eight pieces
    of 1 MiB wait for each thread, however fast the caller reads. Use it as a context manager; the threads end when
    the block does, also by an error.
    """

    def __init__(self) -> None:
        self._size = 0
        self._lanes = (_Lane("sha256", Sha256()), _Lane("sm3", Sm3()))
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def update(self, data: Buffer) -> None:
        """Take in `data`, waiting while the threads are behind; the buffer may be reused afterwards.

        Raises:
            ValueError: after `finish` or `close`.
        """
        if not self._open:
            raise ValueError("this digester is closed")
        for piece in _pieces(data):
            self._size += len(piece)
            for lane in self._lanes:
                lane.put(piece)

    def finish(self) -> Digests:
        """End the threads and return the digests of all that was taken in.

        Raises:
            ValueError: after `finish` or `close`.
        """
        if not self._open:
            raise ValueError("this digester is closed")
        self.close()
        sha256_hex, sm3_hex = (lane.hexdigest() for lane in self._lanes)
        return Digests(sha256=sha256_hex, sm3=sm3_hex, size=self._size)

    def close(self) -> None:
        """End the threads; harmless when repeated."""
        if self._open:
            self._open = False
            for lane in self._lanes:
                lane.end()


def _pieces(data: Buffer) -> Iterable[bytes]:
    """Cut `data` into immutable pieces of at most 1 MiB."""
    if isinstance(data, bytes) and len(data) <= _PIECE:
        return (data,)
    view = memoryview(data).cast("B")
    return (bytes(view[start : start + _PIECE]) for start in range(0, len(view), _PIECE))


def digest_stream(chunks: Iterable[Buffer]) -> Digests:
    """Return the digests of the concatenation of `chunks`."""
    with Digester() as digester:
        for chunk in chunks:
            digester.update(chunk)
        return digester.finish()


def digest_file(path: str | bytes | PathLike[str] | PathLike[bytes]) -> Digests:
    """Return the digests of the file at `path`, read once.

    Raises:
        OSError: the file cannot be opened or read.
    """
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib knows no names made of raw bytes
        return digest_stream(iter(lambda: file.read(_PIECE), b""))
