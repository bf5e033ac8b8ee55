"""What can be wrong with a question about recordings."""

from __future__ import annotations

from liuhen.server.kernel.errors import ServerError

__all__ = ["CursorError", "RecordingMissingError"]


class RecordingMissingError(ServerError):
    """There is no such recording, or the actor may not know of it; the two look alike on purpose."""

    code = "recording-missing"
    status = 404
    zh = "没有编号为 {id} 的音像记录，或您无权知悉。请核对编号。"
    en = "There is no recording {id}, or you may not know of it. Check the number."


class CursorError(ServerError):
    """A page address was altered or comes from another version."""

    code = "cursor-invalid"
    zh = "翻页地址无效：{cursor}。请从列表首页重新开始。"
    en = "The page address {cursor} is not valid. Start again from the first page."
