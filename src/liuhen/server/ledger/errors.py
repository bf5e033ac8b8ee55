"""What can go wrong with the ledger itself."""

from __future__ import annotations

from liuhen.core.errors import LiuhenError

__all__ = [
    "IntegratorTakenError",
    "KeyFileError",
    "LedgerBehindError",
    "LedgerError",
    "LedgerFilesError",
    "SignerRefusesError",
]


class LedgerError(LiuhenError):
    """Base of the family."""

    code = "ledger"
    zh = "存证账本出错。"
    en = "The ledger is in error."


class LedgerBehindError(LedgerError):
    """An event is written and not yet under a checkpoint."""

    code = "ledger-behind"
    zh = "事件 {event} 已写入，但 {seconds} 秒内尚无检查点覆盖。内容不会丢失，请稍后再取；若持续如此，请看服务日志。"
    en = (
        "Event {event} is written, but no checkpoint covered it within {seconds} s. Nothing is lost: ask again later, "
        "and if it stays so, read the server's log."
    )


class KeyFileError(LedgerError):
    """The signing key's file is missing, open to others, or no key."""

    code = "ledger-key-file"
    zh = "账本签名密钥文件 {path} 不可用：{problem}。文件权限应为 0600；如已遗失，请从备份恢复，切勿新建。"
    en = (
        "The ledger's key file {path} cannot be used: {problem}. Its mode must be 0600; if it is lost, restore it "
        "from the backup and make no new one."
    )


class SignerRefusesError(LedgerError):
    """The tree to sign does not continue the one that was signed last."""

    code = "signer-refuses"
    zh = (
        "拒绝签名：账本当前大小 {size} 与上次签名（大小 {signed}）不能衔接。账本目录可能由旧备份恢复或遭改动。"
        "请停止服务，恢复最新的 ledger 目录；切勿删除签名状态。"
    )
    en = (
        "Refused to sign: a ledger of size {size} does not continue the one signed last, of size {signed}. The folder "
        "may come from an old backup or have been altered. Stop, restore the newest folder; keep the signer state."
    )


class LedgerFilesError(LedgerError):
    """A file of the ledger is missing or not what it must be."""

    code = "ledger-files"
    zh = "账本文件 {path} 有误：{problem}。请停止服务并从备份恢复 ledger 目录。"
    en = "The ledger's file {path} is wrong: {problem}. Stop, and restore the ledger folder from the backup."


class IntegratorTakenError(LedgerError):
    """Another process sequences this ledger."""

    code = "integrator-taken"
    zh = "{path} 正由另一进程编入条目。同一账本只能有一个编入者；请先停止另一服务。"
    en = "Another process sequences the ledger in {path}. A ledger has one integrator: stop the other server first."
