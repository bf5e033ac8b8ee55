"""`liuhen serve`: the front door, the integrator and a worker, until SIGTERM."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Final

from liuhen.core.errors import LiuhenError

if TYPE_CHECKING:
    import argparse

    from liuhen.server.config.instance import Instance

__all__ = ["MigrationsPendingError", "PortTakenError", "add_arguments", "run"]

_RESTART_S: Final = 2.0


class PortTakenError(LiuhenError):
    """Another program listens at the address."""

    code = "port-taken"
    zh = "{host}:{port} 已被其他程序占用。请停止该程序，或在 liuhen.toml 中改用其他 port。"
    en = "{host}:{port} is in use by another program. Stop it, or set another port in liuhen.toml."


class MigrationsPendingError(LiuhenError):
    """The database is of an older version of Liuhen."""

    code = "migrations-pending"
    zh = "数据库结构早于当前程序（{names}）。请先备份 {home}，再运行 liuhen manage migrate。"
    en = "The database is older than this program ({names}). Back up {home}, then run `liuhen manage migrate`."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--no-worker", action="store_true", help="run no worker here / 不在本进程下运行后台任务")
    parser.add_argument(
        "--demo", action="store_true", help="fill an empty instance with demonstration data / 空实例填入演示数据"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; 0 after an orderly end."""
    from liuhen.server.config.instance import Instance
    from liuhen.server.config.setup import initialise, open_instance

    if args.demo:
        initialise(Instance.from_environment())
    instance = open_instance()
    _refuse_pending_migrations(instance)
    filler = None
    if args.demo:
        from liuhen.server.demo import cast

        cast.announce(instance)
        filler = None if cast.is_filled(instance) else ["demo"]
    _serve(instance, with_worker=not args.no_worker, filler=filler)
    return 0


def _serve(instance: Instance, *, with_worker: bool, filler: list[str] | None) -> None:
    import uvicorn

    from liuhen.server.kernel import clock
    from liuhen.server.ledger.integrator import start_integrator
    from liuhen.server.ledger.selectors import newest_time

    newest = newest_time()
    if newest is not None:
        clock.observe(newest)
    own = instance.settings
    server = uvicorn.Server(
        uvicorn.Config(
            "liuhen.server.config.asgi:application",
            host=own.host,
            port=own.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            timeout_keep_alive=75,
        )
    )
    integrator = start_integrator()
    children = [_Child(["worker"], respawn=True)] if with_worker else []
    if filler is not None:
        children.append(_Child(filler, respawn=False))
    try:
        server.run()
    except SystemExit as stop:
        raise PortTakenError(host=own.host, port=own.port) from stop
    finally:
        for child in children:
            child.stop()
        integrator.stop()


def _refuse_pending_migrations(instance: Instance) -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in plan[:3])
        raise MigrationsPendingError(names=names, home=instance.home)


class _Child:
    """A child process of the server; with `respawn` it is started again whenever it dies."""

    def __init__(self, arguments: list[str], *, respawn: bool) -> None:
        self._command = [sys.executable, "-m", "liuhen.cli", *arguments]
        self._respawn = respawn
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._watch, name=f"child {arguments[0]}", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopping.is_set():
            with self._lock:
                if self._stopping.is_set():
                    return
                self._process = subprocess.Popen(self._command, env=os.environ, stdin=subprocess.DEVNULL)
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
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._thread.join()
