"""A command as a child of the server, which does not outlive it: `python -m liuhen.server.commands.child worker`.

The child's standard input is a pipe to which nothing is ever written and whose other end the server alone holds. The
kernel closes that end when the server dies, in whatever way: the child reads the end of its input and ends itself as
SIGTERM would. Without this a killed server would leave a worker behind, and the next one would run beside it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Child", "main"]

_RESTART_S: Final = 2.0
_GRACE_S: Final = 10.0
_KILL_S: Final = 20.0


class Child:
    """A child process of the server; with `respawn` it is started again whenever it dies."""

    def __init__(self, arguments: Sequence[str], *, respawn: bool) -> None:
        self._command = [sys.executable, "-m", __name__, *arguments]
        self._respawn = respawn
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name=f"child {arguments[-1]}", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                if self._stopping.is_set():
                    return
                # The pipe's end is not inheritable, so no other process that the server starts keeps it open.
                self._process = subprocess.Popen(self._command, env=os.environ, stdin=subprocess.PIPE)
            with self._process:
                self._process.wait()
            if not self._respawn:
                return
            self._stopping.wait(_RESTART_S)

    def stop(self) -> None:
        """End the child: SIGTERM, then SIGKILL after ten seconds."""
        self._stopping.set()
        with self._lock:
            process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._thread.join()


def main(arguments: Sequence[str]) -> int:
    """Run a command of `liuhen` until it ends or the process that holds the other end of standard input is gone."""
    from liuhen.cli import main as run

    threading.Thread(target=_end_with_parent, args=(sys.stdin.fileno(),), name="parent", daemon=True).start()
    return run(arguments)


def _end_with_parent(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    # What does not end in good order ends all the same: nobody is left who would see to it.
    threading.Event().wait(_KILL_S)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
