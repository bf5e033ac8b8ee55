"""The sentences of the reports in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from liuhen.collector.source.finding import SkipReason

if TYPE_CHECKING:
    from liuhen.collector.report.events import (
        CollectionStarted,
        FileCleared,
        FileReceived,
        FileSkipped,
        FileStarted,
        SpoolWritten,
        Watching,
    )
    from liuhen.collector.report.outcome import Outcome
    from liuhen.core.errors import Language

__all__ = ["REASONS", "Words", "size_text"]

REASONS: Final[dict[SkipReason, tuple[str, str]]] = {
    SkipReason.NOT_MEDIA: ("不是音像文件", "no recording"),
    SkipReason.SYSTEM_FILE: ("系统文件", "system file"),
    SkipReason.SYMLINK: ("链接，不跟随", "link, not followed"),
    SkipReason.NOT_A_FILE: ("不是普通文件", "not a regular file"),
    SkipReason.TOO_DEEP: ("目录层级过深，未查看", "folders too deep, not looked into"),
    SkipReason.SIDECAR_ALONE: ("附属文件无对应记录", "attachment without its recording"),
    SkipReason.ALREADY_RECEIVED: ("此前已入库，有回执", "received before, with receipt"),
    SkipReason.ALREADY_SPOOLED: ("此前已暂存，待转交", "spooled before, to be sent on"),
    SkipReason.SPOOLED: ("已暂存，待转交", "spooled, to be sent on"),
    SkipReason.UNREADABLE: ("无法读取", "cannot be read"),
    SkipReason.CHANGED: ("读取时发生变化，下次重试", "changed while read, retried next time"),
    SkipReason.GONE: ("已不在设备上", "no longer on the device"),
    SkipReason.REFUSED: ("服务器拒收", "refused by the server"),
    SkipReason.DIGEST_MISMATCH: ("摘要不符，下次重试", "digests differ, retried next time"),
    SkipReason.RECORDING_NOT_TAKEN: ("所属记录未入库", "its recording was not taken"),
    SkipReason.SPOOL_DAMAGED: ("暂存内容已损坏", "damaged in the spool"),
    SkipReason.NOT_LISTED: ("其余未逐项列出", "others, not listed one by one"),
}

_UNITS: Final = ("B", "KiB", "MiB", "GiB", "TiB")
_STEP: Final = 1024


def size_text(size: int) -> str:
    """Return `size` bytes in a unit that leaves at most four digits."""
    value, unit = float(size), 0
    while value >= _STEP and unit < len(_UNITS) - 1:
        value, unit = value / _STEP, unit + 1
    return f"{size} B" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


class Words:
    """Makes sentences in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.pick = language.pick

    def reason(self, reason: SkipReason) -> str:
        """Return why something was left."""
        return self.pick(*REASONS[reason])

    def started(self, event: CollectionStarted) -> str:
        """Return the opening line."""
        size = size_text(event.size)
        again_zh, again_en = ("（继续上次）", " (going on)") if event.resumed else ("", "")
        return self.pick(
            f"开始采集 {event.source}{again_zh}：{event.files} 个文件，{size}",
            f"Collecting {event.source}{again_en}: {event.files} files, {size}",
        )

    def file_started(self, event: FileStarted) -> str:
        """Return the line for a file that is being read."""
        size = size_text(event.size)
        return self.pick(f"采集 {event.name}（{size}）", f"Taking {event.name} ({size})")

    def received(self, event: FileReceived) -> str:
        """Return the line for a verified receipt."""
        zh, en = ("，与先前入库内容相同", ", the same bytes as before") if event.duplicate else ("", "")
        return self.pick(f"已入库 {event.name}，回执核验无误{zh}", f"Received {event.name}, receipt verified{en}")

    def skipped(self, event: FileSkipped) -> str:
        """Return the line for something left."""
        reason = self.reason(event.reason)
        return self.pick(f"未采集 {event.name}：{reason}", f"Left {event.name}: {reason}")

    def cleared(self, event: FileCleared) -> str:
        """Return the line for a cleared file."""
        return self.pick(f"已从设备清除 {event.name}", f"Cleared {event.name} from the device")

    def spooled(self, event: SpoolWritten) -> str:
        """Return the line for a finished spool."""
        size = size_text(event.size)
        return self.pick(
            f"已暂存到 {event.path}：{event.files} 个文件，{size}。尚未入库，请勿清除设备。",
            f"Spooled to {event.path}: {event.files} files, {size}. Not yet received: do not clear the device.",
        )

    def watching(self, event: Watching) -> str:
        """Return the line for a collector that waits."""
        return self.pick(
            f"正在等待设备接入 {event.path}（Ctrl+C 结束）", f"Waiting for devices below {event.path} (Ctrl+C ends)"
        )

    def ended(self, outcome: Outcome) -> str:
        """Return the closing line."""
        taken, skipped, cleared = len(outcome.taken), len(outcome.skipped), len(outcome.cleared)
        size = size_text(sum(one.size for one in outcome.taken))
        zh = f"{outcome.source}：入库 {taken} 个文件（{size}），未采集 {skipped} 项，清除 {cleared} 个"
        en = f"{outcome.source}: {taken} files received ({size}), {skipped} left, {cleared} cleared"
        if outcome.spooled:
            zh, en = f"{zh}，暂存 {outcome.spooled} 个", f"{en}, {outcome.spooled} spooled"
        if outcome.kept:
            zh, en = f"{zh}，未能清除 {len(outcome.kept)} 个", f"{en}, {len(outcome.kept)} could not be cleared"
        return self.pick(zh, en)
