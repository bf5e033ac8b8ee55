"""`liuhen station`: register collecting stations, issue and revoke their keys."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from liuhen.core.errors import LiuhenError
from liuhen.core.reasons import reason_of
from liuhen.durable import make_folder, write_durably

if TYPE_CHECKING:
    import argparse

    from liuhen.server.intake.models import Station
    from liuhen.usage import Parser

__all__ = ["KeyFileExistsError", "KeyFileUnwritableError", "add_arguments", "run"]


class KeyFileExistsError(LiuhenError):
    """Something lies where the key file is to be written."""

    code = "station-key-file-exists"
    zh = "{path} 已存在，未改动，也未签发密钥。请另选 --out 路径，或先移走该文件。"
    en = (
        "{path} exists; it was left alone and no key was issued. Choose another path for --out, or move that file away."
    )


class KeyFileUnwritableError(LiuhenError):
    """The key file cannot be written."""

    code = "station-key-file-unwritable"
    zh = "无法写入密钥文件 {path}：{reason}。未签发密钥。请检查 --out 的目录与权限。"
    en = "The key file {path} cannot be written: {reason}. No key was issued. Check folder and permissions of --out."


def add_arguments(parser: Parser) -> None:
    """Declare the subcommands."""
    pick = parser.language.pick
    sub = parser.add_subparsers(dest="action", required=True)
    add = sub.add_parser("add", help=pick("登记采集站并写出密钥文件", "register a station and write its key file"))
    add.add_argument("name")
    add.add_argument("--unit", required=True, metavar="CODE")
    add.add_argument("--out", required=True, type=Path, metavar="FILE")
    rekey = sub.add_parser("rekey", help=pick("吊销旧密钥，写出新密钥", "revoke a station's keys and write a new one"))
    rekey.add_argument("name")
    rekey.add_argument("--out", required=True, type=Path, metavar="FILE")
    revoke = sub.add_parser("revoke", help=pick("立即吊销密钥", "end a key at once"))
    revoke.add_argument("key", metavar="KEYID")
    sub.add_parser(
        "list", help=pick("列出采集站与密钥，每行一个 JSON 对象", "list stations and keys, one JSON object per line")
    )


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    from liuhen.server.config.setup import open_instance

    open_instance()
    match args.action:
        case "add":
            _add(args)
        case "rekey":
            _rekey(args)
        case "revoke":
            _revoke(args)
        case _:
            _list()
    return 0


def _add(args: argparse.Namespace) -> None:
    from django.db import transaction

    from liuhen.server.accounts.selectors import unit_by_code
    from liuhen.server.intake import stations
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM

    unit = unit_by_code(args.unit)
    at = clock.now()
    _check_absent(args.out)
    with transaction.atomic():
        station = stations.register_station(name=args.name, unit=unit, actor=SYSTEM, at=at)
        key = stations.issue_key(station=station, actor=SYSTEM, at=at)
        _write(args.out, key.file_text)
    sys.stdout.write(f"{key.key}\n")


def _rekey(args: argparse.Namespace) -> None:
    from django.db import transaction

    from liuhen.server.intake import stations
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM

    station = _station(args.name)
    at = clock.now()
    _check_absent(args.out)
    with transaction.atomic():
        for old in station.keys.filter(revoked_at__isnull=True):
            stations.revoke_key(key=old.key, actor=SYSTEM, at=at)
        key = stations.issue_key(station=station, actor=SYSTEM, at=at)
        _write(args.out, key.file_text)
    sys.stdout.write(f"{key.key}\n")


def _revoke(args: argparse.Namespace) -> None:
    from liuhen.server.intake import stations
    from liuhen.server.kernel import clock
    from liuhen.server.kernel.actor import SYSTEM

    stations.revoke_key(key=args.key, actor=SYSTEM, at=clock.now())


def _list() -> None:
    from liuhen.core.forms import format_time
    from liuhen.server.intake.selectors import stations
    from liuhen.server.kernel.actor import SYSTEM

    for station in stations(actor=SYSTEM):
        keys = [
            {"key": key, "made": format_time(made), "revoked": None if revoked is None else format_time(revoked)}
            for key, made, revoked in station.keys
        ]
        row = {"station": str(station.id), "name": station.name, "unit": station.unit, "keys": keys}
        sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")


def _check_absent(path: Path) -> None:
    if path.exists():
        raise KeyFileExistsError(path=path)


def _write(path: Path, content: str) -> None:
    """Write the key file within the transaction: a key is issued only if its file is on disk.

    Cut off before the commit, the file holds a key that was never issued; the server refuses it.
    """
    # Once more, now that the write gate is held: of two commands that name one file, the second finds the first one's.
    _check_absent(path)
    try:
        make_folder(path.parent)
        write_durably(path, content.encode())
    except OSError as error:
        raise KeyFileUnwritableError(path=path, reason=reason_of(error)) from error


def _station(name: str) -> Station:
    from liuhen.server.intake.errors import StationMissingError
    from liuhen.server.intake.models import Station

    station = Station.objects.filter(name=name).first()
    if station is None:
        raise StationMissingError(name=name)
    return station
