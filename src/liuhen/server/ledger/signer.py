"""The signer: the ledger's key, and the memory that keeps it from ever signing two histories.

The state file holds the size and root signed last, and is durable before a checkpoint leaves. A tree that does not
continue that one is refused, whatever the ledger's files say.
"""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Final

from liuhen.core.tlog.checkpoint import Checkpoint, sign_checkpoint
from liuhen.core.tlog.errors import TlogError
from liuhen.core.tlog.merkle import EMPTY_ROOT, consistency_proof, verify_consistency
from liuhen.core.tlog.note import SigningKey
from liuhen.server.ledger.errors import KeyFileError, LedgerFilesError, SignerRefusesError

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.core.tlog.merkle import HashReader
    from liuhen.core.tlog.note import VerifierKey
    from liuhen.server.ledger.files import LedgerFolder

__all__ = ["STATE_PATH", "Signer", "create_key", "load_key"]

STATE_PATH: Final = "signer-state.json"


def create_key(path: Path, *, origin: str) -> None:
    """Make a signing key named `origin` in a new file of mode 0600.

    Raises:
        FileExistsError: there is a file already; a key is never replaced.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    passing = path.with_name(f".{path.name}.new")
    passing.unlink(missing_ok=True)
    with os.fdopen(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(SigningKey.generate(origin).to_text() + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.link(passing, path)
    passing.unlink()
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def load_key(path: Path) -> SigningKey:
    """Read the signing key.

    Raises:
        KeyFileError: there is none, others may read it, or it holds no key.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise KeyFileError(path=path, problem=f"mode {mode:04o}")
        return SigningKey.from_text(path.read_text(encoding="ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(path=path, problem=str(error)) from error
    except TlogError as error:
        raise KeyFileError(path=path, problem=error.code) from error


class Signer:
    """Signs successors of what it signed last, and nothing else."""

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

    def last(self) -> tuple[int, bytes]:
        """Return the size and root signed last; the empty tree before the first.

        Raises:
            LedgerFilesError: the state file is damaged.
        """
        try:
            state = json.loads(self._folder.read(STATE_PATH))
            return int(state["size"]), bytes.fromhex(state["root"])
        except FileNotFoundError:
            return 0, EMPTY_ROOT
        except (ValueError, KeyError, TypeError) as error:
            raise LedgerFilesError(path=self._folder.root / STATE_PATH, problem=str(error)) from error

    def sign(self, size: int, root: bytes, reader: HashReader) -> bytes:
        """Return the signed checkpoint of the tree that `reader` holds, after making it the one signed last.

        Raises:
            SignerRefusesError: the tree is smaller than the last one, or does not continue it.
        """
        signed, signed_root = self.last()
        if size < signed:
            raise SignerRefusesError(size=size, signed=signed)
        if signed:
            try:
                proof = consistency_proof(signed, size, reader)
                verify_consistency(size1=signed, root1=signed_root, size2=size, root2=root, proof=proof)
            except (TlogError, LookupError, OSError) as error:
                raise SignerRefusesError(size=size, signed=signed) from error
        if (size, root) != (signed, signed_root):
            state = json.dumps({"size": size, "root": root.hex()}).encode()
            self._folder.write_all([(STATE_PATH, state)])
        return sign_checkpoint(Checkpoint(self.origin, size, root), self._key)
