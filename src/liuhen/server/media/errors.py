"""What befalls the tools, apart from verdicts about files."""

from __future__ import annotations

from liuhen.core.errors import LiuhenError

__all__ = ["MediaRefusedError", "OriginalDiffersError", "ToolLostError"]


class MediaRefusedError(LiuhenError):
    """A tool's verdict: this file cannot be used in this way. The original is untouched."""

    code = "media-refused"
    zh = "文件不能用于 {tool}：{defect}（{detail}）。原件已封存，未受影响；可换用其他播放软件核对。"
    en = (
        "The file cannot be used for {tool}: {defect} ({detail}). "
        "The original is sealed and untouched; try another player."
    )


class ToolLostError(LiuhenError):
    """A tool ended without a verdict: killed from outside, or for want of disk space."""

    code = "media-tool-lost"
    zh = "媒体处理工具 {tool} 异常结束（{reason}）。请检查内存与磁盘空间；任务会自动重试。"
    en = (
        "The media tool {tool} ended without an answer ({reason}). Check memory and disk space; the job is tried again."
    )


class OriginalDiffersError(LiuhenError):
    """The sealed original's SHA-256 is not its address."""

    code = "original-differs"
    zh = "音像记录 {recording} 的原件与封存时的校验值不符。请勿改动现场，立即报告保管人并从备份恢复。"
    en = (
        "The original of recording {recording} is not what was sealed. Change nothing, report it to the custodian at "
        "once and restore it from a backup."
    )
