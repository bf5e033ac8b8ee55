"""The sandbox's child with tools in it that misbehave: run as `python -m tests.server.media.faulty_tools`."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from typing import TYPE_CHECKING, Any, BinaryIO

from liuhen.server.media.tools import __main__ as child
from liuhen.server.media.tools.catalogue import TOOLS

if TYPE_CHECKING:
    from pathlib import Path


def crash(file: BinaryIO, folder: Path) -> dict[str, Any]:
    """Read where no memory is, as a broken decoder does."""
    del file, folder
    return {"never": ctypes.string_at(1)}


def hang(file: BinaryIO, folder: Path) -> dict[str, Any]:
    """Say who this is, and do nothing for a long time."""
    del file
    (folder / "pid.new").write_text(str(os.getpid()), encoding="ascii")
    (folder / "pid.new").rename(folder / "pid")
    time.sleep(600)
    return {}


def spin(file: BinaryIO, folder: Path) -> dict[str, Any]:
    """Use the processor without end."""
    del file, folder
    while True:
        pass


def swell(file: BinaryIO, folder: Path) -> dict[str, Any]:
    """Use memory without end."""
    del file, folder
    held = []
    while True:
        held.append(bytes(64 << 20))


def gush(file: BinaryIO, folder: Path) -> dict[str, Any]:
    """Write without end."""
    del file
    with (folder / "flood").open("wb") as flood:
        while True:
            flood.write(bytes(1 << 20))


def be_killed(file: BinaryIO, folder: Path) -> dict[str, Any]:
    """End as the system ends processes when memory is short."""
    del file, folder
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


def stumble(file: BinaryIO, folder: Path) -> dict[str, Any]:
    """Fail by a fault of our own."""
    del file, folder
    raise RuntimeError("a fault of ours")


def count(file: BinaryIO, folder: Path, *, factor: int) -> dict[str, Any]:
    """Return the file's size times `factor`."""
    del folder
    return {"bytes": len(file.read()) * factor}


if __name__ == "__main__":
    assert isinstance(TOOLS, dict)
    TOOLS.update({tool.__name__: tool for tool in (crash, hang, spin, swell, gush, be_killed, stumble, count)})
    child.main()
