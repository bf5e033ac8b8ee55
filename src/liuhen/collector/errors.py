"""What can go wrong at a station, in the words of the person who stands there."""

from __future__ import annotations

from typing import Any, Self

from liuhen.core.errors import LiuhenError
from liuhen.core.exits import ExitCode

__all__ = [
    "CollectorError",
    "DeviceTimeInvalidError",
    "DeviceWorkFailedError",
    "DigestsDifferError",
    "FileChangedError",
    "FileRefusedError",
    "FileUnreadableError",
    "GrammarFileUnreadableError",
    "InputUnreadableError",
    "KeyRefusedError",
    "NotClearedError",
    "ReceiptRefusedError",
    "RefusedError",
    "ServerAddressError",
    "ServerAnswerError",
    "ServerNotSecureError",
    "ServerUnreachableError",
    "Sm3DiffersError",
    "SourceBusyError",
    "SourceGoneError",
    "SourceMissingError",
    "SpoolDamagedError",
    "SpoolKeptError",
    "SpoolUnreadableError",
    "SpoolUnwritableError",
    "StateUnwritableError",
    "StationKeyExposedError",
    "StationKeyInvalidError",
    "StationKeyUnreadableError",
    "StoppedError",
    "UploadLostError",
]


class CollectorError(LiuhenError):
    """Base of the station's errors."""


# Set-up


class StationKeyUnreadableError(CollectorError):
    """The station key file cannot be read."""

    code = "station-key-unreadable"
    exit_code = ExitCode.CONFIGURATION
    zh = "无法读取采集站密钥文件 {path}：{reason}。请检查 --station-key-file 的路径和权限。"
    en = "The station key file {path} cannot be read: {reason}. Check path and permissions of --station-key-file."


class StationKeyExposedError(CollectorError):
    """Others on this computer can read the station key."""

    code = "station-key-exposed"
    exit_code = ExitCode.CONFIGURATION
    zh = "采集站密钥文件 {path} 可被他人读取（权限 {mode}）。请执行 chmod 600，若已外泄请吊销该密钥后重新签发。"
    en = (
        "Others can read the station key file {path} (mode {mode}). Run chmod 600 on it; if the key may have "
        "leaked, revoke it and make another."
    )


class StationKeyInvalidError(CollectorError):
    """The station key file is not one that `liuhen station add` made."""

    code = "station-key-invalid"
    exit_code = ExitCode.CONFIGURATION
    zh = "采集站密钥文件 {path} 的 {key} 有误：{reason}。请使用 liuhen station add 生成的原文件。"
    en = "The station key file {path} is wrong at {key}: {reason}. Use the file as `liuhen station add` made it."


class ServerAddressError(CollectorError):
    """The address of the server is no address."""

    code = "server-address-invalid"
    exit_code = ExitCode.CONFIGURATION
    zh = "服务器地址 {url} 无效。请写成 https://主机名 的形式。"
    en = "{url} is no server address. Write it as https://host."


class ServerNotSecureError(CollectorError):
    """The address would send the station key and the recordings in the clear."""

    code = "server-not-secure"
    exit_code = ExitCode.CONFIGURATION
    zh = "服务器地址 {url} 未加密，密钥和记录会以明文传送。请使用 https://（仅本机回环地址可用 http://）。"
    en = (
        "{url} is not encrypted: the key and the recordings would travel in the clear. "
        "Use https:// (http:// is for this computer's own loopback address only)."
    )


class DeviceTimeInvalidError(CollectorError):
    """The text after --device-time is no time."""

    code = "device-time-invalid"
    exit_code = ExitCode.CONFIGURATION
    zh = "设备时间“{text}”无法识别。请按设备屏幕所示写成 2026-11-23T09:42:10。"
    en = "“{text}” is no device time. Write what the device shows, as 2026-11-23T09:42:10."


class GrammarFileUnreadableError(CollectorError):
    """The grammar file cannot be read."""

    code = "grammar-file-unreadable"
    exit_code = ExitCode.CONFIGURATION
    zh = "无法读取文件名规则表 {path}：{reason}。请检查 --grammars 的路径和权限。"
    en = "The grammar file {path} cannot be read: {reason}. Check path and permissions of --grammars."


class InputUnreadableError(CollectorError):
    """A file or folder to be verified cannot be read."""

    code = "input-unreadable"
    exit_code = ExitCode.SOURCE
    zh = "无法读取 {path}：{reason}。请检查路径和权限。"
    en = "{path} cannot be read: {reason}. Check path and permissions."


class Sm3DiffersError(CollectorError):
    """The original has the receipt's SHA-256 and another SM3: the receipt says something false."""

    code = "sm3-differs"
    exit_code = ExitCode.NOT_VERIFIED
    zh = "文件 {path} 的 SM3 为 {found}，回执所记为 {sealed}，而 SHA-256 一致。回执有误，请报告监督部门。"
    en = "{path} has SM3 {found}, the receipt says {sealed}, though SHA-256 agrees. The receipt is false; report it."


# Source


class SourceMissingError(CollectorError):
    """There is no folder where the recordings should be."""

    code = "source-missing"
    exit_code = ExitCode.SOURCE
    zh = "无法打开采集来源 {path}：{reason}。请确认设备已接好、已挂载，路径无误。"
    en = "The source {path} cannot be opened: {reason}. See that the device is docked and mounted there."


class SourceBusyError(CollectorError):
    """Another collector works on this source."""

    code = "source-busy"
    exit_code = ExitCode.BUSY
    zh = "另一个采集程序正在处理 {path}。请等它结束后再运行。"
    en = "Another collector is at work on {path}. Wait until it has ended."


class SourceGoneError(CollectorError):
    """The device was pulled out or failed as a whole."""

    code = "source-gone"
    exit_code = ExitCode.SOURCE
    zh = "采集来源 {path} 已断开（{reason}）。请重新接好设备再运行，未完成的部分会接着采集。"
    en = "The source {path} has gone away ({reason}). Dock the device again and run again; the work goes on there."


class FileUnreadableError(CollectorError):
    """One file cannot be read, the rest of the device can."""

    code = "file-unreadable"
    exit_code = ExitCode.INCOMPLETE
    zh = "文件 {name} 无法读取（{reason}），其余文件照常采集。请保留设备并告知系统管理员。"
    en = (
        "{name} cannot be read ({reason}); the other files are taken. "
        "Keep the device and tell the system administrator."
    )


class FileChangedError(CollectorError):
    """A file changed while it was read."""

    code = "file-changed"
    exit_code = ExitCode.INCOMPLETE
    zh = "文件 {name} 在读取过程中发生变化，未予入库。请停止设备录制后再运行，下次会重新采集。"
    en = "{name} changed while it was read and was not taken. Stop the recording and run again; it is then retried."


class DeviceWorkFailedError(CollectorError):
    """The collector itself failed on one device: a fault of the program."""

    code = "device-work-failed"
    zh = (
        "处理 {path} 时采集程序出错（{problem}）。没有回执的文件都还在设备上，其余设备照常采集；"
        "请保留设备并把本行报告系统管理员。"
    )
    en = (
        "The collector failed on {path} ({problem}). Every file without a receipt is still on the device, and the "
        "others go on; keep the device and report this line to the system administrator."
    )


class NotClearedError(CollectorError):
    """A file stays on the device although clearing was asked for."""

    code = "not-cleared"
    exit_code = ExitCode.INCOMPLETE
    zh = "文件 {name} 未从设备清除：{reason}。设备上的文件保持原样；请核对后再运行。"
    en = "{name} was not cleared from the device: {reason}. It stays as it is; look into it and run again."


# Server


class ServerUnreachableError(CollectorError):
    """The server cannot be reached, broke off every time, or refused with what passes by itself."""

    code = "server-unreachable"
    exit_code = ExitCode.NETWORK
    zh = "服务器 {url} 暂时无法使用（{reason}）。已采集的进度已保存，待其恢复后重新运行即可继续。"
    en = "The server {url} cannot be used for now ({reason}). Nothing is lost; run again when it is back."


class ServerAnswerError(CollectorError):
    """An answer that the protocol does not know."""

    code = "server-answer-unknown"
    exit_code = ExitCode.REFUSED
    zh = "服务器 {url} 的答复不符合采集协议（状态 {status}：{body}）。请确认地址指向留痕服务器。"
    en = (
        "The server {url} answered outside the intake protocol (status {status}: {body}). "
        "See that the address is that of a Liuhen server."
    )


class RefusedError(CollectorError):
    """The server refused, with a code and its own words in both languages."""

    code = "refused"
    exit_code = ExitCode.REFUSED
    zh = "服务器拒绝（{refusal}）：{words}"
    en = "The server refused ({refusal}): {words}"

    @property
    def refusal(self) -> str:
        """The server's stable code."""
        return str(self.where["refusal"])


class KeyRefusedError(RefusedError):
    """The server does not accept this station's key."""

    exit_code = ExitCode.KEY
    code = "key-refused"


class FileRefusedError(RefusedError):
    """The server refused one file; others may pass. Who talks to the server does not know its name; see `about`."""

    exit_code = ExitCode.INCOMPLETE
    code = "file-refused"
    zh = "服务器拒收文件 {name}（{refusal}）：{words}"
    en = "The server refused {name} ({refusal}): {words}"

    def __init__(self, *, name: str = "-", **where: Any) -> None:
        super().__init__(name=name, **where)

    def about(self, name: str) -> Self:
        """Return the same refusal, of the file called `name`."""
        return type(self)(**{**self.where, "name": name})


class DigestsDifferError(FileRefusedError):
    """What the server received is not what was read here."""

    exit_code = ExitCode.INCOMPLETE
    code = "digests-differ"


class UploadLostError(FileRefusedError):
    """The upload's uuid is of no more use to the server; the file must be sent anew under another."""

    exit_code = ExitCode.INCOMPLETE
    code = "upload-lost"


class ReceiptRefusedError(CollectorError):
    """An answer that is no valid receipt for this file under the pinned log key."""

    code = "receipt-not-accepted"
    exit_code = ExitCode.RECEIPT
    zh = (
        "文件 {name} 的入库回执未通过核验：{reason}。该文件不视为已入库，设备不会被清除。"
        "请立即告知系统管理员：服务器可能不是本站密钥所登记的服务器。"
    )
    en = (
        "The receipt for {name} does not verify: {reason}. The file does not count as taken and nothing is "
        "cleared. Tell the system administrator at once: this may not be the server that the station key names."
    )


# This computer


class StateUnwritableError(CollectorError):
    """The state folder cannot be written."""

    code = "state-unwritable"
    exit_code = ExitCode.DISK
    zh = "无法写入状态目录 {path}：{reason}。请腾出空间、更正权限，或用 --state-dir 另选位置，再运行。"
    en = (
        "The state folder {path} cannot be written: {reason}. Make room, correct its permissions or choose "
        "another with --state-dir, then run again."
    )


class SpoolUnwritableError(CollectorError):
    """A spool cannot be written."""

    code = "spool-unwritable"
    exit_code = ExitCode.DISK
    zh = (
        "无法写入暂存目录 {path}：{reason}。未完成的暂存已撤销，没有回执的文件都还在设备上。"
        "请腾出空间或更正权限后再运行。"
    )
    en = (
        "The spool folder {path} cannot be written: {reason}. The unfinished spool was withdrawn; every file "
        "without a receipt is still on the device. Make room or correct its permissions, and run again."
    )


class SpoolKeptError(CollectorError):
    """A spool stays although every file in it has been received."""

    code = "spool-kept"
    exit_code = ExitCode.INCOMPLETE
    zh = "暂存目录 {path} 中的文件均已入库，但目录未能清除：{reason}。请核对后再运行，或在核对回执后手工删除。"
    en = (
        "Every file of the spool {path} was received, but the spool was not cleared: {reason}. Look into it and run "
        "again, or check the receipts and delete it by hand."
    )


class SpoolUnreadableError(CollectorError):
    """A spool cannot be read; it may be whole."""

    code = "spool-unreadable"
    exit_code = ExitCode.SOURCE
    zh = "无法读取暂存目录 {path} 的 {what}：{reason}。请确认磁盘已接好、权限无误，再运行。"
    en = "{what} of the spool {path} cannot be read: {reason}. See that the disk is in place, then run again."


class SpoolDamagedError(CollectorError):
    """A spool is not as it was written."""

    code = "spool-damaged"
    exit_code = ExitCode.SPOOL
    zh = "暂存目录 {path} 的 {what} 已损坏：{reason}。该部分不予入库；请从原设备重新采集。"
    en = "The spool {path} is damaged at {what}: {reason}. That part is not taken; collect from the device again."


class StoppedError(CollectorError):
    """Somebody asked the collector to stop."""

    code = "stopped"
    exit_code = ExitCode.INTERRUPTED
    zh = "采集已按要求停止。进度已保存，重新运行即可继续。"
    en = "Stopped as asked. Nothing is lost; run again to go on."
