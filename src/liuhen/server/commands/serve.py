"""`liuhen serve`: the front door, the integrator and a worker, until SIGTERM."""

from __future__ import annotations

import errno
import signal
import socket
import sys
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

from liuhen.core.errors import LiuhenError, both
from liuhen.core.exits import ExitCode
from liuhen.core.reasons import reason_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from types import FrameType
    from typing import Never

    from liuhen.core.errors import Language
    from liuhen.server.config.instance import Instance
    from liuhen.usage import Parser

__all__ = ["AddressUnusableError", "MigrationsPendingError", "PortTakenError", "add_arguments", "run"]

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT)
_LAST_PORT: Final = 65535
_UNKNOWN_HOST: Final = both("主机名无法解析", "the host name cannot be resolved")


class _StoppedError(BaseException):
    """SIGTERM or SIGINT has come."""


class PortTakenError(LiuhenError):
    """Another program listens at the address."""

    code = "port-taken"
    exit_code = ExitCode.BUSY
    zh = (
        "{host}:{port} 已被其他程序占用。请停止该程序，或改用其他端口："
        "在 {home}/liuhen.toml 中写 port = {other}，或运行 LIUHEN_PORT={other} make run（或 liuhen serve）。"
    )
    en = (
        "{host}:{port} is in use by another program. Stop it, or take another port: "
        "port = {other} in {home}/liuhen.toml, or LIUHEN_PORT={other} make run (or liuhen serve)."
    )


class AddressUnusableError(LiuhenError):
    """The address is not this machine's, or its port needs rights that the server has not."""

    code = "address-unusable"
    exit_code = ExitCode.CONFIGURATION
    zh = "无法在 {host}:{port} 上监听：{reason}。请在 liuhen.toml 中改正 host 或 port。"
    en = "Nothing can listen at {host}:{port}: {reason}. Correct host or port in liuhen.toml."


class MigrationsPendingError(LiuhenError):
    """The database is of an older version of Liuhen."""

    code = "migrations-pending"
    exit_code = ExitCode.CONFIGURATION
    zh = "数据库结构早于当前程序（{names}）。请先备份 {home}，再运行 liuhen manage migrate。"
    en = "The database is older than this program ({names}). Back up {home}, then run `liuhen manage migrate`."


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    pick = parser.language.pick
    parser.add_argument("--no-worker", action="store_true", help=pick("不在本进程下运行后台任务", "run no worker here"))
    parser.add_argument(
        "--demo", action="store_true", help=pick("空实例填入演示数据", "fill an empty instance with demonstration data")
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; 0 after an orderly end."""
    from liuhen.server.config.instance import Instance
    from liuhen.server.config.setup import initialise, open_instance

    if args.demo:
        initialise(Instance.from_environment())
    _refuse_pending_migrations(open_instance(observe=False))
    instance = open_instance()
    listening = _listen(instance)
    try:
        filling = _say_where(instance, args.language, demo=args.demo)
        _serve(listening, args.language, with_worker=not args.no_worker, with_filler=filling)
    finally:
        listening.close()
    sys.stderr.write(f"{args.language.pick('已停止', 'stopped')}\n")
    return 0


def _listen(instance: Instance) -> socket.socket:
    """Take the address before anything is started that would have to be stopped again."""
    host, port = instance.settings.host, instance.settings.port
    try:
        return socket.create_server(
            (host, port),
            family=socket.AF_INET6 if ":" in host else socket.AF_INET,
            dualstack_ipv6=host == "::" and socket.has_dualstack_ipv6(),
        )
    except (TypeError, ValueError) as error:  # what no resolver takes: an empty label, a zero byte
        raise AddressUnusableError(host=ascii(host)[1:-1], port=port, reason=_UNKNOWN_HOST) from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            other = port + 1 if port < _LAST_PORT else port - 1
            raise PortTakenError(host=host, port=port, home=instance.home, other=other) from error
        reason = _UNKNOWN_HOST if isinstance(error, socket.gaierror) else reason_of(error)
        raise AddressUnusableError(host=host, port=port, reason=reason) from error


def _say_where(instance: Instance, language: Language, *, demo: bool) -> bool:
    """Say where the server is; return whether there is a demonstration to fill in. A real instance is let be."""
    from liuhen.server.demo import cast

    if demo and cast.is_demonstration(instance):
        cast.announce(instance)
        return not cast.is_filled(instance)
    if demo:
        said = language.pick("已有正式数据，不装入演示数据", "holds data of its own, nothing is added")
        sys.stderr.write(f"{instance.home}: {said}\n")
    sys.stderr.write(f"{instance.local_url}/ {language.pick('已开始服务', 'is served')}\n")
    return False


def _serve(listening: socket.socket, language: Language, *, with_worker: bool, with_filler: bool) -> None:
    import uvicorn

    from liuhen.server.commands.child import Child
    from liuhen.server.config.asgi import application
    from liuhen.server.ledger.integrator import start_integrator

    server = uvicorn.Server(
        uvicorn.Config(
            application,
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=10,
            timeout_keep_alive=75,
        )
    )
    with _until_signal(), ExitStack() as running:
        running.callback(start_integrator().stop)
        if with_worker:
            running.callback(Child(["--language", language, "worker"], respawn=True).stop)
        if with_filler:
            running.callback(Child(["--language", language, "demo"], respawn=False).stop)
        server.run(sockets=[listening])


@contextmanager
def _until_signal() -> Iterator[None]:
    """End the block by SIGTERM or SIGINT as if it had ended by itself.

    uvicorn raises the signal that stopped it once more when it is done; by default that would kill this process on the
    spot, and its children would live on.
    """

    def stop(_number: int, _frame: FrameType | None) -> Never:
        for number in _STOPPING:
            signal.signal(number, signal.SIG_IGN)
        raise _StoppedError

    before = {number: signal.signal(number, stop) for number in _STOPPING}
    try:
        with suppress(_StoppedError):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _refuse_pending_migrations(instance: Instance) -> None:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if plan:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _ in plan[:3])
        raise MigrationsPendingError(names=names, home=instance.home)
