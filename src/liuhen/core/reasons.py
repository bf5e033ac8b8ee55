"""Why something failed, in both languages, as a part of an error's sentence."""

from __future__ import annotations

import errno
import re
import tomllib
from typing import Final

from liuhen.core.errors import Language, LiuhenError, both

__all__ = ["reason_of"]

_CHINESE: Final = {
    errno.EACCES: "没有权限",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.EAGAIN: "资源暂时不可用",
    errno.EBUSY: "设备或资源正忙",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EEXIST: "文件已存在",
    errno.EFBIG: "文件超过允许的大小",
    errno.EINVAL: "系统不接受这一操作",
    errno.EIO: "读写错误",
    errno.EISDIR: "是目录，不是文件",
    errno.ELOOP: "链接层数过多",
    errno.EMFILE: "打开的文件过多",
    errno.ENAMETOOLONG: "文件名过长",
    errno.ENFILE: "打开的文件过多",
    errno.ENODEV: "设备不存在",
    errno.ENOENT: "文件或目录不存在",
    errno.ENOLCK: "无法加锁",
    errno.ENOMEM: "内存不足",
    errno.ENOSPC: "磁盘已满",
    errno.ENOTCONN: "设备已断开",
    errno.ENOTDIR: "不是目录",
    errno.ENOTEMPTY: "目录不为空",
    errno.ENXIO: "设备不存在",
    errno.EOPNOTSUPP: "不支持此操作",
    errno.EPERM: "不允许此操作",
    errno.EROFS: "磁盘只读",
    errno.ESTALE: "网络磁盘上的文件已失效",
    errno.ETIMEDOUT: "操作超时",
}


def reason_of(error: LiuhenError | OSError | UnicodeDecodeError | tomllib.TOMLDecodeError) -> dict[str, str]:
    """Return why something failed, in both languages, as a part of another error's sentence.

    What the system refused is named in Chinese by its number where we have no words for it.
    """
    match error:
        case LiuhenError():
            return both(error.text(Language.ZH).removesuffix("。"), error.text(Language.EN).removesuffix("."))
        case UnicodeDecodeError():
            form = error.encoding.upper()
            return both(f"第 {error.start} 字节处不是 {form} 编码", f"it is not {form} at byte {error.start}")
        case tomllib.TOMLDecodeError():
            place = re.search(r"line (\d+), column (\d+)", str(error))
            zh = f"第 {place[1]} 行第 {place[2]} 列" if place else "文件末尾"
            return both(f"{zh}不符合 TOML 语法", f"it is not TOML: {error}")
        case _:
            return _system_reason(error)


def _system_reason(error: OSError) -> dict[str, str]:
    number = error.errno or 0
    unnamed = f"系统错误 {errno.errorcode.get(number, number)}" if number else "系统未说明原因"
    return both(_CHINESE.get(number, unnamed), error.strerror or str(error) or type(error).__name__)
