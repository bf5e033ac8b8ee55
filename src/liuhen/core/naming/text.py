"""Raw name bytes as text: which encoding reads them, and a form that cannot deceive the person who looks.

A name comes from a device that somebody else may have written to. Shown as it is, it can break a line,
recolour a terminal, or turn its own end around so that `gpj.exe` looks like a photo.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum

__all__ = ["Decoding", "decode_name", "reshown", "visible"]


class Decoding(StrEnum):
    """Which encoding reads a name's bytes."""

    UTF8 = "utf-8"
    GB18030 = "gb18030"
    UNDECODABLE = "undecodable"


# Letters and marks by category that a reader nevertheless cannot see.
_INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\ufffc\ufffd")
_OPEN, _CLOSE = "\u27e8", "\u27e9"
_signs = re.compile(f"({_OPEN}(?:0x[0-9A-F]{{2}}|U\\+[0-9A-F]{{4,6}}){_CLOSE})").split
_SURROGATE_ESCAPES = range(0xDC80, 0xDD00)
# Controls, formats (bidi marks among them), surrogates, private use, unassigned, line and paragraph breaks.
_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Me"})
_PLAIN_SPACES = frozenset(" \u3000")
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0), range(0x180B, 0x1810))


def decode_name(raw: bytes) -> tuple[str, Decoding]:
    """Return the text of `raw` and the encoding that gave it: UTF-8 if it can, else GB18030, else neither.

    Undecodable bytes come back as surrogate escapes, so that nothing of them is lost; `visible` shows them.
    """
    for encoding in (Decoding.UTF8, Decoding.GB18030):
        try:
            return raw.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    return raw.decode("utf-8", "surrogateescape"), Decoding.UNDECODABLE


def visible(text: str) -> str:
    """Return `text` with each character that is unseen or rules over its neighbours replaced by a sign.

    The sign is `⟨U+202E⟩` for a character and `⟨0xFF⟩` for a byte that no encoding reads; the brackets
    themselves are replaced too, so two different names never look alike by way of the signs. The result holds
    one line, no terminal command and no change of direction. It is still text: a page escapes `<` and `&`.
    """
    return "".join(map(_visible_character, text))


def reshown(text: str) -> str:
    """Return `text` as `visible` does, but with the signs that are in it left as they are.

    For text that others say is shown already: what `visible` returned comes back unchanged, all else is made so.
    """
    parts = _signs(text)
    parts[::2] = map(visible, parts[::2])
    return "".join(parts)


def _visible_character(character: str) -> str:
    if character.isascii() and character.isprintable():
        return character
    point = ord(character)
    if point in _SURROGATE_ESCAPES:
        return f"{_OPEN}0x{point - 0xDC00:02X}{_CLOSE}"
    if _is_unseen(character):
        return f"{_OPEN}U+{point:04X}{_CLOSE}"
    return character


def _is_unseen(character: str) -> bool:
    category = unicodedata.category(character)
    return (
        category in _HIDDEN_CATEGORIES
        or (category == "Zs" and character not in _PLAIN_SPACES)
        or character in _INVISIBLE
        or character in {_OPEN, _CLOSE}
        or _is_variation_selector(ord(character))
    )


def _is_variation_selector(point: int) -> bool:
    return any(point in selectors for selectors in _SELECTORS)
