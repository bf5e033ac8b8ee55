"""What a station is refused, and how each refusal travels.

Errors of lower apps that a station may meet (a full vault, a late checkpoint, a clock set back) keep their own type and
words, and all have their HTTP status.
"""

from __future__ import annotations

from typing import Any, Final, TypeGuard

from liuhen.server.kernel.errors import ClockSetBackError, ServerError
from liuhen.server.ledger.errors import LedgerBehindError, LedgerFilesError
from liuhen.server.vault.errors import (
    DigestMismatchError,
    ObjectDamagedError,
    ObjectMissingError,
    RecordDamagedError,
    VaultFaultError,
    VaultFullError,
)

__all__ = [
    "AddressUnknownError",
    "BodyTooLargeError",
    "BodyTooSlowError",
    "CollectionDiffersError",
    "CollectionMissingError",
    "CollectionUnknownError",
    "ContentTypeError",
    "DatabaseFaultError",
    "DeclarationInvalidError",
    "DigestMismatchError",
    "IntakeError",
    "IntakeFaultError",
    "KeyRevokedError",
    "KeyUnknownError",
    "LengthDeferredError",
    "MethodNotAllowedError",
    "MethodOverrideError",
    "OriginalNotSealedError",
    "ReceiptUnknownError",
    "RequestInvalidError",
    "SealDiffersError",
    "StationKeyMissingError",
    "StationMissingError",
    "StationNameTakenError",
    "StationQuotaError",
    "StationRegisterError",
    "TusHeaderError",
    "TusVersionError",
    "UploadChecksumError",
    "UploadDiffersError",
    "UploadExpiredError",
    "UploadIncompleteError",
    "UploadLockedError",
    "UploadLongerError",
    "UploadOffsetError",
    "UploadSealedError",
    "UploadSilentError",
    "UploadTooLargeError",
    "UploadUnknownError",
    "as_json",
    "is_refusal",
]


class IntakeError(ServerError):
    """Base of the family."""


# The request as such


class AddressUnknownError(IntakeError):
    """Nothing is served at this address."""

    code = "address-unknown"
    status = 404
    zh = "采集入库接口没有地址 {path}。请核对采集程序与服务器的版本。"
    en = "Intake serves nothing at {path}. Check that collector and server are of matching versions."


class MethodNotAllowedError(IntakeError):
    """The address does not answer this method."""

    code = "method-not-allowed"
    status = 405
    zh = "地址 {path} 不接受 {method} 方法，可用：{allowed}。请核对采集程序的版本。"
    en = "{path} does not answer {method}, only {allowed}. Check the collector's version."


class MethodOverrideError(IntakeError):
    """A method in a header would hide what is done from every front server's rules and logs."""

    code = "method-override"
    zh = "不支持用 X-HTTP-Method-Override 改写方法（{method}）。请直接使用 PATCH 和 DELETE。"
    en = "X-HTTP-Method-Override ({method}) is not supported. Use PATCH and DELETE themselves."


class TusVersionError(IntakeError):
    """The request speaks another version of tus, or does not say which."""

    code = "tus-version"
    status = 412
    zh = "请求头 Tus-Resumable 为“{given}”，本服务器只支持 {supported}。请更新上传程序。"
    en = "The header Tus-Resumable says “{given}”; this server speaks {supported} only. Update the uploading program."


class TusHeaderError(IntakeError):
    """A tus header is missing or malformed."""

    code = "tus-header"
    zh = "请求头 {header} 缺失或有误（“{value}”）：{reason}。请按 tus 1.0.0 改正后重发。"
    en = "The header {header} is missing or wrong (“{value}”): {reason}. Correct it (tus 1.0.0) and send again."


class LengthDeferredError(IntakeError):
    """A length that is not known yet cannot be held against a quota, nor told apart from a cut."""

    code = "upload-length-deferred"
    zh = "不支持 Upload-Defer-Length：创建上传时必须用 Upload-Length 给出文件长度。"
    en = "Upload-Defer-Length is not supported: give the file's length in Upload-Length when the upload is made."


class ContentTypeError(IntakeError):
    """The body is not of the type that this address takes."""

    code = "content-type"
    status = 415
    zh = "请求内容类型为“{given}”，此处只接受 {expected}。请改正 Content-Type 后重发。"
    en = "The body is of type “{given}”; only {expected} is taken here. Correct Content-Type and send again."


class RequestInvalidError(IntakeError):
    """A JSON body is not as the protocol says."""

    code = "request-invalid"
    zh = "请求内容的字段 {field} 有误：{reason}。请对照 docs/spec/intake-protocol.md 改正后重发。"
    en = "Field {field} of the request is wrong: {reason}. Correct it (docs/spec/intake-protocol.md) and send again."


class DeclarationInvalidError(IntakeError):
    """A file's declaration is not as the protocol says."""

    code = "declaration-invalid"
    zh = "文件申报的字段 {field} 有误：{reason}。请对照 docs/spec/intake-protocol.md 改正后重发。"
    en = "The declaration's field {field} is wrong: {reason}. Correct it (docs/spec/intake-protocol.md) and send again."


class BodyTooLargeError(IntakeError):
    """A JSON body exceeds what any message of the protocol needs."""

    code = "intake-body-too-large"
    status = 413
    zh = "请求内容超过 {limit} 字节上限，未予处理。请减少内容后重发；文件内容应分段上传。"
    en = "The body exceeds {limit} bytes and was not taken. Send less; the bytes of files go by upload."


class BodyTooSlowError(IntakeError):
    """A JSON body did not arrive in time."""

    code = "intake-body-too-slow"
    status = 408
    zh = "请求内容在 {seconds} 秒内未到齐，未予处理。请检查网络后重试。"
    en = "The body did not arrive within {seconds} s and was not taken. Check the network and try again."


# The station


class KeyUnknownError(IntakeError):
    """No live or revoked key has this id and this secret. One answer for all ways to be wrong."""

    code = "station-key-unknown"
    status = 401
    zh = "采集站密钥未被接受。请核对密钥文件是否由本服务器签发，或由系统管理员重新签发。"
    en = "The station key is not recognised. Check that this server issued it, or have a new one issued."


class KeyRevokedError(IntakeError):
    """The key was right and has been revoked."""

    code = "station-key-revoked"
    status = 401
    zh = "采集站密钥 {key} 已于 {revoked} 吊销。请由系统管理员重新签发密钥。"
    en = "The station key {key} was revoked at {revoked}. Have the system administrator issue a new one."


class StationQuotaError(IntakeError):
    """The station has as much under way as it may."""

    code = "station-quota"
    status = 429
    zh = "采集站未完成的上传已达限额（{what}：已用 {used}，上限 {limit}）。请先完成或放弃在传文件，再继续采集。"
    en = (
        "The station has reached its limit of unfinished uploads ({what}: {used} of {limit}). Finish or discard some, "
        "then go on collecting."
    )


# Collections and uploads


class CollectionDiffersError(IntakeError):
    """The uuid stands for another collection."""

    code = "collection-differs"
    status = 409
    zh = "采集批次 {collection} 已存在且内容不同。请为新的采集批次使用新的编号。"
    en = "Collection {collection} exists with other content. Give a new collection a new uuid."


class CollectionUnknownError(IntakeError):
    """The station has not opened this collection."""

    code = "collection-unknown"
    status = 404
    zh = "本采集站没有采集批次 {collection}。请先登记采集批次，再申报文件。"
    en = "This station has opened no collection {collection}. Open the collection first, then declare its files."


class UploadTooLargeError(IntakeError):
    """The file is longer than any file may be."""

    code = "upload-too-large"
    status = 413
    zh = "文件长 {length} 字节，超过单个文件上限 {limit} 字节。请由系统管理员核对 upload_limit_bytes 设置。"
    en = (
        "The file has {length} bytes, over the limit of {limit}. Have the system administrator check the setting "
        "upload_limit_bytes."
    )


class UploadDiffersError(IntakeError):
    """The uuid stands for an upload that was declared otherwise."""

    code = "upload-differs"
    status = 409
    zh = "上传 {upload} 已按不同内容申报。请为此文件使用新的上传编号。"
    en = "Upload {upload} was declared otherwise. Give this file a new upload uuid."


class UploadUnknownError(IntakeError):
    """The station has no such upload, or it was given up."""

    code = "upload-unknown"
    status = 404
    zh = "本采集站没有上传 {upload}，或已放弃。请重新申报并上传此文件。"
    en = "This station has no upload {upload}, or it was discarded. Declare and send the file anew."


class UploadExpiredError(IntakeError):
    """The upload was not finished in time."""

    code = "upload-expired"
    status = 410
    zh = "上传 {upload} 已于 {expired} 过期，暂存内容已清理。请重新申报并上传此文件。"
    en = "Upload {upload} expired at {expired}; what had arrived was cleared away. Declare and send the file anew."


class UploadSealedError(IntakeError):
    """What was sealed is not given up by its station."""

    code = "upload-sealed"
    status = 409
    zh = "上传 {upload} 已封存入库，不能放弃。原件只能到期后按审批处置。"
    en = "Upload {upload} is sealed and cannot be discarded. An original goes only by approved disposal after its term."


class UploadOffsetError(IntakeError):
    """The bytes do not continue where the upload stands."""

    code = "upload-offset"
    status = 409
    zh = "上传 {upload} 已收到 {present} 字节，请求却从 {given} 开始。请查询当前位置后续传。"
    en = "Upload {upload} stands at {present} bytes, the request begins at {given}. Ask for the offset and go on there."


class UploadLockedError(IntakeError):
    """Another request is at work on the upload."""

    code = "upload-locked"
    status = 423
    zh = "上传 {upload} 正由另一个请求处理。请等它结束后重试。"
    en = "Another request is at work on upload {upload}. Try again when it has ended."


class UploadSilentError(IntakeError):
    """The body stopped coming; what had come is kept."""

    code = "upload-silent"
    status = 408
    zh = "上传 {upload} 的内容中断已达 {seconds} 秒，现停在 {offset} 字节，已收到的内容完好。请从该位置续传。"
    en = "The body for upload {upload} was silent for {seconds} s; it stands at {offset} bytes, all safe. Go on there."


class UploadChecksumError(IntakeError):
    """The body of one request is not what its sender digested; none of it is kept."""

    code = "upload-checksum"
    status = 460
    zh = "本段内容的 {algorithm} 为 {received}，与声明的 {declared} 不符，已丢弃本段。请从 {offset} 字节处重发。"
    en = (
        "The {algorithm} of this part is {received}, not {declared}; the part was dropped. Send it again from {offset}."
    )


class UploadLongerError(IntakeError):
    """The bytes go past the declared length."""

    code = "upload-longer"
    zh = "上传 {upload} 申报为 {length} 字节，本次内容将达 {end} 字节，已拒绝。请核对文件后重新申报。"
    en = (
        "Upload {upload} was declared with {length} bytes; this body reaches {end}. Check the file and declare it anew."
    )


class UploadIncompleteError(IntakeError):
    """The file is not whole, or not as long as the seal says."""

    code = "upload-incomplete"
    status = 409
    zh = "上传 {upload} 应有 {declared} 字节，实收 {received} 字节，未封存。请续传缺少的部分，或核对文件。"
    en = "Upload {upload} should have {declared} bytes and has {received}; not sealed. Send the rest or check the file."


class SealDiffersError(IntakeError):
    """The upload was sealed as something else."""

    code = "seal-differs"
    status = 409
    zh = "上传 {upload} 已以 SHA-256 {sealed} 封存，与本次声明的 {declared} 不同。请以新的上传编号重新采集此文件。"
    en = "Upload {upload} is sealed under SHA-256 {sealed}, not {declared}. Collect the file under a new upload uuid."


class OriginalNotSealedError(IntakeError):
    """An attachment comes before its original."""

    code = "original-not-sealed"
    status = 409
    zh = "附件 {upload} 所属的原件（上传 {original}）尚未封存。请先完成原件的入库。"
    en = "The original of attachment {upload} (upload {original}) is not sealed yet. Seal the original first."


class ReceiptUnknownError(IntakeError):
    """There is no receipt to give."""

    code = "receipt-unknown"
    status = 404
    zh = "上传 {upload} 没有入库回执：尚未封存。请先请求封存。"
    en = "There is no receipt for upload {upload}: it is not sealed. Ask for the seal first."


# The server's own trouble


class DatabaseFaultError(IntakeError):
    """The database did not take the change."""

    code = "intake-database"
    status = 503
    zh = "数据库未能完成写入，本次请求未生效，已收到的内容完好。请查看服务器磁盘与日志后重试。"
    en = (
        "The database did not take the change; nothing was done, nothing lost. Check the server's disk and log, then "
        "try again."
    )


class IntakeFaultError(IntakeError):
    """A fault of the program."""

    code = "intake-fault"
    status = 500
    zh = "服务器处理请求时出错（编号 {incident}），已确认的内容完好。请把编号报告系统管理员。"
    en = (
        "The server failed on this request (incident {incident}); what was confirmed is safe. Report the number to the "
        "system administrator."
    )


# The register of stations, which no station meets


class StationRegisterError(ServerError):
    """Base of what can be wrong with an act on the register of stations."""


class StationNameTakenError(StationRegisterError):
    """Another station has this name."""

    code = "station-name-taken"
    zh = "采集站名称“{name}”已被使用。请换一个名称，或用 liuhen station rekey 为该站换发密钥。"
    en = "The station name {name} is taken. Choose another, or issue that station a new key: liuhen station rekey."


class StationMissingError(StationRegisterError):
    """No station has this name."""

    code = "station-missing"
    zh = "没有名为“{name}”的采集站。请用 liuhen station list 核对。"
    en = "There is no station named {name}. Check with `liuhen station list`."


class StationKeyMissingError(StationRegisterError):
    """No key has this id."""

    code = "station-key-missing"
    zh = "没有编号为 {key} 的采集站密钥。请用 liuhen station list 核对。"
    en = "There is no station key {key}. Check with `liuhen station list`."


class CollectionMissingError(ServerError):
    """There is no such collection, or the actor may not know of it; the two look alike on purpose."""

    code = "collection-missing"
    status = 404
    zh = "没有编号为 {id} 的采集批次，或您无权知悉。请核对编号。"
    en = "There is no collection {id}, or you may not know of it. Check the number."


_OTHERS: Final = (
    DigestMismatchError,
    VaultFullError,
    VaultFaultError,
    ObjectDamagedError,
    ObjectMissingError,
    RecordDamagedError,
    LedgerBehindError,
    LedgerFilesError,
    ClockSetBackError,
)


def is_refusal(error: BaseException) -> TypeGuard[ServerError]:
    """Tell whether a station may be told `error` as it is: docs/spec/intake-protocol.md lists its code."""
    return isinstance(error, (IntakeError, *_OTHERS))


def as_json(error: ServerError) -> dict[str, Any]:
    """Return the refusal as it travels: code, both sentences, and the facts that they show."""
    where = {name: value if isinstance(value, int | dict) else str(value) for name, value in error.where.items()}
    return {**error.as_dict(), "where": where}
