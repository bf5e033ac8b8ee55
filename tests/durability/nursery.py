"""A process that has the program loaded and begins each run as a fork of itself, since loading takes most of a run.

One JSON object a line comes in: the module whose `main` is run, its words, the whole environment, and the files that
take what it prints; the exit code goes out, negative for a signal. Nothing of an instance or of Django's settings is
loaded before the fork, so a run is as any other.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from typing import Any

__all__: list[str] = []

_LOADED = (
    *("httpx", "PIL.Image", "PIL.JpegImagePlugin", "argon2", "django.core.management.commands.migrate"),
    *("django.db.models", "django.db.migrations.executor", "django.forms", "django.template.loader", "django.urls"),
    *("django.core.handlers.wsgi", "django.views.generic", "liuhen.cli", "liuhen.core.verify", "liuhen.core.receipt"),
    *("liuhen.collector.work.runner", "liuhen.collector.transport.http", "liuhen.collector.commands.collect"),
    *("liuhen.collector.report.choice", "liuhen.collector.watch.loop", "liuhen.server.config.instance"),
    *("tests.support.faulty_liuhen", "tests.durability.acts"),
)


def _run(order: dict[str, Any]) -> int:
    os.environ.clear()
    os.environ.update(order["environment"])
    for descriptor, path in enumerate((os.devnull, order["out"], order["err"])):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = [order["module"], *order["words"]]
    try:
        return int(importlib.import_module(order["module"]).main() or 0)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - the edge of a process
        traceback.print_exc()
        return 1


def main() -> None:
    """Serve until there are no more orders."""
    for name in _LOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            code = _run(json.loads(line))
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
