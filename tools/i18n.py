"""The translations of the pages: extract, compile, check.

    python tools/i18n.py extract    write new messages into the catalogues (needs Babel)
    python tools/i18n.py compile    write the .mo files (needs nothing but Python)
    python tools/i18n.py check      fail on a message that is not translated, stale or fuzzy, or has other placeholders

Messages are written in English in the code; `zh_Hans` holds every one of them, `en` only those whose English text
differs from its message (the words on seals, the way of numbering).
"""

from __future__ import annotations

import ast
import os
import re
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "liuhen" / "server"
LOCALE = SOURCE / "web" / "locale"
LANGUAGES = ("zh_Hans", "en")
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%%")
KEYWORDS = {"gettext": None, "gettext_noop": None, "ngettext": (1, 2), "_": None, "lazy": None, "gettext_lazy": None}


def _entries(path: Path) -> Iterator[tuple[list[str], list[str], bool]]:
    """Yield (message and plural, translations, fuzzy) of a .po file; the first entry is the header."""
    for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        fuzzy = bool(re.search(r"^#,.*\bfuzzy\b", block, re.MULTILINE))
        texts: dict[str, str] = {}
        current = ""
        for line in block.splitlines():
            match = re.match(r'(msgid|msgid_plural|msgstr|msgstr\[\d+\]) (".*")$', line)
            if match:
                current = match[1]
                texts[current] = ast.literal_eval(match[2])
            elif line.startswith('"') and current:
                texts[current] += ast.literal_eval(line)
        if "msgid" in texts:
            ids = [texts["msgid"]] + ([texts["msgid_plural"]] if "msgid_plural" in texts else [])
            yield ids, [text for key, text in sorted(texts.items()) if key.startswith("msgstr")], fuzzy


def compile_catalogue(path: Path) -> None:
    """Write the .mo file beside a .po file (GNU gettext's binary form, little-endian, no hash table)."""
    pairs = sorted(
        ("\0".join(ids).encode(), "\0".join(texts).encode())
        for ids, texts, fuzzy in _entries(path)
        if any(texts) and not fuzzy
    )
    head = 28
    offset = head + 16 * len(pairs)
    keys, values = b"", b""
    for key, value in pairs:
        keys += struct.pack("<II", len(key), offset)
        offset += len(key) + 1
        values += struct.pack("<I", len(value))
    table = b""
    for _, value in pairs:
        table += struct.pack("<II", len(value), offset)
        offset += len(value) + 1
    data = struct.pack("<7I", 0x950412DE, 0, len(pairs), head, head + 8 * len(pairs), 0, 0) + keys + table
    data += b"".join(key + b"\0" for key, _ in pairs) + b"".join(value + b"\0" for _, value in pairs)
    # Several processes may compile and read at once: each sees a whole file.
    fresh = path.with_name(f".{path.stem}.{os.getpid()}.mo")
    fresh.write_bytes(data)
    fresh.replace(path.with_suffix(".mo"))


def compile_all() -> None:
    """Write the .mo file of every language; the build of a wheel calls this, without Django and Babel."""
    for language in LANGUAGES:
        compile_catalogue(LOCALE / language / "LC_MESSAGES" / "django.po")


def translations(language: str) -> dict[str, str]:
    """Return the translation of every message, by its English text; of one with a plural, that of many."""
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    return {ids[-1]: texts[-1] for ids, texts, _ in _entries(path) if ids[0]}


def messages_in(path: Path) -> list[tuple[str, ...]]:
    """Return the messages in one file of code or one template, in order, each with its plural if it has one."""
    from io import BytesIO

    from babel.messages.extract import extract
    from django.conf import settings
    from django.utils.translation.template import templatize

    if not settings.configured:
        settings.configure(USE_I18N=True)
    keywords: Any = KEYWORDS
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".html":
        # Python's tokenizer reads what comes out of it, and would take a page's indentation for Python's.
        text = "\n".join(line.strip() for line in templatize(text, origin=str(path)).splitlines())
    found = (message for _, message, _, _ in extract("python", BytesIO(text.encode()), keywords=keywords))
    every = [message if isinstance(message, tuple) else (message,) for message in found]
    return [ids for ids in every if ids[0]]


def _messages() -> dict[tuple[str, ...], None]:
    """Return every message in the code and the templates, in order."""
    paths = sorted(SOURCE.rglob("*.py")) + sorted(SOURCE.rglob("*.html"))
    return dict.fromkeys(ids for path in paths for ids in messages_in(path))


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def extract_messages() -> int:
    """Write the catalogues anew: kept translations, new messages empty, stale ones gone."""
    messages = _messages()
    for language in LANGUAGES:
        path = LOCALE / language / "LC_MESSAGES" / "django.po"
        entries = list(_entries(path)) if path.exists() else []
        known = {tuple(ids): texts for ids, texts, _ in entries}
        plural = "nplurals=1; plural=0;" if language == "zh_Hans" else "nplurals=2; plural=(n != 1);"
        header = f"Content-Type: text/plain; charset=UTF-8\\nLanguage: {language}\\nPlural-Forms: {plural}\\n"
        blocks = [f'msgid ""\nmsgstr "{header}"']
        for ids in messages:
            texts = known.get(ids, [""])
            if language == "en" and not any(texts):
                continue
            lines = [f"msgid {_quoted(ids[0])}"]
            if len(ids) > 1:
                lines.append(f"msgid_plural {_quoted(ids[1])}")
                lines += [f"msgstr[{number}] {_quoted(text)}" for number, text in enumerate(texts)]
            else:
                lines.append(f"msgstr {_quoted(texts[0])}")
            blocks.append("\n".join(lines))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(blocks) + "\n", encoding="utf-8")
    return 0


def _faults(language: str, messages: dict[tuple[str, ...], None]) -> Iterator[str]:
    """Yield what is wrong with one catalogue."""
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    known = {tuple(ids): (texts, fuzzy) for ids, texts, fuzzy in _entries(path) if ids[0]}
    for ids, (texts, fuzzy) in known.items():
        if ids not in messages:
            yield f"stale: {ids[0]!r}"
        if fuzzy:
            yield f"fuzzy: {ids[0]!r}"
        wanted = set(PLACEHOLDER.findall(ids[0]))
        if any(text and set(PLACEHOLDER.findall(text)) != wanted for text in texts):
            yield f"other placeholders: {ids[0]!r}"
    for ids in messages:
        is_needed = language == "zh_Hans" or ids[0].endswith("|seal")
        if is_needed and not all(known.get(ids, ([""], False))[0]):
            yield f"not translated: {ids[0]!r}"


def check() -> int:
    """Return 1, naming each fault, unless the catalogues are complete and in step."""
    messages = _messages()
    faults = [f"{language}: {fault}" for language in LANGUAGES for fault in _faults(language, messages)]
    print("\n".join(faults) or f"{len(messages)} messages, all translated")
    return 1 if faults else 0


def main() -> int:
    """Do what the first word says."""
    match sys.argv[1:]:
        case ["extract"]:
            return extract_messages()
        case ["compile"]:
            compile_all()
            return 0
        case ["check"]:
            return check()
        case _:
            print(__doc__)
            return 2


if __name__ == "__main__":
    sys.exit(main())
