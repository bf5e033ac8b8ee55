"""The real `liuhen` in a process of its own, on an instance of the test's."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["LIUHEN", "ROOT", "beside", "environment", "free_port", "is_alive", "liuhen"]

ROOT = Path(__file__).resolve().parents[2]
LIUHEN = (sys.executable, "-m", "liuhen.cli")


def environment(home: Path, **settings: str) -> dict[str, str]:
    """Return the environment for the instance in `home`: English, and each setting as its `LIUHEN_` variable."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("LIUHEN_", "LC_", "LANG"))}
    own = {f"LIUHEN_{name.upper()}": value for name, value in settings.items()}
    return kept | own | {"LIUHEN_HOME": str(home), "LANG": "en_US.UTF-8"}


def liuhen(home: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a `liuhen` command to its end."""
    return subprocess.run(
        [*LIUHEN, *words],
        env=environment(home, **settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def free_port() -> int:
    """Return a port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and waits to be collected does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@contextmanager
def beside(
    command: Sequence[str], environment: Mapping[str, str], *, limit: Callable[[], None] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """Run `command` beside the block, which it does not outlive; `limit` is called in it before it begins."""
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,  # noqa: PLW1509 - only to set limits, in a parent whose threads hold no lock of libc
    ) as process:
        try:
            yield process
        finally:
            process.kill()
            process.communicate()
