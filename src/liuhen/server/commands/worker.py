"""`liuhen worker`: run background jobs until SIGTERM."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

    from liuhen.usage import Parser

__all__ = ["add_arguments", "run"]


def add_arguments(parser: Parser) -> None:
    """Declare the options."""
    pick = parser.language.pick
    parser.add_argument(
        "--lease",
        type=float,
        default=30.0,
        metavar="SECONDS",
        help=pick("后台进程异常退出后，任务隔多少秒重新执行", "a job runs again this long after its worker died"),
    )
    parser.add_argument(
        "--grace",
        type=float,
        default=8.0,
        metavar="SECONDS",
        help=pick("收到 SIGTERM 后的收尾秒数，逾时退回队列", "time to end a job after SIGTERM, then it is handed back"),
    )
    parser.add_argument(
        "--retry-failed",
        action="store_true",
        help=pick("将失败的任务重新排入队列后退出", "make failed jobs due again, and end"),
    )


def run(args: argparse.Namespace) -> int:
    """Run jobs until SIGTERM or SIGINT; 0 after an orderly end. Or make failed jobs due again."""
    from liuhen.server.config.setup import open_instance

    open_instance()
    pick = args.language.pick
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.jobs import queue
    from liuhen.server.kernel.jobs.worker import Rhythm, Worker

    if args.retry_failed:
        count = sum(queue.retry(job_id=job.id, at=clock.now()) for job in list(queue.failed()))
        sys.stderr.write(f"{pick(f'已重新排入 {count} 项任务', f'{count} jobs are due again')}\n")
        return 0
    worker = Worker(rhythm=Rhythm(lease_s=args.lease, grace_s=args.grace))
    sys.stderr.write(f"{worker.name}: {pick('后台任务进程已启动', 'worker started')}\n")
    worker.run()
    return 0
