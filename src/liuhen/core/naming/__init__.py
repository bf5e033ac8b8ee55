"""Device file names: what a name says about its recording, and how to show it without harm.

Devices tell the maker, the officer and the moment in the name of a file, each family in its own way. The ways
are data (`grammars.toml`), an agency can add its own, and reading is a pure function of the raw bytes.
"""

from __future__ import annotations

from liuhen.core.naming.loader import GrammarInvalidError, builtin_grammars, load_grammars
from liuhen.core.naming.reading import NameReading, read_name
from liuhen.core.naming.text import Decoding, decode_name, reshown, visible
from liuhen.core.naming.types import Grammar, Grammars, MediaKind

__all__ = [
    "Decoding",
    "Grammar",
    "GrammarInvalidError",
    "Grammars",
    "MediaKind",
    "NameReading",
    "builtin_grammars",
    "decode_name",
    "load_grammars",
    "read_name",
    "reshown",
    "visible",
]
