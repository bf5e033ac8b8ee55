"""The signer: the ledger's key, and the memory that keeps it from ever signing two histories.

Its state is the checkpoint signed last, kept as the signed note itself: whoever has not the key cannot write another,
and a crash between signing and publishing is mended by publishing it. It is durable before a checkpoint leaves. A tree
that does not continue it is refused, whatever the ledger's files say.
"""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from liuhen.core.errors import both
from liuhen.core.reasons import reason_of
from liuhen.core.tlog.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from liuhen.core.tlog.errors import TlogError
from liuhen.core.tlog.merkle import EMPTY_ROOT, consistency_proof, tree_root, verify_consistency
from liuhen.core.tlog.note import SigningKey
from liuhen.core.tlog.tiles import TileHashReader
from liuhen.durable import make_folder, write_durably
from liuhen.server.ledger.errors import KeyFileError, LedgerFilesError, SignerRefusesError
from liuhen.server.ledger.files import STATE_PATH

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.core.tlog.note import VerifierKey
    from liuhen.server.ledger.files import LedgerFolder

__all__ = ["Signer", "create_key", "load_key"]


def create_key(path: Path, origin: str) -> VerifierKey:
    """Make a signing key named `origin` in a new file of mode 0600, and return its public half.

    The caller sees to it that nobody else makes one at the same time.

    Raises:
        FileExistsError: there is a file already; a key is never replaced.
    """
    if path.exists():
        raise FileExistsError(path)
    key = SigningKey.generate(origin)
    make_folder(path.parent)
    write_durably(path, f"{key.to_text()}\n".encode("ascii"))
    return key.verifier


def load_key(path: Path) -> SigningKey:
    """Read the signing key.

    Raises:
        KeyFileError: there is none, others may read or write it, or it holds no key.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise KeyFileError(path=path, problem=both(f"权限为 {mode:04o}", f"its mode is {mode:04o}"))
        return SigningKey.from_text(path.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError, TlogError) as error:
        raise KeyFileError(path=path, problem=reason_of(error)) from error


class Signer:
    """Signs successors of what it signed last, and nothing else. One at a time: its user holds the ledger's lock."""

    def __init__(self, folder: LedgerFolder, key: SigningKey) -> None:
        self._folder = folder
        self._key = key

    @property
    def verifier(self) -> VerifierKey:
        """The key that checks what this signer signs."""
        return self._key.verifier

    @property
    def origin(self) -> str:
        """The ledger's name."""
        return self._key.name

    def begin(self) -> bytes:
        """Sign the empty tree, the first state of a new ledger; only for a ledger of which nothing exists yet."""
        note = sign_checkpoint(Checkpoint(self.origin, 0, EMPTY_ROOT), self._key)
        self._folder.put(STATE_PATH, note)
        return note

    def last(self) -> tuple[Checkpoint, bytes]:
        """Return the checkpoint signed last, and its note.

        Raises:
            LedgerFilesError: the state is missing or was not written by this key. A ledger that has begun has one;
                without it nothing is signed, since an older tree could not be told from the newest.
        """
        try:
            note = self._folder.read(STATE_PATH)
            return open_checkpoint(note, self.verifier), note
        except (FileNotFoundError, TlogError) as error:
            raise LedgerFilesError(path=self._folder.root / STATE_PATH, problem=reason_of(error)) from error

    def sign(self, size: int, root: bytes) -> bytes:
        """Return the signed checkpoint of the tree whose tiles lie in the folder, after making it the one signed last.

        Raises:
            SignerRefusesError: the tree is smaller than the last one, or is not shown to continue it.
            LedgerFilesError: see `last`.
        """
        signed, _ = self.last()
        if size < signed.size:
            raise SignerRefusesError(size=size, signed=signed.size)
        tiles = TileHashReader(self._folder, size)
        try:
            stored_root = tree_root(size, tiles)
            proof = consistency_proof(signed.size, size, tiles)
            verify_consistency(size1=signed.size, root1=signed.root, size2=size, root2=stored_root, proof=proof)
        except (TlogError, LookupError, FileNotFoundError) as error:
            raise SignerRefusesError(size=size, signed=signed.size) from error
        if stored_root != root:
            raise SignerRefusesError(size=size, signed=signed.size)
        note = sign_checkpoint(Checkpoint(self.origin, size, root), self._key)
        self._folder.put(STATE_PATH, note)
        return note
