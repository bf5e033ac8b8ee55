"""Text search for Chinese and Latin text: CJK bigrams.

Engines that cut text at blanks find nothing inside Chinese text, and trigram indexes find no two-character words, which
most Chinese names are. So text is cut here into tokens (each Latin or digit run as a word, each run of Han characters
into its single characters and overlapping pairs) and the engine only sees tokens joined by blanks.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["document_tokens", "query_tokens"]

_HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN: Final = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")
_IS_HAN: Final = re.compile(rf"[{_HAN}]")


def document_tokens(text: str) -> list[str]:
    """Return the tokens under which `text` is found."""
    tokens: list[str] = []
    for run in _runs(text):
        if _IS_HAN.match(run):
            tokens.extend(run)
            tokens.extend(run[i : i + 2] for i in range(len(run) - 1))
        else:
            tokens.append(run)
    return tokens


def query_tokens(text: str) -> list[str]:
    """Return the tokens that a text must all have to answer the query `text`.

    A single Han character asks for itself, a longer run for its pairs.
    """
    tokens: list[str] = []
    for run in _runs(text):
        if _IS_HAN.match(run) and len(run) > 1:
            tokens.extend(run[i : i + 2] for i in range(len(run) - 1))
        else:
            tokens.append(run)
    return tokens


def _runs(text: str) -> list[str]:
    return _RUN.findall(unicodedata.normalize("NFKC", text).casefold())
