from __future__ import annotations

import errno
import importlib
import os
import pickle
import pkgutil
import re
import string
import tomllib
from typing import Any

import pytest

import liuhen.core
from liuhen.core.errors import Language, LiuhenError, both
from liuhen.core.reasons import reason_of
from liuhen.core.tlog.errors import TilePathError


def _families() -> list[type[LiuhenError]]:
    for module in pkgutil.walk_packages(liuhen.core.__path__, "liuhen.core."):
        importlib.import_module(module.name)
    found: list[type[LiuhenError]] = []
    pending = [LiuhenError]
    while pending:
        kind = pending.pop()
        found.append(kind)
        pending += kind.__subclasses__()
    ours = {kind for kind in found if kind.__module__.startswith("liuhen.core.") and "code" in vars(kind)}
    return sorted(ours, key=lambda kind: kind.code)


_ERRORS = _families()


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def _example(kind: type[LiuhenError]) -> LiuhenError:
    """Return an error of `kind` with an example for each field that its templates show."""
    cause = TilePathError(path="x").as_dict()
    fields = _fields(kind.zh) | _fields(kind.en)
    where: dict[str, Any] = {name: cause if name == "cause" else "1" for name in fields}
    return kind(**where)


@pytest.mark.parametrize("kind", _ERRORS, ids=[kind.code for kind in _ERRORS])
def test_every_error_travels_between_processes(kind: type[LiuhenError]) -> None:
    error = _example(kind)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - made one line above
    assert type(again) is kind
    assert again.as_dict() == error.as_dict()
    assert error.as_dict()["code"] == kind.code


class _FolderError(LiuhenError):
    code = "test-folder"
    zh = "目录 {path} 无法写入：{reason}。"
    en = "The folder {path} cannot be written: {reason}."


def _said(error: OSError | LiuhenError) -> tuple[str, str]:
    told = _FolderError(path="/srv", reason=reason_of(error))
    return told.text(Language.ZH), told.text(Language.EN)


def test_words_in_both_languages_are_shown_in_the_language_of_the_sentence() -> None:
    error = _FolderError(path="/srv", reason=both("不是空目录", "it is not empty"))
    assert error.text(Language.ZH) == "目录 /srv 无法写入：不是空目录。"
    assert error.text(Language.EN) == "The folder /srv cannot be written: it is not empty."


def test_what_the_system_says_is_told_in_chinese_in_a_chinese_sentence() -> None:
    assert _said(OSError(errno.ENOSPC, "No space left on device")) == (
        "目录 /srv 无法写入：磁盘已满。",
        "The folder /srv cannot be written: No space left on device.",
    )


@pytest.mark.parametrize(
    "number",
    [errno.EACCES, errno.EBUSY, errno.EIO, errno.EMFILE, errno.ENODEV, errno.ENOENT, errno.ENOTDIR, errno.EROFS],
)
def test_what_may_befall_a_disk_or_a_device_has_chinese_words(number: int) -> None:
    chinese = reason_of(OSError(number, os.strerror(number)))["zh"]
    assert not re.search(r"[A-Za-z0-9]", chinese)


def test_a_system_error_without_words_of_ours_is_told_by_its_name_or_number() -> None:
    assert reason_of(OSError(errno.EXDEV, "Invalid cross-device link"))["zh"] == "系统错误 EXDEV"
    assert reason_of(OSError(9999, "Unknown error 9999"))["zh"] == "系统错误 9999"


@pytest.mark.parametrize(("error", "english"), [(OSError("cut short"), "cut short"), (TimeoutError(), "TimeoutError")])
def test_a_system_error_without_a_number_is_told_all_the_same(error: OSError, english: str) -> None:
    assert reason_of(error) == {"zh": "系统未说明原因", "en": english}


def test_bytes_that_are_no_text_and_texts_that_are_no_toml_are_told_by_their_place() -> None:
    with pytest.raises(UnicodeDecodeError) as undecodable:
        b"ab\xff".decode()
    assert reason_of(undecodable.value) == {"zh": "第 2 字节处不是 UTF-8 编码", "en": "it is not UTF-8 at byte 2"}
    with pytest.raises(tomllib.TOMLDecodeError) as wrong:
        tomllib.loads("a = 1\na = 2\n")
    assert reason_of(wrong.value)["zh"] == "第 2 行第 6 列不符合 TOML 语法"
    with pytest.raises(tomllib.TOMLDecodeError) as cut:
        tomllib.loads("a = ")
    assert reason_of(cut.value)["zh"] == "文件末尾不符合 TOML 语法"
    assert "end of document" in reason_of(cut.value)["en"]


def test_another_error_is_told_within_the_sentence_without_its_own_full_stop() -> None:
    error = TilePathError(path="x")
    assert error.text(Language.ZH).endswith("。")
    assert _said(error) == (
        f"目录 /srv 无法写入：{error.text(Language.ZH)}",
        f"The folder /srv cannot be written: {error}",
    )
