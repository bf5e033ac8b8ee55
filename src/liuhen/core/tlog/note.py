"""Signed notes (c2sp.org/signed-note) with Ed25519 keys, and the key texts of golang.org/x/mod/sumdb/note.

Only signature type 0x01 (Ed25519) is known. Keys that would let anybody sign are refused when the key is read.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Never, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from liuhen.core.digests import sha256
from liuhen.core.forms import decode_base64
from liuhen.core.tlog.errors import KeyFormatError, NoteFormatError, NoteSignatureError, NoteUnsignedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Note", "NoteSignature", "SigningKey", "VerifierKey", "open_note", "sign_note"]

_ED25519: Final = b"\x01"
_KEY_SIZE: Final = 32
_KEY_ID_SIZE: Final = 4
_MAX_NOTE_SIZE: Final = 1 << 20
_MAX_SIGNATURES: Final = 100
_SIGNATURE_PREFIX: Final = "— "
_PRIVATE_PREFIX: Final = "PRIVATE+KEY+"
_forbidden_control = re.compile(r"[\x00-\x09\x0b-\x1f]").search
_key_id_text = re.compile(r"[0-9a-f]{8}").fullmatch

_FIELD: Final = 2**255 - 19
_ORDER_8_Y: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_LOW_ORDER_Y: Final = frozenset((0, 1, _FIELD - 1, _ORDER_8_Y, _FIELD - _ORDER_8_Y))


def _is_key_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() or letter < " " for letter in name)


def _is_weak(public: bytes) -> bool:
    """Say whether `public` is of low order, so that false signatures pass under it, or not in its one form."""
    y = int.from_bytes(public, "little") & ((1 << 255) - 1)
    return y >= _FIELD or y in _LOW_ORDER_Y


def _key_id(name: str, encoded: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + encoded)[:_KEY_ID_SIZE]


def _parse_key(text: str) -> tuple[str, bytes, bytes]:
    """Return name, key id and 32 key bytes of `<name>+<hex key id>+<base64 of type and key>`."""
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - name, id, key
        raise KeyFormatError(problem="form")
    name, key_id, encoded_text = parts
    encoded = decode_base64(encoded_text)
    if not _is_key_name(name):
        raise KeyFormatError(problem="name")
    if _key_id_text(key_id) is None or encoded is None or len(encoded) != 1 + _KEY_SIZE:
        raise KeyFormatError(problem="form")
    if encoded[:1] != _ED25519:
        raise KeyFormatError(problem="algorithm")
    return name, bytes.fromhex(key_id), encoded[1:]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key: `name` (a URL without scheme; the ledger's origin) and the 32 bytes of an Ed25519 public key.

    Raises:
        KeyFormatError: the name is none, or the key is of low order or not in its canonical form.
    """

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not _is_key_name(self.name):
            raise KeyFormatError(problem="name")
        if len(self.public) != _KEY_SIZE or _is_weak(self.public):
            raise KeyFormatError(problem="weak-key")

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that stand for the key beside its name in a signature."""
        return _key_id(self.name, _ED25519 + self.public)

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read `<name>+<hex key id>+<base64>`, the one line without its newline.

        Raises:
            KeyFormatError: `text` is no Ed25519 verifier key, or one under which false signatures would pass.
        """
        name, key_id, public = _parse_key(text)
        key = cls(name=name, public=public)
        if key.key_id != key_id:
            raise KeyFormatError(problem="key-id")
        return key

    def to_text(self) -> str:
        """Return the key as `from_text` reads it."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    def verifies(self, signature: bytes, message: bytes) -> bool:
        """Say whether `signature` is this key's over `message` (RFC 8032 section 5.1.7, without cofactor)."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class SigningKey:
    """A private key with its name. Neither `repr` nor pickling shows the secret."""

    __slots__ = ("_private", "_verifier")

    def __init__(self, name: str, seed: bytes) -> None:
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self._verifier = VerifierKey(name=name, public=self._private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"<SigningKey {self.name} {self.key_id.hex()}>"

    def __reduce__(self) -> Never:
        raise TypeError("a signing key is not copied or pickled")

    @property
    def name(self) -> str:
        """Return the key's name."""
        return self._verifier.name

    @property
    def key_id(self) -> bytes:
        """Return the verifier key's four-byte id."""
        return self._verifier.key_id

    @property
    def verifier(self) -> VerifierKey:
        """Return the public half."""
        return self._verifier

    @classmethod
    def generate(cls, name: str) -> Self:
        """Return a new key from the operating system's randomness.

        Raises:
            KeyFormatError: `name` is empty or holds a space, a control character or a plus.
        """
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Read `PRIVATE+KEY+<name>+<hex key id>+<base64>`, the one line without its newline.

        Raises:
            KeyFormatError: `text` is no Ed25519 signing key.
        """
        rest = text.removeprefix(_PRIVATE_PREFIX)
        if rest == text:
            raise KeyFormatError(problem="form")
        name, key_id, seed = _parse_key(rest)
        key = cls(name, seed)
        if key.key_id != key_id:
            raise KeyFormatError(problem="key-id")
        return key

    def to_text(self) -> str:
        """Return the secret key as `from_text` reads it; write it to a file of mode 0600 only."""
        encoded = base64.b64encode(_ED25519 + self._private.private_bytes_raw()).decode()
        return f"{_PRIVATE_PREFIX}{self.name}+{self.key_id.hex()}+{encoded}"

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte signature over `message` (RFC 8032, Ed25519)."""
        return self._private.sign(message)


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: the key's name, its four-byte id, and what the key made."""

    name: str
    key_id: bytes
    signature: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Note:
    """A note opened: its text (ends in a newline), the signatures that hold, and those by keys not known here."""

    text: str
    verified: tuple[NoteSignature, ...]
    unknown: tuple[NoteSignature, ...]


def sign_note(text: str, *keys: SigningKey) -> bytes:
    """Return `text` signed by each of `keys`.

    Raises:
        ValueError: no key, or a text that does not end in a newline or holds a control character or lone surrogate.
    """
    if not keys:
        raise ValueError("a note needs a signature")
    if not text.endswith("\n") or _forbidden_control(text):
        raise ValueError("a note is lines of text")
    message = text.encode()
    lines = [
        f"{_SIGNATURE_PREFIX}{key.name} {base64.b64encode(key.key_id + key.sign(message)).decode()}\n" for key in keys
    ]
    return message + b"\n" + "".join(lines).encode()


def open_note(data: bytes, known_keys: Iterable[VerifierKey]) -> Note:
    """Parse `data` and verify it.

    Signatures by unknown keys are ignored (they may be witnesses'); every signature by a known key must hold.

    Raises:
        NoteFormatError: `data` is no signed note.
        NoteSignatureError: a known key's signature is false.
        NoteUnsignedError: no known key signed.
    """
    text, signatures = _parse_note(data)
    known: Mapping[tuple[str, bytes], VerifierKey] = {(key.name, key.key_id): key for key in known_keys}
    message = text.encode()
    verified, unknown = [], []
    for signature in signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            unknown.append(signature)
        elif key.verifies(signature.signature, message):
            verified.append(signature)
        else:
            raise NoteSignatureError(name=key.name)
    if not verified:
        raise NoteUnsignedError
    return Note(text=text, verified=tuple(verified), unknown=tuple(unknown))


def _parse_note(data: bytes) -> tuple[str, list[NoteSignature]]:
    if len(data) > _MAX_NOTE_SIZE:
        raise NoteFormatError(problem="size")
    try:
        whole = data.decode()
    except UnicodeDecodeError as error:
        raise NoteFormatError(problem="not-utf8") from error
    if _forbidden_control(whole):
        raise NoteFormatError(problem="control-character")
    text, gap, block = whole.rpartition("\n\n")
    if not gap or not block.endswith("\n"):
        raise NoteFormatError(problem="signature-block")
    lines = block.split("\n")[:-1]
    if len(lines) > _MAX_SIGNATURES:
        raise NoteFormatError(problem="signature-count")
    return text + "\n", [_parse_signature(line) for line in lines]


def _parse_signature(line: str) -> NoteSignature:
    name, space, encoded = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
    raw = decode_base64(encoded)
    if not line.startswith(_SIGNATURE_PREFIX) or not space or not _is_key_name(name):
        raise NoteFormatError(problem="signature-line")
    if raw is None or len(raw) <= _KEY_ID_SIZE:
        raise NoteFormatError(problem="signature-line")
    return NoteSignature(name=name, key_id=raw[:_KEY_ID_SIZE], signature=raw[_KEY_ID_SIZE:])
