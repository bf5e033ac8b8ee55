"""The headers of tus 1.0.0 (https://tus.io/protocols/resumable-upload).

Core protocol, creation, creation-with-upload, checksum, termination, expiration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

from liuhen.core.canonical import MAX_INTEGER
from liuhen.core.digests import Sha1, Sha256
from liuhen.core.errors import both
from liuhen.core.forms import decode_base64
from liuhen.server.intake.errors import (
    ContentTypeError,
    LengthDeferredError,
    MethodOverrideError,
    TusHeaderError,
    TusVersionError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

__all__ = [
    "CHUNK_TYPE",
    "RESUMABLE",
    "VERSION",
    "Checksum",
    "check_chunk_type",
    "check_request",
    "checksum_of",
    "declaration_of",
    "discovery",
    "expires",
    "length_of",
    "offset_of",
]

VERSION: Final = "1.0.0"
RESUMABLE: Final = ("tus-resumable", VERSION)
CHUNK_TYPE: Final = "application/offset+octet-stream"

_EXTENSIONS: Final = "creation,creation-with-upload,checksum,termination,expiration"
_MAX_METADATA: Final = 48 << 10
_ENGINES: Final[Mapping[str, type[Sha1 | Sha256]]] = {"sha1": Sha1, "sha256": Sha256}
_decimal = re.compile(r"[0-9]{1,16}").fullmatch

type Headers = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Checksum:
    """What `Upload-Checksum` says of one body, and the digest to compare it with."""

    algorithm: str
    declared: bytes
    engine: Sha1 | Sha256


def discovery(max_size: int) -> tuple[tuple[str, str], ...]:
    """Return the headers of an answer to OPTIONS."""
    return (
        RESUMABLE,
        ("tus-version", VERSION),
        ("tus-extension", _EXTENSIONS),
        ("tus-max-size", str(max_size)),
        ("tus-checksum-algorithm", ",".join(_ENGINES)),
    )


def expires(at: datetime) -> tuple[str, str]:
    """Return the header `Upload-Expires`, an RFC 9110 date."""
    return ("upload-expires", format_datetime(at, usegmt=True))


def check_request(headers: Headers) -> None:
    """Check what every tus request must and must not carry.

    Raises:
        TusVersionError: `Tus-Resumable` is missing or names another version.
        MethodOverrideError: the method would be another one.
    """
    if "x-http-method-override" in headers:
        raise MethodOverrideError(method=headers["x-http-method-override"][:20])
    given = headers.get("tus-resumable", "")
    if given != VERSION:
        raise TusVersionError(given=given[:20], supported=VERSION)


def length_of(headers: Headers) -> int:
    """Return `Upload-Length`.

    Raises:
        LengthDeferredError: the length is to follow.
        TusHeaderError: it is missing or no number, or uploads are to be concatenated.
    """
    if "upload-defer-length" in headers:
        raise LengthDeferredError
    if "upload-concat" in headers:
        raise _wrong("Upload-Concat", headers["upload-concat"], "不支持拼接上传", "concatenation is not supported")
    return _number("Upload-Length", headers)


def offset_of(headers: Headers) -> int:
    """Return `Upload-Offset`.

    Raises:
        TusHeaderError: it is missing or no number.
    """
    return _number("Upload-Offset", headers)


def check_chunk_type(headers: Headers) -> None:
    """Raise `ContentTypeError` unless the body is announced as bytes at an offset."""
    given = headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != CHUNK_TYPE:
        raise ContentTypeError(given=given[:80], expected=CHUNK_TYPE)


def checksum_of(headers: Headers) -> Checksum | None:
    """Return `Upload-Checksum`, None where there is none.

    Raises:
        TusHeaderError: the algorithm is not known or the digest is none of its.
    """
    given = headers.get("upload-checksum")
    if given is None:
        return None
    algorithm, _, encoded = given.partition(" ")
    if algorithm not in _ENGINES:
        listed = ", ".join(_ENGINES)
        raise _wrong("Upload-Checksum", given, f"算法应为以下之一：{listed}", f"the algorithm must be one of {listed}")
    engine = _ENGINES[algorithm]()
    declared = decode_base64(encoded)
    if declared is None or len(declared) != len(engine.digest()):
        raise _wrong("Upload-Checksum", given, "校验值不是该算法的 Base64", "it is no Base64 of such a digest")
    return Checksum(algorithm, declared, engine)


def declaration_of(headers: Headers) -> tuple[bytes, str]:
    """Return the value of `declaration` in `Upload-Metadata`, and the header itself.

    Raises:
        TusHeaderError: there is none, or the header is not a list of keys and Base64 values.
    """
    given = headers.get("upload-metadata", "")
    if len(given) > _MAX_METADATA:
        raise _wrong("Upload-Metadata", given, f"超过 {_MAX_METADATA} 字节", f"it exceeds {_MAX_METADATA} bytes")
    table: dict[str, bytes] = {}
    for pair in given.split(",") if given else ():
        key, _, encoded = pair.strip().partition(" ")
        value = decode_base64(encoded)
        if not key or value is None or key in table:
            raise _wrong(
                "Upload-Metadata", given, "应为键与 Base64 值的列表", "a list of keys and Base64 values is needed"
            )
        table[key] = value
    if "declaration" not in table:
        raise _wrong("Upload-Metadata", given, "缺少 declaration", "declaration is missing")
    return table["declaration"], given


def _number(name: str, headers: Headers) -> int:
    given = headers.get(name.lower(), "")
    if not _decimal(given) or int(given) > MAX_INTEGER:
        raise _wrong(name, given, "应为非负整数", "a whole number, not negative, is needed")
    return int(given)


def _wrong(header: str, value: str, zh: str, en: str) -> TusHeaderError:
    return TusHeaderError(header=header, value=value[:80], reason=both(zh, en))
