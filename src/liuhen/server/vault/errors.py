"""What the vault refuses and what can befall it."""

from __future__ import annotations

from liuhen.server.kernel.errors import ServerError

__all__ = [
    "DigestMismatchError",
    "ObjectDamagedError",
    "ObjectHeldError",
    "ObjectMissingError",
    "ObjectRetainedError",
    "RecordDamagedError",
    "RetentionShortenedError",
    "SizeMismatchError",
    "StageLockedError",
    "VaultError",
    "VaultFaultError",
    "VaultFullError",
]


class VaultError(ServerError):
    """Base of all refusals and faults of a store."""

    status = 503


class VaultFullError(VaultError):
    """No space or no quota is left; the step was undone and may be repeated once there is space."""

    code = "vault-full"
    status = 507
    zh = "原件库空间不足，{where} 未能写入；此前已确认的内容完好。请扩充或清理磁盘后重试，上传会从断点继续。"
    en = (
        "The vault is full: {where} could not be written; what was confirmed before is safe. Add or free "
        "space, then try again; uploads continue where they stopped."
    )


class VaultFaultError(VaultError):
    """The storage below reported an error other than want of space."""

    code = "vault-fault"
    zh = "原件库读写 {where} 失败：{reason}。请检查磁盘、挂载和权限，再重试。"
    en = "The vault could not read or write {where}: {reason}. Check disk, mount and permissions, then try again."


class StageLockedError(VaultError):
    """Another writer has the staging area open."""

    code = "stage-locked"
    zh = "上传 {key} 正在由另一个请求写入。请等它结束后重试。"
    en = "Another request is writing upload {key}. Wait for it to end, then try again."


class SizeMismatchError(VaultError):
    """What was staged is shorter or longer than what is to be sealed; the staged bytes are kept."""

    code = "size-mismatch"
    status = 409
    zh = "上传 {key} 应有 {declared} 字节，实收 {received} 字节，未封存。请续传缺少的部分，或从设备重新采集。"
    en = (
        "Upload {key} should have {declared} bytes but has {received}; it was not sealed. Send what is "
        "missing, or collect the file again."
    )


class DigestMismatchError(VaultError):
    """What was staged has another digest than what is to be sealed; the staged bytes are kept."""

    code = "digest-mismatch"
    status = 409
    zh = "上传 {key} 的 SHA-256 应为 {declared}，实为 {received}，未封存。请从设备重新采集此文件。"
    en = (
        "Upload {key} should have SHA-256 {declared} but has {received}; it was not sealed. Collect the file "
        "from the device again."
    )


class ObjectMissingError(VaultError):
    """No object has this address, or there was one and it is lost."""

    code = "object-missing"
    zh = "原件库中没有 {sha256}。请核对校验值；若账本证明它曾封存，请立即报告保管人并从备份恢复。"
    en = (
        "The vault does not hold {sha256}. Check the digest; if the ledger proves that it was sealed, report "
        "it at once and restore it from a backup."
    )


class ObjectDamagedError(VaultError):
    """The stored bytes are not those that were sealed."""

    code = "object-damaged"
    zh = "原件 {sha256} 与封存时不符：{found}。请勿改动现场，立即报告保管人并从备份恢复。"
    en = (
        "Object {sha256} is not what was sealed: {found}. Change nothing, report it at once and restore it "
        "from a backup."
    )


class RecordDamagedError(VaultError):
    """The note of an object's term and holds is absent or unreadable; the object counts as retained without end."""

    code = "record-damaged"
    zh = "原件 {sha256} 的保存期限与冻结记录缺失或损坏：{reason}。请从备份恢复该记录；在此之前，此原件不能销毁。"
    en = (
        "The record of term and holds of object {sha256} is absent or damaged: {reason}. Restore the record "
        "from a backup; the object cannot be destroyed before."
    )


class ObjectRetainedError(VaultError):
    """The object's term has not ended."""

    code = "object-retained"
    zh = "原件 {sha256} 的保存期限到 {until} 为止，期满前不能销毁。请在期满后重新报批。"
    en = "Object {sha256} is to be kept until {until} and cannot be destroyed before. Ask again after that time."


class ObjectHeldError(VaultError):
    """The object is under at least one hold."""

    code = "object-held"
    zh = "原件 {sha256} 处于冻结状态（{holds}），不能销毁。请先按程序解除冻结。"
    en = "Object {sha256} is under hold ({holds}) and cannot be destroyed. Have the hold released first."


class RetentionShortenedError(VaultError):
    """A term can only be extended."""

    code = "retention-shortened"
    zh = "原件 {sha256} 的保存期限已定到 {until}，不能缩短为 {asked}。保存期限只能延长。"
    en = (
        "Object {sha256} is to be kept until {until}; the term cannot be shortened to {asked}. Terms can "
        "only be extended."
    )
