"""Watching a folder for devices: deciding when one below it is due, apart from looking and doing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from liuhen.collector.source import FileKey

__all__ = ["Watcher"]

_FIRST_RETRY_S: Final = 30.0
_LONGEST_RETRY_S: Final = 600.0

type Content = frozenset[FileKey]
"""What a folder holds: raw path, size and time of each recording or attachment."""


@dataclass(slots=True)
class _Seen:
    """What is known of one folder."""

    content: Content
    handled: Content | None = None
    retry_at: float = 0.0
    retry_s: float = field(default=_FIRST_RETRY_S)


class Watcher:
    """Decides which folders are due.

    A folder is due when it holds something, has looked the same twice in a row (so nothing is being copied into it),
    and was not handled as it is now. One that failed is due again after 30 s, then after twice as long each time, at
    most ten minutes; at once when its content changes. A folder that vanishes is forgotten: the device was undocked.
    """

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def due(self, now: Mapping[str, Content], at: float, busy: Collection[str] = ()) -> list[str]:
        """Take in what each folder holds `now` and return those that are due, by name; `at` is monotonic seconds.

        Of those that are `busy`, being handled, nothing is decided.
        """
        for gone in self._seen.keys() - now.keys() - set(busy):
            del self._seen[gone]
        due = []
        for name, content in sorted(now.items()):
            seen = self._seen.get(name)
            if seen is None or seen.content != content:
                handled = None if seen is None else seen.handled
                self._seen[name] = _Seen(content, handled)
            elif content and content != seen.handled and at >= seen.retry_at:
                due.append(name)
        return due

    def done(self, name: str, content: Content, at: float, *, well: bool) -> None:
        """Note that the folder, which was due, was handled and holds `content` now.

        What came into it meanwhile was not handled. If it did not go `well`, the folder is to be tried again.
        """
        seen = self._seen[name]
        if well:
            self._seen[name] = _Seen(content, handled=content & seen.content)
        elif not content <= seen.content:
            self._seen[name] = _Seen(content)
        else:
            seen.handled = None
            seen.retry_at = at + seen.retry_s
            seen.retry_s = min(seen.retry_s * 2, _LONGEST_RETRY_S)
