"""One installation: its folder, what lies where in it, and its settings.

`LIUHEN_HOME` names the folder. Settings come from `liuhen.toml` in it; an environment variable
`LIUHEN_<NAME>` wins over the file. Both are read once, strictly: an unknown name or a value of the wrong form stops
the program and says which. Secrets are files in `secrets/`, never settings.
"""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from liuhen.core.errors import LiuhenError, both
from liuhen.core.exits import ExitCode
from liuhen.core.reasons import reason_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["Instance", "Settings", "SettingsError", "home_from_environment"]

_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"


class SettingsError(LiuhenError):
    """A setting is unknown or has a value that cannot be used."""

    code = "settings-invalid"
    exit_code = ExitCode.CONFIGURATION
    zh = "设置有误：{where} 中的 {name}：{reason}。请对照 docs/guide/settings.md 改正后再启动。"
    en = "Wrong setting: {name} in {where}: {reason}. Correct it (docs/guide/settings.md) and start again."


class _UnfitError(ValueError):
    """A value is not of the form that its setting needs."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.reason = both(zh, en)


def _text(raw: object) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise _UnfitError("应为非空文字", "a text that is not empty is needed")
    return raw.strip()


def _domain(raw: object) -> str:
    value = _text(raw)
    if not re.fullmatch(rf"({_LABEL}\.)*{_LABEL}", value):
        raise _UnfitError(
            "应为小写域名，如 zjj.example.gov.cn", "a domain name in lower case is needed, such as zjj.example.gov.cn"
        )
    return value


def _zone(raw: object) -> str:
    value = _text(raw)
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise _UnfitError(
            "应为时区名称，如 Asia/Shanghai", "a time zone's name is needed, such as Asia/Shanghai"
        ) from None
    return value


def _hosts(raw: object) -> tuple[str, ...]:
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list) or not parts or not all(isinstance(part, str) and part.strip() for part in parts):
        raise _UnfitError("应为主机名列表，至少一个", "a list of one or more host names is needed")
    return tuple(part.strip() for part in parts)


def _flag(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw in {"true", "false"}:
        return raw == "true"
    raise _UnfitError("应为 true 或 false", "true or false is needed")


def _whole(least: int, most: int) -> Callable[[object], int]:
    def parse(raw: object) -> int:
        if isinstance(raw, str) and raw.isascii() and raw.isdigit() and len(raw) <= len(str(most)):
            raw = int(raw)
        if not isinstance(raw, int) or isinstance(raw, bool) or not least <= raw <= most:
            raise _UnfitError(f"应为 {least} 至 {most} 的整数", f"a whole number from {least} to {most} is needed")
        return raw

    return parse


_GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Settings:
    """What an administrator may set. Each field is one key of `liuhen.toml` and one `LIUHEN_<FIELD>` variable."""

    agency: str = field(default="第十二师住房和城乡建设局", metadata={"parse": _text})
    agency_domain: str = field(default="liuhen.invalid", metadata={"parse": _domain})
    time_zone: str = field(default="Asia/Shanghai", metadata={"parse": _zone})
    host: str = field(default="127.0.0.1", metadata={"parse": _text})
    port: int = field(default=8000, metadata={"parse": _whole(1, 65535)})
    allowed_hosts: tuple[str, ...] = field(default=("127.0.0.1", "localhost"), metadata={"parse": _hosts})
    behind_tls: bool = field(default=False, metadata={"parse": _flag})
    ledger_public: bool = field(default=True, metadata={"parse": _flag})
    retention_floor_days: int = field(default=365, metadata={"parse": _whole(365, 36500)})
    upload_limit_bytes: int = field(default=64 * _GIB, metadata={"parse": _whole(1, 1 << 50)})
    upload_expiry_hours: int = field(default=72, metadata={"parse": _whole(1, 24 * 90)})
    station_open_uploads: int = field(default=64, metadata={"parse": _whole(1, 10_000)})
    station_staged_bytes: int = field(default=512 * _GIB, metadata={"parse": _whole(1, 1 << 50)})
    vault_reserve_bytes: int = field(default=_GIB, metadata={"parse": _whole(0, 1 << 50)})
    page_threads: int = field(default=8, metadata={"parse": _whole(1, 256)})
    ticket_minutes: int = field(default=30, metadata={"parse": _whole(1, 24 * 60)})

    @classmethod
    def load(cls, home: Path, environment: Mapping[str, str]) -> Self:
        """Read `liuhen.toml` in `home` (may be absent) and the environment.

        Raises:
            SettingsError: an unknown name, a wrong value, a file that is not TOML.
        """
        given = _from_file(home / "liuhen.toml") | _from_environment(environment)
        known = {f.name: f for f in fields(cls)}
        values: dict[str, object] = {}
        for name, (raw, where) in given.items():
            if name not in known:
                raise SettingsError(where=where, name=name, reason=both("没有这项设置", "there is no such setting"))
            try:
                values[name] = known[name].metadata["parse"](raw)
            except _UnfitError as error:
                raise SettingsError(where=where, name=name, reason=error.reason) from None
        return cls(**values)  # type: ignore[arg-type]  # each value came from its field's own parser


def _from_file(path: Path) -> dict[str, tuple[object, str]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        whole = both("整个文件", "the whole file")
        raise SettingsError(where=str(path), name=whole, reason=reason_of(error)) from error
    return {name: (raw, str(path)) for name, raw in content.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, tuple[object, str]]:
    return {
        key.removeprefix("LIUHEN_").lower(): (raw, key)
        for key, raw in environment.items()
        if key.startswith("LIUHEN_") and key != "LIUHEN_HOME"
    }


@dataclass(frozen=True, slots=True)
class Instance:
    """An installation's folder and settings."""

    home: Path
    settings: Settings

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Return the instance that `LIUHEN_HOME` names."""
        environment = os.environ if environment is None else environment
        home = home_from_environment(environment)
        return cls(home=home, settings=Settings.load(home, environment))

    @property
    def local_url(self) -> str:
        """The front door's address for a program on this machine, without a slash at the end."""
        own = self.settings
        host = {"0.0.0.0": "127.0.0.1", "::": "127.0.0.1"}.get(own.host, own.host)  # noqa: S104 - read, not bound
        return f"http://[{host}]:{own.port}" if ":" in host else f"http://{host}:{own.port}"

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.home / "liuhen.sqlite3"

    @property
    def secret_key_file(self) -> Path:
        """Django's signing secret, mode 0600."""
        return self.home / "secrets" / "django.key"

    @property
    def ledger_key_file(self) -> Path:
        """The ledger's signing key, mode 0600."""
        return self.home / "secrets" / "ledger.key"

    @property
    def ledger(self) -> Path:
        """The ledger's tiles, entry bundles, checkpoint and signer state."""
        return self.home / "ledger"

    @property
    def vault(self) -> Path:
        """The store of originals and attachments, with its staging area."""
        return self.home / "vault"

    @property
    def derivatives(self) -> Path:
        """The store of derivatives."""
        return self.home / "derivatives"

    @property
    def demo_accounts_file(self) -> Path:
        """The demonstration accounts' passwords, mode 0600; only in a demonstration instance."""
        return self.home / "secrets" / "demo-accounts.txt"

    @property
    def is_demonstration(self) -> bool:
        """Whether this instance was begun as a demonstration: accounts whose passwords lie in a file are in it."""
        return self.demo_accounts_file.exists()

    @property
    def is_initialised(self) -> bool:
        """Whether `liuhen init` has completed here (the secret is written last)."""
        return self.secret_key_file.exists()


def home_from_environment(environment: Mapping[str, str]) -> Path:
    """Return the folder that `LIUHEN_HOME` names, `./var` when it names none."""
    return Path(environment.get("LIUHEN_HOME") or "var").absolute()
