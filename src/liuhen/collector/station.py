"""The station key file: who this station is, its secret, and the ledger that it believes."""

from __future__ import annotations

import json
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from liuhen.collector.errors import (
    StationKeyExposedError,
    StationKeyInvalidError,
    StationKeyUnreadableError,
)
from liuhen.core.errors import both
from liuhen.core.forms import is_uuid
from liuhen.core.naming import visible
from liuhen.core.reasons import reason_of

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["StationKey", "load_station_key"]

_KEYS: Final = {"v", "station", "name", "key", "log"}
_KEY: Final = re.compile(r"lhs_[!-~]{1,200}", re.ASCII)
_WHOLE: Final = both("整个文件", "the whole file")
_SHOWN: Final = 64
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True, slots=True)
class StationKey:
    """What the file says: the station's uuid and name, its bearer key, the ledger's verifier key as text."""

    station: str
    name: str
    key: str
    log: str

    def __repr__(self) -> str:
        """Leave the secret out of logs and tracebacks."""
        return f"StationKey(station={self.station!r}, name={self.name!r}, log={self.log!r})"


def load_station_key(path: Path) -> StationKey:
    """Read the station key file at `path` (docs/spec/intake-protocol.md, "The station key file").

    The verifier key is kept as text; whoever verifies parses it.

    Raises:
        StationKeyUnreadableError: it cannot be read.
        StationKeyExposedError: others on this computer can read it.
        StationKeyInvalidError: it is not as `liuhen station add` makes it.
    """
    try:
        mode = path.stat().st_mode
        data = path.read_bytes()
    except OSError as error:
        raise StationKeyUnreadableError(path=path, reason=reason_of(error)) from error
    if mode & _OTHERS:
        raise StationKeyExposedError(path=path, mode=f"{stat.S_IMODE(mode):04o}")
    table = _parse(path, data)
    if table.get("v") != 1:
        raise StationKeyInvalidError(path=path, key="v", reason=both("应为 1", "it must be 1"))
    for key in sorted(_KEYS - table.keys()):
        raise StationKeyInvalidError(path=path, key=key, reason=both("缺少此项", "it is missing"))
    for key in sorted(table.keys() - _KEYS):
        unknown = both("没有这一项", "there is no such key")
        raise StationKeyInvalidError(path=path, key=visible(key[:_SHOWN]), reason=unknown)
    for key in sorted(_KEYS - {"v"}):
        if not isinstance(table[key], str) or not table[key]:
            raise StationKeyInvalidError(path=path, key=key, reason=both("应为文字", "it must be text"))
    if not is_uuid(table["station"]):
        raise StationKeyInvalidError(path=path, key="station", reason=both("不是 UUID", "it is no UUID"))
    if not _KEY.fullmatch(table["key"]):
        raise StationKeyInvalidError(path=path, key="key", reason=both("不是采集站密钥", "it is no station key"))
    return StationKey(table["station"], table["name"], table["key"], table["log"])


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    try:
        table = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise StationKeyInvalidError(path=path, key=_WHOLE, reason=both("不是 JSON", "it is not JSON")) from error
    if not isinstance(table, dict):
        raise StationKeyInvalidError(path=path, key=_WHOLE, reason=both("不是 JSON 对象", "it is no JSON object"))
    return table
