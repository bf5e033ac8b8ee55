"""`liuhen collect`: take recordings from a device, folder or portable disk to the server."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from liuhen.core.exits import ExitCode, worst
from liuhen.core.reasons import reason_of

if TYPE_CHECKING:
    import argparse

    from liuhen.collector.report import Report
    from liuhen.collector.transport import Halt
    from liuhen.collector.work.order import Order
    from liuhen.core.errors import Language
    from liuhen.core.naming import Grammars
    from liuhen.core.tlog.note import VerifierKey
    from liuhen.usage import Parser

__all__ = ["add_arguments", "run"]

_HELP = {
    "source": (
        "设备挂载点、文件夹，或其他采集站写出的暂存盘",
        "mount point of a device, a folder, or a disk of spools from another station",
    ),
    "server": ("服务器地址，如 https://liuhen.example.gov.cn", "address of the server, as https://host"),
    "station_key_file": ("采集站密钥文件", "the station key file"),
    "device": ("设备编号", "serial of the device"),
    "device_time": (
        "设备屏幕此刻显示的时间，如 2026-11-23T09:42:10，用于测定时钟误差",
        "what the device's clock shows now, as 2026-11-23T09:42:10, to measure its error",
    ),
    "clear_device": (
        "回执核验且逐个复读比对无误后，从设备清除文件",
        "clear each file from the device once its receipt is verified and it was read again and compared",
    ),
    "watch": ("持续监视该目录下接入的设备", "attend to every device that appears below this folder"),
    "poll": ("监视的间隔秒数", "seconds between looks at the watched folder"),
    "devices": ("监视时同时处理的设备数", "devices attended to at once while watching"),
    "to_disk": ("不联网，写成可携带的暂存目录", "write a portable spool below this folder, without the network"),
    "spool": (
        "断网时暂存到该目录；以后运行时自动转交",
        "keep below this folder what cannot be sent, and send on what lies there",
    ),
    "state_dir": ("状态目录（进度与回执）", "folder of progress and receipts"),
    "parallel": ("同时采集的文件数", "files taken at once"),
    "grammars": ("本单位的文件名规则表", "a table of file name grammars of this agency"),
    "patience": ("网络中断时无进展地重试多少秒", "seconds to try again without progress when the network fails"),
    "json": ("标准输出逐行给出 JSON 事件", "one JSON object per event on standard output"),
}
_DEFAULT_PARALLEL = 2
_DEFAULT_PATIENCE_S = 120.0
_DEFAULT_POLL_S = 2.0
_DEFAULT_DEVICES = 4
_MOST_AT_ONCE = 16
_MISUSES = {
    "source-or-watch": ("SOURCE 与 --watch DIR 应且只应给出一个", "give either SOURCE or --watch DIR"),
    "no-server": ("缺少 --server（仅 --to-disk 可不给）", "--server is needed, except with --to-disk"),
    "to-disk-alone": (
        "--to-disk 不能与 --clear-device、--watch、--spool 同用：没有回执不得清除",
        "--to-disk goes with none of --clear-device, --watch, --spool: nothing is cleared without a receipt",
    ),
    "time-of-many": (
        "--device-time 只用于一台设备，不能与 --watch 同用",
        "--device-time is for one device, --watch for many",
    ),
    "device-of-many": ("--device 只用于一台设备，不能与 --watch 同用", "--device is for one device, --watch for many"),
    "not-positive": ("应为大于 0 的数", "a number above 0 is needed"),
    "not-a-count": (f"应为 1 到 {_MOST_AT_ONCE} 的整数", f"a whole number from 1 to {_MOST_AT_ONCE} is needed"),
}


def add_arguments(parser: Parser) -> None:
    """Declare the arguments."""
    language = parser.language
    words = {name: language.pick(zh, en) for name, (zh, en) in _HELP.items()}
    positive, count = partial(_positive, language=language), partial(_count, language=language)
    parser.add_argument("source", metavar="SOURCE", type=Path, nargs="?", help=words["source"])
    parser.add_argument("--server", metavar="URL", help=words["server"])
    parser.add_argument("--station-key-file", metavar="FILE", type=Path, required=True, help=words["station_key_file"])
    parser.add_argument("--device", metavar="SERIAL", help=words["device"])
    parser.add_argument("--device-time", metavar="TIME", help=words["device_time"])
    parser.add_argument("--clear-device", action="store_true", help=words["clear_device"])
    parser.add_argument("--watch", metavar="DIR", type=Path, help=words["watch"])
    parser.add_argument("--poll", metavar="SECONDS", type=positive, default=_DEFAULT_POLL_S, help=words["poll"])
    parser.add_argument("--devices", metavar="N", type=count, default=_DEFAULT_DEVICES, help=words["devices"])
    parser.add_argument("--to-disk", metavar="DIR", type=Path, help=words["to_disk"])
    parser.add_argument("--spool", metavar="DIR", type=Path, help=words["spool"])
    parser.add_argument("--state-dir", metavar="DIR", type=Path, help=words["state_dir"])
    parser.add_argument("--parallel", metavar="N", type=count, default=_DEFAULT_PARALLEL, help=words["parallel"])
    parser.add_argument("--grammars", metavar="FILE", type=Path, help=words["grammars"])
    parser.add_argument(
        "--patience", metavar="SECONDS", type=positive, default=_DEFAULT_PATIENCE_S, help=words["patience"]
    )
    parser.add_argument("--json", action="store_true", help=words["json"])
    parser.set_defaults(refuse=parser.error)


def run(args: argparse.Namespace) -> int:
    """Carry out the command and return its exit code.

    Raises:
        LiuhenError: nothing could be begun.
    """
    began_ns = time.monotonic_ns()
    _check_combination(args)
    from liuhen.collector.report.choice import report_to
    from liuhen.collector.transport import Halt
    from liuhen.collector.work.stopping import stopped_by_signals

    order = _order(args, began_ns)
    halt = Halt()
    report = report_to(words_on=sys.stderr, json_on=sys.stdout if args.json else None, language=args.language)
    try:
        with stopped_by_signals(halt):
            return _carry_out(args, order, report, halt)
    finally:
        report.close()


def _carry_out(args: argparse.Namespace, order: Order, report: Report, halt: Halt) -> ExitCode:
    from liuhen.collector.clock import StationClock
    from liuhen.collector.report.lines import tell_outcome
    from liuhen.collector.transport.http import HttpTransport
    from liuhen.collector.watch.loop import Watch
    from liuhen.collector.work.runner import Runner
    from liuhen.collector.work.spooling import Spooling

    clock = StationClock()
    if args.to_disk is not None:
        outcome = Spooling(order, report=report, halt=halt, clock=clock).to_disk(args.source, args.to_disk)
        tell_outcome(report, outcome)
        return outcome.exit_code
    with HttpTransport(args.server, order.key.key) as transport:

        def runner(told: Report) -> Runner:
            return Runner(order, transport=transport, report=told, halt=halt, clock=clock)

        if args.watch is None:
            return worst([outcome.exit_code for outcome in runner(report).collect(args.source)])
        watch = Watch(
            args.watch,
            order=order,
            runner=runner,
            report=report,
            halt=halt,
            every_s=args.poll,
            at_once=args.devices,
        )
        watch.run()
        return ExitCode.OK


def _check_combination(args: argparse.Namespace) -> None:
    """Refuse what cannot be meant; `args.refuse` ends the program with exit code 2."""
    misuses = {
        "source-or-watch": (args.source is None) == (args.watch is None),
        "no-server": args.server is None and args.to_disk is None,
        "to-disk-alone": args.to_disk is not None
        and (args.clear_device or args.watch is not None or args.spool is not None),
        "time-of-many": args.watch is not None and args.device_time is not None,
        "device-of-many": args.watch is not None and args.device is not None,
    }
    for misuse, holds in misuses.items():
        if holds:
            args.refuse(args.language.pick(*_MISUSES[misuse]))


def _order(args: argparse.Namespace, began_ns: int) -> Order:
    from liuhen.collector.clock import parse_device_time
    from liuhen.collector.state import default_state_folder
    from liuhen.collector.station import load_station_key
    from liuhen.collector.work.order import Order

    key = load_station_key(args.station_key_file)
    return Order(
        key=key,
        log=_log_key(args.station_key_file, key.log),
        grammars=_grammars(args.grammars),
        state=args.state_dir or default_state_folder(os.environ),
        device=args.device,
        device_time=None if args.device_time is None else (parse_device_time(args.device_time), began_ns),
        clear=args.clear_device,
        spool=args.spool,
        parallel=args.parallel,
        patience_s=args.patience,
        collector=f"liuhen/{_version()}",
    )


def _log_key(path: Path, text: str) -> VerifierKey:
    from liuhen.collector.errors import StationKeyInvalidError
    from liuhen.core.tlog.errors import KeyFormatError
    from liuhen.core.tlog.note import VerifierKey

    try:
        return VerifierKey.from_text(text)
    except KeyFormatError as error:
        raise StationKeyInvalidError(path=path, key="log", reason=reason_of(error)) from error


def _grammars(path: Path | None) -> Grammars:
    from liuhen.collector.errors import GrammarFileUnreadableError
    from liuhen.core.naming import builtin_grammars, load_grammars

    if path is None:
        return builtin_grammars()
    try:
        data = path.read_bytes()
    except OSError as error:
        raise GrammarFileUnreadableError(path=path, reason=reason_of(error)) from error
    return load_grammars(data, file=str(path), base=builtin_grammars())


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("liuhen")
    except PackageNotFoundError:
        return "unknown"


def _positive(text: str, *, language: Language) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise _misuse("not-positive", text, language)
    return value


def _count(text: str, *, language: Language) -> int:
    value = int(text) if text.isdecimal() else 0
    if not 1 <= value <= _MOST_AT_ONCE:
        raise _misuse("not-a-count", text, language)
    return value


def _misuse(misuse: str, text: str, language: Language) -> argparse.ArgumentTypeError:
    import argparse

    return argparse.ArgumentTypeError(f"{text}: {language.pick(*_MISUSES[misuse])}")
