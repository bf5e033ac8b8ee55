"""The child process of `media.sandbox`: one tool, one file, then the end.

The first line of standard input is the order (JSON); the answer goes to `answer.json` in the order's folder. When
standard input ends, the parent is gone and so is this process.
"""

from __future__ import annotations

import errno
import faulthandler
import json
import os
import resource
import sys
import threading
from pathlib import Path
from typing import Any, Final

_NICE: Final = 10
_ORPHANED: Final = 75


def main() -> None:
    """Carry out the order."""
    order = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    faulthandler.enable()
    _limit(**order["limits"])
    folder = Path(order["folder"])
    answer = _carry_out(order, folder)
    (folder / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


def _carry_out(order: dict[str, Any], folder: Path) -> dict[str, Any]:
    # Imported under the limits: a library that takes too much memory on loading is caught like any other.
    from liuhen.server.media.defects import Defect
    from liuhen.server.media.tools.catalogue import TOOLS
    from liuhen.server.media.tools.refusal import RefusedError

    with os.fdopen(order["fd"], "rb") as file:
        file.seek(0)  # the place is shared with whoever used the descriptor before
        try:
            return {"done": TOOLS[order["tool"]](file, folder, **order["options"])}
        except RefusedError as refusal:
            return {"refused": refusal.defect, "detail": refusal.detail}
        except MemoryError:
            return {"refused": Defect.OVER_LIMIT, "detail": "more memory than is allowed"}
        except OSError as error:
            if error.errno != errno.EFBIG:
                raise
            return {"refused": Defect.OVER_LIMIT, "detail": "more output than is allowed"}


def _end_with_parent() -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    os._exit(_ORPHANED)


def _limit(*, cpu_s: int, memory_bytes: int, output_bytes: int) -> None:
    os.nice(_NICE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # At the soft limit SIGXCPU tells why the process ended; at the hard one it would be a mere SIGKILL.
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 10))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (output_bytes, output_bytes))


if __name__ == "__main__":
    main()
