"""Where everything of a local store lies: the one place that makes its paths. Pure.

<root>/objects/ab/cd/<sha256>        an object
<root>/objects/ab/cd/<sha256>.json   its record: term, holds, time of sealing
<root>/objects/ab/cd/<sha256>.gone   the record, renamed, while a destruction is under way
<root>/objects/ab/cd/<sha256>.tmp    a record being written
<root>/staging/<key>/data            what an upload has brought so far
<root>/staging/<key>/sealed.json     the note left by a seal: which object the data became
<root>/probe                         the file on which the immutable flag is tried out
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from liuhen.core.forms import is_digest

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Layout", "check_address", "check_hold", "check_key"]

_key: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}").fullmatch
_hold: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}").fullmatch
_pair: Final = re.compile(r"[0-9a-f]{2}").fullmatch
_name: Final = re.compile(r"([0-9a-f]{64})(|\.json|\.gone|\.tmp)").fullmatch


def check_address(sha256: str) -> str:
    """Return `sha256` if it is 64 lower-case hex digits, so that no path can be smuggled in by it.

    Raises:
        ValueError: it is not.
    """
    if not is_digest(sha256):
        raise ValueError("an address is a SHA-256 in 64 lower-case hex digits")
    return sha256


def check_key(key: str) -> str:
    """Return `key` if it is 1 to 128 ASCII letters, digits, `_` and `-`, beginning with a letter or digit.

    Raises:
        ValueError: it is not.
    """
    if _key(key) is None:
        raise ValueError("a staging key is 1 to 128 ASCII letters, digits, '_' and '-'")
    return key


def check_hold(name: str) -> str:
    """Return `name` if it is a code of 1 to 128 ASCII letters, digits and `._:/-`, such as `case/<uuid>`.

    Raises:
        ValueError: it is not.
    """
    if _hold(name) is None:
        raise ValueError("a hold's name is 1 to 128 ASCII letters, digits and '._:/-'")
    return name


class Layout:
    """The paths below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.objects = root / "objects"
        self.staging = root / "staging"
        self.probe = root / "probe"

    def shown(self, path: Path) -> str:
        """Return `path` as messages show it: from the root's own name on."""
        return path.relative_to(self.root.parent).as_posix()

    def shard(self, sha256: str) -> Path:
        """Return the folder of the object and its record."""
        return self.objects / sha256[:2] / sha256[2:4]

    def object(self, sha256: str) -> Path:
        """Return the object's path."""
        return self.shard(sha256) / sha256

    def record(self, sha256: str) -> Path:
        """Return the path of the object's record."""
        return self.shard(sha256) / f"{sha256}.json"

    def gone(self, sha256: str) -> Path:
        """Return the path of the record while the object is being destroyed; as long as the record's, see `destroy`."""
        return self.shard(sha256) / f"{sha256}.gone"

    def temporary(self, sha256: str) -> Path:
        """Return the path of a record being written."""
        return self.shard(sha256) / f"{sha256}.tmp"

    def area(self, key: str) -> Path:
        """Return the staging area's folder."""
        return self.staging / key

    @staticmethod
    def is_key(name: str) -> bool:
        """Return whether `name` in the staging folder is an area's."""
        return _key(name) is not None

    @staticmethod
    def is_pair(name: str) -> bool:
        """Return whether `name` is a folder of the two levels above objects."""
        return _pair(name) is not None

    @staticmethod
    def parse(name: str) -> tuple[str, str] | None:
        """Return the address and the suffix ("", ".json", ".gone", ".tmp") of a name in a shard, None for another."""
        match = _name(name)
        return None if match is None else (match[1], match[2])
