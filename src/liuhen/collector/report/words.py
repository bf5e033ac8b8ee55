"""The sentences of the reports in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from liuhen.collector.source.search import SkipReason
from liuhen.core.sizes import size_text

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

__all__ = ["REASONS", "Words"]

# The pages say the same (`liuhen.server.web.words`), of whatever time: a reason is read at the station and years later.
REASONS: Final[dict[SkipReason, tuple[str, str]]] = {
    SkipReason.NOT_MEDIA: ("不是音像记录", "not a recording"),
    SkipReason.SYSTEM_FILE: ("系统文件或目录", "a system file or folder"),
    SkipReason.SYMLINK: ("链接，不跟随", "a link, not followed"),
    SkipReason.NOT_A_FILE: ("不是普通文件", "not an ordinary file"),
    SkipReason.TOO_DEEP: ("目录层级过深，未查看", "folders too deep, not looked into"),
    SkipReason.SIDECAR_ALONE: ("附件，没有所属的音像记录", "an attachment without its recording"),
    SkipReason.ALREADY_RECEIVED: ("此前已入库，回执已核验", "received before, with a verified receipt"),
    SkipReason.ALREADY_SPOOLED: ("此前已暂存，由暂存目录转交", "spooled before, comes by the spool"),
    SkipReason.SPOOLED: ("已暂存，由暂存目录转交", "spooled, comes by the spool"),
    SkipReason.UNREADABLE: ("无法读取", "cannot be read"),
    SkipReason.CHANGED: ("读取时发生变化", "changed while it was read"),
    SkipReason.GONE: ("此前采集开始时还在设备上，后来不在", "on the device when an earlier run began, no longer there"),
    SkipReason.REFUSED: ("服务器拒收", "refused by the server"),
    SkipReason.DIGEST_MISMATCH: ("服务器收到的与读取的内容不一致", "the server received other bytes than were read"),
    SkipReason.RECORDING_NOT_TAKEN: ("附件，所属的音像记录未采集", "an attachment whose recording was not taken"),
    SkipReason.SPOOL_DAMAGED: ("与暂存时的内容不一致", "not the bytes that were spooled"),
    SkipReason.NOT_LISTED: ("其余未逐项列出", "others, not listed one by one"),
}


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
