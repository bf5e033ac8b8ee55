"""What can be wrong with the form of a receipt."""

from __future__ import annotations

from liuhen.core.errors import LiuhenError
from liuhen.core.exits import ExitCode

__all__ = ["ReceiptError", "ReceiptFieldError", "ReceiptNotCanonicalError", "ReceiptTooLargeError"]


class ReceiptError(LiuhenError):
    """Base: the bytes are no receipt."""

    exit_code = ExitCode.NOT_VERIFIED


class ReceiptTooLargeError(ReceiptError):
    """The bytes exceed what any receipt can have."""

    code = "receipt-too-large"
    zh = "入库回执有 {size} 字节，超过上限 {limit} 字节，不可能是回执。请检查是否选错了文件。"
    en = "The receipt has {size} bytes, more than {limit}, so it is none. Check whether this is the right file."


class ReceiptNotCanonicalError(ReceiptError):
    """The bytes are not canonical JSON."""

    code = "receipt-not-canonical"
    zh = "入库回执不是规范 JSON。{cause}"
    en = "The receipt is not canonical JSON. {cause}"


class ReceiptFieldError(ReceiptError):
    """A field is missing, unknown or not in its form."""

    code = "receipt-field"
    zh = "入库回执的字段 {field} 缺失、多余或格式不符（docs/spec/receipt.md）。请从服务器重新取得。"
    en = "Field {field} of the receipt is missing, unknown or malformed (docs/spec/receipt.md). Obtain it again."
