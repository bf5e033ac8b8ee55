"""How a tool says that a file cannot be used."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import av

from liuhen.server.media.defects import Defect

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["RefusedError", "refusing"]

_NOT_THE_FILES_FAULT: Final = {errno.ENOSPC, errno.EDQUOT}
_LIMITS: Final = {errno.ENOMEM, errno.EFBIG}


class RefusedError(Exception):
    """The file cannot be used: a verdict about it, not a fault of ours. `detail` is for administrators."""

    def __init__(self, defect: Defect, detail: str) -> None:
        super().__init__(f"{defect}: {detail}")
        self.defect = defect
        self.detail = detail


@contextmanager
def refusing(defect: Defect) -> Iterator[None]:
    """Turn what the media library raises about the file into `RefusedError` with `defect`; a full disk stays itself."""
    try:
        yield
    except av.FFmpegError as error:
        if error.errno in _NOT_THE_FILES_FAULT:
            raise
        if error.errno in _LIMITS:
            defect = Defect.OVER_LIMIT
        raise RefusedError(defect, f"{type(error).__name__}: {error.strerror}") from error
