"""Running a tool on a file in a process of its own, so that no file can harm the worker.

The child gets the open original (never a path in the vault), a folder to write into, and limits on time, processor,
memory and output. A crash, a hang or a bomb in it is a verdict about the file. Killed from outside, or with the disk
full, there is no verdict, and the job is tried again.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from io import UnsupportedOperation
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from liuhen.server.media.defects import Defect
from liuhen.server.media.errors import MediaRefusedError, ToolLostError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

__all__ = ["Limits", "run_tool"]

_PROGRAM = "liuhen.server.media.tools"
_CRASHES: Final = frozenset(
    (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGTRAP, signal.SIGSYS)
)
_GIB: Final = 1 << 30
_ERROR_TAIL: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a tool may use: wall-clock and processor seconds, bytes of address space and of output."""

    wall_s: float
    cpu_s: int
    memory_bytes: int = 3 * _GIB
    output_bytes: int = 64 * _GIB


def run_tool(
    tool: str, source: BinaryIO, folder: Path, *, limits: Limits, options: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Run `tool` (see `tools.catalogue`) on `source` and return its answer; its file, if any, lies in `folder`.

    Raises:
        MediaRefusedError: the file cannot be used in this way.
        ToolLostError: there is no verdict.
    """
    with _descriptor(source, folder) as fd, (folder / "errors.txt").open("w+b") as errors:
        order = {
            "tool": tool,
            "fd": fd,
            "folder": str(folder),
            "options": dict(options or {}),
            "limits": {
                "cpu_s": limits.cpu_s,
                "memory_bytes": limits.memory_bytes,
                "output_bytes": limits.output_bytes,
            },
        }
        status = _child(order, fd, errors, wall_s=limits.wall_s)
        errors.seek(max(0, errors.tell() - _ERROR_TAIL))
        complaint = errors.read().decode(errors="replace")
    answer_file = folder / "answer.json"
    if status != 0 or not answer_file.exists():
        raise _judge(tool, status, complaint)
    answer: dict[str, Any] = json.loads(answer_file.read_text(encoding="utf-8"))
    if "refused" in answer:
        raise MediaRefusedError(tool=tool, defect=Defect(answer["refused"]), detail=answer["detail"])
    done: dict[str, Any] = answer["done"]
    return done


_TIMED_OUT: Final = 10_000


def _child(order: dict[str, Any], fd: int, errors: BinaryIO, *, wall_s: float) -> int:
    """Return the exit status, negative for a signal, `_TIMED_OUT` where the time ran out."""
    # A session of its own: Ctrl-C in a terminal is for the worker, which ends its tools itself.
    with subprocess.Popen(
        [sys.executable, "-m", _PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=errors,
        pass_fds=(fd,),
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        start_new_session=True,
    ) as process:
        try:
            assert process.stdin is not None  # noqa: S101 - it was asked for
            # Not closed before the end: by its end the child learns that this process is gone.
            process.stdin.write(json.dumps(order).encode() + b"\n")
            process.stdin.flush()
            return process.wait(wall_s)
        except subprocess.TimeoutExpired:
            return _TIMED_OUT
        finally:
            process.kill()


def _judge(tool: str, status: int, complaint: str) -> MediaRefusedError | ToolLostError:
    if status == _TIMED_OUT or -status == signal.SIGXCPU:
        return MediaRefusedError(tool=tool, defect=Defect.DECODER_TIMED_OUT, detail="over its time")
    if -status in _CRASHES:
        return MediaRefusedError(tool=tool, defect=Defect.DECODER_CRASHED, detail=signal.Signals(-status).name)
    reason = signal.Signals(-status).name if status < 0 else f"{status}: {complaint.strip().rpartition('\n')[2]}"
    return ToolLostError(tool=tool, reason=reason)


@contextmanager
def _descriptor(source: BinaryIO, folder: Path) -> Iterator[int]:
    """Yield a file descriptor of the bytes of `source`; a source that is none is copied into `folder` first."""
    try:
        yield source.fileno()
    except UnsupportedOperation:
        with tempfile.TemporaryFile(dir=folder) as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
            copy.flush()
            yield copy.fileno()
