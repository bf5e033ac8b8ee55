"""What each refusal of the server means for the work: it passes, it ends one file, or it ends the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from liuhen.collector.errors import (
    DigestsDifferError,
    FileRefusedError,
    KeyRefusedError,
    RefusedError,
    ServerUnreachableError,
    UploadLostError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["REFUSALS", "code_of_head", "effect_of", "has_failed", "words_of_head"]

REFUSALS: Final[Mapping[str, type[RefusedError | ServerUnreachableError]]] = {
    # These pass by themselves: another request is still ending, a disk or the ledger is behind, a body broke off.
    "clock-set-back": ServerUnreachableError,
    "intake-body-too-slow": ServerUnreachableError,
    "intake-database": ServerUnreachableError,
    "ledger-behind": ServerUnreachableError,
    "upload-checksum": ServerUnreachableError,
    "upload-locked": ServerUnreachableError,
    "upload-offset": ServerUnreachableError,
    "upload-silent": ServerUnreachableError,
    "vault-fault": ServerUnreachableError,
    # This upload's uuid is of no more use: the file is sent once more under another, then it is refused.
    "seal-differs": UploadLostError,
    "upload-differs": UploadLostError,
    "upload-expired": UploadLostError,
    "upload-unknown": UploadLostError,
    # These end one file; the others go on. A full quota is freed by the very uploads that go on.
    "declaration-invalid": FileRefusedError,
    "digest-mismatch": DigestsDifferError,
    "intake-fault": FileRefusedError,
    "object-damaged": FileRefusedError,
    "object-missing": FileRefusedError,
    "original-not-sealed": FileRefusedError,
    "receipt-unknown": FileRefusedError,
    "record-damaged": FileRefusedError,
    "station-quota": FileRefusedError,
    "upload-incomplete": FileRefusedError,
    "upload-longer": FileRefusedError,
    "upload-sealed": FileRefusedError,
    "upload-too-large": FileRefusedError,
    # These end the run: every other file would meet the same.
    "address-unknown": RefusedError,
    "collection-differs": RefusedError,
    "collection-unknown": RefusedError,
    "content-type": RefusedError,
    "intake-body-too-large": RefusedError,
    "ledger-files": RefusedError,
    "method-not-allowed": RefusedError,
    "method-override": RefusedError,
    "request-invalid": RefusedError,
    "station-key-revoked": KeyRefusedError,
    "station-key-unknown": KeyRefusedError,
    "tus-header": RefusedError,
    "tus-version": RefusedError,
    "upload-length-deferred": RefusedError,
    "vault-full": RefusedError,
}

# An answer to HEAD has no body, so the words are ours.
_HEAD_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "station-key-revoked": (
        "本站密钥已吊销。请由系统管理员签发新密钥。",
        "The key of this station was revoked. Have the system administrator issue another.",
    ),
    "station-key-unknown": (
        "本站密钥未被接受。请由系统管理员核对，或重新签发。",
        "The key of this station was not accepted. Have the system administrator check it or issue another.",
    ),
    "upload-unknown": (
        "服务器上没有这个上传，文件将重新申报并上传。",
        "The server does not know this upload; the file is declared and sent anew.",
    ),
    "upload-expired": (
        "这个上传已过期，文件将重新申报并上传。",
        "This upload has expired; the file is declared and sent anew.",
    ),
}
# What an answer to HEAD means that does not bear its code: something on the way took the header off.
_CODE_OF_STATUS: Final = {401: "station-key-unknown", 404: "upload-unknown", 410: "upload-expired"}

_SERVER_FAILED: Final = 500
_PASSING_STATUS: Final = frozenset({408, 423, 425, 429})


def effect_of(code: str, status: int) -> type[RefusedError | ServerUnreachableError]:
    """Return the error that a refusal makes; a `code` that a later server may have is judged by its `status`."""
    return REFUSALS.get(code, ServerUnreachableError if has_failed(status) else RefusedError)


def has_failed(status: int) -> bool:
    """Say whether the server, or something before it, failed in a way that may pass."""
    return status >= _SERVER_FAILED or status in _PASSING_STATUS


def code_of_head(status: int, header: str | None) -> str | None:
    """Return the code of a refused HEAD: that of its `Liuhen-Code` header if it is known, else its status speaks."""
    return header if header in REFUSALS else _CODE_OF_STATUS.get(status)


def words_of_head(code: str) -> tuple[str, str]:
    """Return what a HEAD refused with `code` is said to mean, in Chinese and English."""
    return _HEAD_WORDS.get(
        code,
        (f"查询上传进度时，服务器答复 {code}。", f"Asked how far an upload has come, the server answered {code}."),
    )
