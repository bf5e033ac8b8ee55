"""The JSON messages of the intake protocol, read strictly: an unknown key or a value of another form is refused.

Normative text: docs/spec/intake-protocol.md.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from liuhen.core.canonical import MAX_INTEGER
from liuhen.core.errors import both
from liuhen.core.forms import decode_base64, is_digest, is_uuid, parse_time
from liuhen.core.naming import reshown, visible
from liuhen.server.intake.errors import DeclarationInvalidError, IntakeError, RequestInvalidError
from liuhen.server.intake.interfaces import ClockReading, CollectionClosing, CollectionOpening, Declaration, SealRequest
from liuhen.server.intake.models import FileRole
from liuhen.server.recordings.models import ClockMethod, FactSource, RecordingKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from enum import StrEnum

__all__ = ["parse_closing", "parse_declaration", "parse_opening", "parse_seal"]

_MAX_NAME: Final = 1024  # 255 characters of exFAT or NTFS are up to 765 bytes of UTF-8
_MAX_PATH: Final = 8192
_MAX_TEXT: Final = 255
_MAX_SERIAL: Final = 64
_MAX_SHOWN: Final = 4096
_MAX_LISTED: Final = 100_000
_MAX_ERROR_MS: Final = 100 * 366 * 24 * 3600 * 1000  # a century: a clock that lost its battery stands decades back
_code_form = re.compile(r"[a-z][a-z0-9-]{0,39}").fullmatch
_device_time_form = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,3})?").fullmatch


class _Unfit(Exception):  # noqa: N818 - it never leaves this module
    """A value is not in its form: which field, and what would be."""

    def __init__(self, field: str, zh: str, en: str) -> None:
        super().__init__(field)
        self.where = {"field": field, "reason": both(zh, en)}


def parse_opening(data: bytes) -> CollectionOpening:
    """Read the body of `PUT /intake/collections/<uuid>` (section 2).

    Raises:
        RequestInvalidError: it is none.
    """
    return _reading(data, RequestInvalidError, _opening)


def parse_closing(data: bytes) -> CollectionClosing:
    """Read the body that closes a collection (section 2).

    Raises:
        RequestInvalidError: it is none.
    """
    return _reading(data, RequestInvalidError, _closing)


def parse_seal(data: bytes) -> SealRequest:
    """Read the body that asks for a seal (section 4).

    Raises:
        RequestInvalidError: it is none.
    """
    return _reading(data, RequestInvalidError, _seal)


def parse_declaration(data: bytes | Mapping[str, Any]) -> Declaration:
    """Read a file's declaration (section 3): its bytes, or its JSON as an upload's row keeps it.

    Raises:
        DeclarationInvalidError: it is none.
    """
    return _reading(data, DeclarationInvalidError, _declaration)


def _reading[T](data: bytes | Mapping[str, Any], refusal: type[IntakeError], read: Callable[[Any], T]) -> T:
    try:
        return read(_load(data) if isinstance(data, bytes) else data)
    except _Unfit as error:
        raise refusal(**error.where) from error


def _load(data: bytes) -> Any:
    try:
        return json.loads(data.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _Unfit("-", "不是 UTF-8 编码的 JSON", "not JSON in UTF-8") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise _Unfit(_named(key), "重复出现", "it is written twice")
        table[key] = value
    return table


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


def _opening(value: Any) -> CollectionOpening:
    table = _table("-", value, {"v", "device", "collector", "opened", "clock", "carried"})
    _version(table["v"])
    carried_from = None
    if table["carried"] is not None:
        carried = _table("carried", table["carried"], {"station", "spooled"})
        carried_from = _uuid("carried.station", carried["station"])
        _time("carried.spooled", carried["spooled"])
    device = table["device"]
    return CollectionOpening(
        device=None if device is None else _text("device", device, _MAX_SERIAL),
        collector=_text("collector", table["collector"], _MAX_TEXT),
        opened=_time("opened", table["opened"]),
        clock=_clock(table["clock"]),
        carried_from=carried_from,
        body=table,
    )


def _clock(value: Any) -> ClockReading:
    table = _table("clock", value, {"method", "error_ms", "measured", "uncertainty_ms"})
    method = _choice("clock.method", table["method"], ClockMethod)
    error_ms = _optional(table["error_ms"], lambda raw: _whole("clock.error_ms", raw, -_MAX_ERROR_MS, _MAX_ERROR_MS))
    if (error_ms is None) != (method is ClockMethod.UNKNOWN):
        raise _Unfit("clock.error_ms", "未知时应为 null，其余情形应为整数", "null exactly when the method is unknown")
    return ClockReading(
        method=method,
        error_ms=error_ms,
        measured=_optional(table["measured"], lambda raw: _time("clock.measured", raw)),
        uncertainty_ms=_optional(
            table["uncertainty_ms"], lambda raw: _whole("clock.uncertainty_ms", raw, 0, _MAX_ERROR_MS)
        ),
    )


def _closing(value: Any) -> CollectionClosing:
    table = _table("-", value, {"v", "closed", "taken", "skipped", "cleared"})
    _version(table["v"])
    counts = {}
    for field in ("taken", "cleared"):
        counts[field] = len([_uuid(field, item) for item in _list(field, table[field])])
    skipped = [_skip(f"skipped.{index}", item) for index, item in enumerate(_list("skipped", table["skipped"]))]
    return CollectionClosing(
        closed=_time("closed", table["closed"]), skipped=len(skipped), **counts, body={**table, "skipped": skipped}
    )


def _skip(field: str, value: Any) -> dict[str, str]:
    table = _table(field, value, {"name", "reason"})
    if not isinstance(table["name"], str):
        raise _Unfit(f"{field}.name", "应为文字", "a text is needed")
    return {"name": reshown(table["name"][:_MAX_SHOWN]), "reason": _code(f"{field}.reason", table["reason"])}


def _seal(value: Any) -> SealRequest:
    table = _table("-", value, {"v", "size", "sha256", "sm3"})
    _version(table["v"])
    return SealRequest(
        size=_whole("size", table["size"], 0, MAX_INTEGER),
        sha256=_digest("sha256", table["sha256"]),
        sm3=_digest("sm3", table["sm3"]),
    )


def _declaration(value: Any) -> Declaration:
    table = _table("-", value, {"v", "upload", "collection", "name", "path", "role", "attached_to", "facts"})
    _version(table["v"])
    role = _choice("role", table["role"], FileRole)
    attached_to = _optional(table["attached_to"], lambda raw: _uuid("attached_to", raw))
    if (attached_to is None) != (role is FileRole.ORIGINAL):
        raise _Unfit("attached_to", "附件必填，原件应为 null", "needed for an attachment, null for an original")
    return Declaration(
        upload=_uuid("upload", table["upload"]),
        collection=_uuid("collection", table["collection"]),
        name=_raw("name", table["name"], _MAX_NAME),
        path=_raw("path", table["path"], _MAX_PATH),
        role=role,
        attached_to=attached_to,
        facts=_facts(table["facts"]),
        body=table,
    )


def _facts(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Unfit("facts", "应为对象", "an object is needed")
    for name, fact in value.items():
        field = f"facts.{_named(name)}"
        if name not in _FACTS:
            raise _Unfit(field, "未知的事实名称", "no known fact")
        table = _table(field, fact, {"value", "source"})
        _choice(f"{field}.source", table["source"], FactSource)
        _FACTS[name](field, table["value"])
    return value


def _table(field: str, value: Any, keys: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _Unfit(field, "应为对象", "an object is needed")
    within = "" if field == "-" else f"{field}."
    for key in sorted(keys - value.keys()):
        raise _Unfit(f"{within}{key}", "缺少此项", "it is missing")
    for key in sorted(value.keys() - keys):
        raise _Unfit(f"{within}{_named(key)}", "没有这一项", "there is no such field")
    return value


def _named(key: str) -> str:
    """Return a key that somebody else chose, as the name of a field."""
    return visible(key[:_MAX_SERIAL])


def _version(value: Any) -> None:
    if type(value) is not int or value != 1:
        raise _Unfit("v", "应为 1", "it must be 1")


def _optional[T](value: Any, read: Callable[[Any], T]) -> T | None:
    return None if value is None else read(value)


def _text(field: str, value: Any, most: int) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= most:
        raise _Unfit(field, f"应为 1 至 {most} 字的文字", f"a text of 1 to {most} characters is needed")
    if visible(value) != value:
        raise _Unfit(field, "含有看不见的字符", "it holds characters that nobody sees")
    return value


def _whole(field: str, value: Any, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:
        raise _Unfit(field, f"应为 {least} 至 {most} 的整数", f"a whole number from {least} to {most} is needed")
    return value


def _flag(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Unfit(field, "应为 true 或 false", "true or false is needed")
    return value


def _choice[E: StrEnum](field: str, value: Any, kinds: type[E]) -> E:
    try:
        return kinds(value)
    except ValueError:
        listed = ", ".join(kinds)
        raise _Unfit(field, f"应为以下之一：{listed}", f"one of these is needed: {listed}") from None


def _matching(zh: str, en: str, form: Callable[[str], object]) -> Callable[[str, Any], str]:
    def read(field: str, value: Any) -> str:
        if not isinstance(value, str) or not form(value):
            raise _Unfit(field, zh, en)
        return value

    return read


_code = _matching("应为小写代码", "a code in lower case is needed", _code_form)
_digest = _matching("应为 64 位小写十六进制", "64 lower-case hex digits are needed", is_digest)
_device_time_text = _matching(
    "应为 2026-11-23T09:42:10 形式的设备时间", "a device time such as 2026-11-23T09:42:10 is needed", _device_time_form
)


def _uuid(field: str, value: Any) -> uuid.UUID:
    if not is_uuid(value):
        raise _Unfit(field, "应为小写 UUID", "a UUID in lower case is needed")
    return uuid.UUID(value)


def _time(field: str, value: Any) -> datetime:
    try:
        return parse_time(value if isinstance(value, str) else "")
    except ValueError:
        raise _Unfit(
            field, "应为 2026-11-23T08:00:00.000Z 形式的时间", "a time such as 2026-11-23T08:00:00.000Z is needed"
        ) from None


def _device_time(field: str, value: Any) -> str:
    text = _device_time_text(field, value)
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise _Unfit(field, "日历上没有这个时间", "no calendar has this time") from None
    return text


def _list(field: str, value: Any) -> list[Any]:
    if not isinstance(value, list) or len(value) > _MAX_LISTED:
        raise _Unfit(field, f"应为不超过 {_MAX_LISTED} 项的列表", f"a list of at most {_MAX_LISTED} is needed")
    return value


def _raw(field: str, value: Any, most: int) -> bytes:
    data = (decode_base64(value) if isinstance(value, str) else None) or b""
    if not 1 <= len(data) <= most:
        raise _Unfit(field, f"应为 1 至 {most} 字节的 Base64", f"Base64 of 1 to {most} bytes is needed")
    return data


def _short_text(field: str, value: Any) -> str:
    return _text(field, value, _MAX_TEXT)


_FACTS: Final[dict[str, Callable[[str, Any], Any]]] = {
    "device_serial": _short_text,
    "officer_code": _short_text,
    "started": _device_time,
    "sequence": lambda field, value: _whole(field, value, 0, MAX_INTEGER),
    "important": _flag,
    "kind": lambda field, value: _choice(field, value, RecordingKind),
    "grammar": _short_text,
}
