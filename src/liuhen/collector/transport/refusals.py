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

__all__ = ["HEAD_REFUSALS", "REFUSALS", "effect_of", "has_failed"]

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

# An answer to HEAD has no body, so its status must speak.
HEAD_REFUSALS: Final = {
    401: (
        "station-key-unknown",
        "本站密钥未被接受。请由系统管理员核对，或重新签发。",
        "The key of this station was not accepted. Have the system administrator check it or issue another.",
    ),
    404: (
        "upload-unknown",
        "服务器上没有这个上传，文件将重新申报并上传。",
        "The server does not know this upload; the file is declared and sent anew.",
    ),
    410: (
        "upload-expired",
        "这个上传已过期，文件将重新申报并上传。",
        "This upload has expired; the file is declared and sent anew.",
    ),
}

_SERVER_FAILED: Final = 500
_PASSING_STATUS: Final = frozenset({408, 423, 425, 429})


def effect_of(code: str, status: int) -> type[RefusedError | ServerUnreachableError]:
    """Return the error that a refusal makes; a `code` that a later server may have is judged by its `status`."""
    return REFUSALS.get(code, ServerUnreachableError if has_failed(status) else RefusedError)


def has_failed(status: int) -> bool:
    """Say whether the server, or something before it, failed in a way that may pass."""
    return status >= _SERVER_FAILED or status in _PASSING_STATUS
