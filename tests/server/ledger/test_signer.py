from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from liuhen.core.tlog.checkpoint import open_checkpoint
from liuhen.core.tlog.merkle import EMPTY_ROOT, leaf_hash
from liuhen.core.tlog.note import SigningKey
from liuhen.core.tlog.tiles import grow
from liuhen.server.ledger.errors import KeyFileError, LedgerFilesError, SignerRefusesError
from liuhen.server.ledger.signer import Signer, create_key, load_key
from tests.server.ledger.kit import signer

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.server.ledger.files import LedgerFolder

ORIGIN = "agency.example/liuhen/1"


def leaves(count: int, text: str = "entry") -> list[bytes]:
    return [leaf_hash(f"{text} {number}".encode()) for number in range(count)]


def put(ledger: LedgerFolder, size: int, text: str = "entry") -> bytes:
    """Write the tiles of a tree of `size` and return its root."""
    root, tiles = grow(0, leaves(size, text), ledger)
    ledger.write_new(tiles)
    return root


def test_a_key_file_is_private_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "ledger.key"
    verifier = create_key(path, ORIGIN)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert load_key(path).verifier == verifier
    assert verifier.name == ORIGIN
    with pytest.raises(FileExistsError):
        create_key(path, ORIGIN)
    assert load_key(path).verifier == verifier


def test_a_key_that_was_cut_short_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / ".ledger.key.part").write_text("half a k", encoding="ascii")
    create_key(tmp_path / "ledger.key", ORIGIN)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ledger.key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int) -> None:
    create_key(tmp_path / "ledger.key", ORIGIN)
    (tmp_path / "ledger.key").chmod(mode)
    with pytest.raises(KeyFileError, match=f"{mode:04o}"):
        load_key(tmp_path / "ledger.key")


@pytest.mark.parametrize("content", [b"", b"no key\n", "密钥".encode(), b"agency.example+00000000+AAAA"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=str(path)):
        load_key(path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError) as caught:
        load_key(tmp_path / "none")
    assert "切勿新建" in caught.value.as_dict()["zh"]


def test_a_new_signer_has_signed_the_empty_tree(ledger: LedgerFolder) -> None:
    checkpoint, note = signer().last()
    assert (checkpoint.size, checkpoint.root) == (0, EMPTY_ROOT)
    assert ledger.read("checkpoint") == note == ledger.read("signer-state")


def test_what_is_signed_is_remembered_before_it_is_handed_out(ledger: LedgerFolder) -> None:
    root = put(ledger, 300)
    note = signer().sign(300, root)
    assert ledger.read("signer-state") == note
    assert open_checkpoint(note, signer().verifier).root == root
    assert signer().last()[0].size == 300


def test_the_same_tree_may_be_signed_again_and_gives_the_same_bytes(ledger: LedgerFolder) -> None:
    root = put(ledger, 300)
    assert signer().sign(300, root) == signer().sign(300, root)


def test_a_longer_tree_is_signed_if_it_continues(ledger: LedgerFolder) -> None:
    signer().sign(3, put(ledger, 3))
    signer().sign(700, put(ledger, 700))
    assert signer().last()[0].size == 700


@pytest.mark.parametrize(("size", "text"), [(299, "entry"), (300, "other"), (301, "other"), (900, "other")])
def test_another_history_is_refused(ledger: LedgerFolder, size: int, text: str) -> None:
    signer().sign(300, put(ledger, 300))
    state = ledger.read("signer-state")
    with pytest.raises(SignerRefusesError) as caught:
        signer().sign(size, put(ledger, size, text))
    assert "300" in caught.value.as_dict()["zh"]
    assert ledger.read("signer-state") == state


def test_a_root_that_the_tiles_do_not_make_is_refused(ledger: LedgerFolder) -> None:
    put(ledger, 5)
    with pytest.raises(SignerRefusesError):
        signer().sign(5, bytes(32))


def test_missing_tiles_are_refused(ledger: LedgerFolder) -> None:
    root = put(ledger, 5)
    (ledger.root / "tile" / "0" / "000.p" / "5").unlink()
    with pytest.raises(SignerRefusesError):
        signer().sign(5, root)


def test_without_its_memory_nothing_is_signed(ledger: LedgerFolder) -> None:
    (ledger.root / "signer-state").unlink()
    with pytest.raises(LedgerFilesError, match="signer-state"):
        signer().sign(5, put(ledger, 5))


def test_a_memory_written_by_another_key_is_refused(ledger: LedgerFolder) -> None:
    own = load_key(settings.INSTANCE.ledger_key_file)
    forger = Signer(ledger, SigningKey(own.name, os.urandom(32)))
    forger.begin()
    with pytest.raises(LedgerFilesError, match="signer-state"):
        signer().last()
