"""What can go wrong with the ledger itself, and what readers of its files are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from liuhen.core.errors import both
from liuhen.core.reasons import reason_of
from liuhen.server.kernel.errors import ServerError

if TYPE_CHECKING:
    from liuhen.core.tlog.errors import TlogError

__all__ = [
    "DatabaseBehindError",
    "EventDamagedError",
    "ExportFolderError",
    "FilesBehindError",
    "KeyFileError",
    "LedgerBehindError",
    "LedgerClosedError",
    "LedgerError",
    "LedgerFileMissingError",
    "LedgerFilesError",
    "NoCheckpointError",
    "SequencingFaultError",
    "SignerRefusesError",
    "damage_of",
]


class LedgerError(ServerError):
    """Base of the family."""

    status = 503


class LedgerBehindError(LedgerError):
    """An event is written and not yet under a checkpoint."""

    code = "ledger-behind"
    zh = "事件 {event} 已写入，但尚无检查点覆盖。内容不会丢失，请稍后再取；如持续，请系统管理员查看服务器日志。"
    en = (
        "Event {event} is written, but no checkpoint covers it yet. Nothing is lost: ask again later, and if it stays "
        "so, have the system administrator read the server's log."
    )


class NoCheckpointError(LedgerError):
    """There is no ledger yet."""

    code = "no-checkpoint"
    zh = "{path} 中没有检查点。请先运行 liuhen init；若账本目录曾被移走，请从备份恢复。"
    en = (
        "There is no checkpoint in {path}. Run `liuhen init` first; if the ledger's folder was moved away, restore it "
        "from the backup."
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
    zh = "账本文件 {path} 有误：{problem}。请停止服务，用 liuhen ledger fsck 查明，并从备份恢复 ledger 目录。"
    en = (
        "The ledger's file {path} is wrong: {problem}. Stop, find out more with `liuhen ledger fsck`, and restore the "
        "ledger folder from the backup."
    )


class FilesBehindError(LedgerError):
    """The database knows of entries that the ledger's files do not hold."""

    code = "ledger-files-behind"
    zh = (
        "账本文件只到 {size} 条，数据库已编入 {indexed} 条：ledger 目录由旧备份恢复。"
        "请停止服务，恢复最新的 ledger 目录。"
    )
    en = (
        "The ledger's files end at {size} entries, the database has {indexed} in place: the ledger folder comes from "
        "an old backup. Stop, and restore the newest ledger folder."
    )


class DatabaseBehindError(LedgerError):
    """The ledger holds an entry whose row the database does not have."""

    code = "ledger-database-behind"
    zh = (
        "账本第 {index} 号条目（事件 {event}）在数据库中没有记录：数据库由旧备份恢复或被改动。"
        "请停止服务，恢复最新的数据库；账本中的条目不会消失。"
    )
    en = (
        "Entry {index} of the ledger (event {event}) has no row in the database: it comes from an old backup or was "
        "altered. Stop, and restore the newest database; what is in the ledger stays."
    )


class EventDamagedError(LedgerError):
    """A row that waits for its place in the ledger is not what was written."""

    code = "ledger-event-damaged"
    zh = "待编入的事件 {event} 与写入时不符（{problem}），未编入账本。请停止服务，用 liuhen ledger fsck 查明。"
    en = (
        "Event {event}, which waits for its place in the ledger, is not what was written ({problem}); it was not "
        "entered. Stop, and find out more with `liuhen ledger fsck`."
    )


class ExportFolderError(LedgerError):
    """The folder to export to is not empty."""

    code = "export-folder"
    zh = "{folder} 不是空目录。请指定新的目录，以免与旧的导出混在一起。"
    en = "{folder} is not empty. Name a new folder, so that the export does not mix with an older one."


class SequencingFaultError(LedgerError):
    """Events cannot be given their places for now, by a fault from outside: the disk, the database. Never raised."""

    code = "integrator-fault"
    zh = "事件暂时无法编入账本，正在重试：{reason}。已写入的内容不会丢失；请检查服务器磁盘与日志。"
    en = (
        "Events cannot be entered in the ledger for now, and are tried again: {reason}. What is written is not lost; "
        "check the server's disk and log."
    )


class LedgerFileMissingError(ServerError):
    """There is no such file of the ledger, or none yet."""

    code = "ledger-file-missing"
    status = 404
    zh = "账本中没有 {path}。可读取：checkpoint、key、heads/<日期>.json 和 tile/ 下检查点所覆盖的文件。"
    en = "The ledger has no {path}. It has checkpoint, key, heads/<date>.json, and the tile/ files of the checkpoint."


class LedgerClosedError(ServerError):
    """The agency keeps its ledger closed, and the caller may not read it."""

    code = "ledger-closed"
    status = 403
    zh = "本单位未公开账本（ledger_public = false）。请以审计员登录后读取。"
    en = "This agency keeps its ledger closed (ledger_public = false). Log in as an auditor to read it."


def damage_of(error: TlogError | LookupError | OSError) -> dict[str, str]:
    """Return what is wrong with the ledger's files, of what reading them raised."""
    if isinstance(error, LookupError):
        return both("缺少所需的哈希", f"a hash is missing ({error})")
    reason = reason_of(error)
    file = getattr(error, "filename", None)
    return reason if file is None else both(f"{file} {reason['zh']}", f"{file}: {reason['en']}")
