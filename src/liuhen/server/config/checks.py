"""What `liuhen manage check` says of an installation. Each message has an id and a hint (docs/guide/checks.md)."""

from __future__ import annotations

import ipaddress
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core import checks
from django.db import connection

from liuhen.server.kernel.sqlite.version import driver, wal_is_safe

if TYPE_CHECKING:
    from liuhen.server.config.instance import Instance

__all__ = [
    "agency_domain_is_set",
    "chinese_is_there",
    "instance_is_initialised",
    "instance_is_private",
    "plain_http_stays_on_this_machine",
    "secrets_are_private",
    "sqlite_in_use",
]


@checks.register("liuhen")
def sqlite_in_use(**_given: Any) -> list[checks.CheckMessage]:
    """Say which SQLite is used and how: WAL on a sound version, the rollback journal on an affected one."""
    if connection.vendor != "sqlite":
        return []
    chosen = driver()
    version = chosen.sqlite_version
    if wal_is_safe(chosen.sqlite_version_info):
        return [
            checks.Info(
                f"SQLite {version}（{chosen.__name__}），使用预写日志 / "
                f"SQLite {version} ({chosen.__name__}) with the write-ahead log",
                id="liuhen.I001",
            )
        ]
    return [
        checks.Warning(
            f"SQLite {version} 的 WAL 模式可能损坏数据库，已改用回滚日志 / "
            f"SQLite {version} can corrupt a database in WAL mode; the rollback journal is used",
            hint="写入较慢。请安装 pysqlite3，或换用 SQLite 3.51.3 以上的 Python / "
            "Writes are slower. Install pysqlite3 or a Python with SQLite 3.51.3 or newer.",
            id="liuhen.W001",
        )
    ]


@checks.register("liuhen", deploy=True)
def agency_domain_is_set(**_given: Any) -> list[checks.CheckMessage]:
    """Warn while the ledger's origin carries the example domain."""
    if settings.INSTANCE.settings.agency_domain != "liuhen.invalid":
        return []
    return [
        checks.Warning(
            "agency_domain 仍是示例域名，以此建立的账本将永远带着它 / "
            "agency_domain is the example domain; a ledger begun under it keeps that origin for ever",
            hint="正式实例请在 liuhen init 之前于 liuhen.toml 中设置 agency_domain / "
            "Set agency_domain in liuhen.toml before `liuhen init` of an instance that is meant to last.",
            id="liuhen.W002",
        )
    ]


@checks.register("liuhen", deploy=True)
def instance_is_initialised(**_given: Any) -> list[checks.CheckMessage]:
    """Refuse an instance folder that `liuhen init` has not completed."""
    instance: Instance = settings.INSTANCE
    if instance.is_initialised:
        return []
    return [
        checks.Error(
            f"{instance.home} 尚未初始化 / {instance.home} is not initialised",
            hint="请运行 liuhen init / Run `liuhen init`.",
            id="liuhen.E001",
        )
    ]


@checks.register("liuhen", deploy=True)
def secrets_are_private(**_given: Any) -> list[checks.CheckMessage]:
    """Refuse secrets that other accounts of the machine may read."""
    folder = settings.INSTANCE.secret_key_file.parent
    open_files = [path for path in sorted(folder.glob("*")) if _open_to_others(path)]
    return [
        checks.Error(f"{path} 可被他人读取 / {path} can be read by others", hint=f"chmod 600 {path}", id="liuhen.E002")
        for path in open_files
    ]


@checks.register("liuhen", deploy=True)
def instance_is_private(**_given: Any) -> list[checks.CheckMessage]:
    """Refuse an instance folder that other accounts of the machine may enter: the database holds live sessions."""
    home = settings.INSTANCE.home
    if not home.exists() or not _open_to_others(home):
        return []
    return [
        checks.Error(
            f"{home} 可被他人进入 / {home} can be entered by others", hint=f"chmod 700 {home}", id="liuhen.E003"
        )
    ]


@checks.register("liuhen", deploy=True)
def chinese_is_there(**_given: Any) -> list[checks.CheckMessage]:
    """Refuse an installation whose pages could not be shown in Chinese: the catalogue is compiled, never committed."""
    catalogues = [Path(folder, "zh_Hans", "LC_MESSAGES", "django.mo") for folder in settings.LOCALE_PATHS]
    return [
        checks.Error(
            f"{path} 缺失，页面只有英文 / {path} is absent: pages are in English only",
            hint="请从源码目录重新安装（setup.py 会编译词条），或运行 tools/i18n.py compile / "
            "Install again from the checkout (its setup.py compiles it), or run `tools/i18n.py compile` there.",
            id="liuhen.E004",
        )
        for path in catalogues
        if not path.is_file()
    ]


@checks.register("liuhen", deploy=True)
def plain_http_stays_on_this_machine(**_given: Any) -> list[checks.CheckMessage]:
    """Warn where passwords and sessions would cross a network in the clear."""
    own = settings.INSTANCE.settings
    if own.behind_tls or _is_loopback(own.host):
        return []
    return [
        checks.Warning(
            f"{own.host}:{own.port} 以明文 HTTP 应答其他机器 / "
            f"{own.host}:{own.port} answers plain HTTP to other machines",
            hint="请在前面设置 TLS 并启用 behind_tls，或将 host 设为 127.0.0.1 / "
            "Put a TLS front before it and set behind_tls, or set host to 127.0.0.1.",
            id="liuhen.W003",
        )
    ]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _open_to_others(path: Path) -> bool:
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)
