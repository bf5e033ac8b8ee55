"""Every message that a person can see, in one list: docs/messages.md.

    python -m tools.messages            write the list anew
    python -m tools.messages --check    fail where the list is not in step with the program

The errors are the classes themselves, with the exit code or status that the program gives them; the words of commands,
reasons and checks are read from the source, those of the pages from the catalogue.
"""

from __future__ import annotations

import ast
import errno
import importlib
import inspect
import os
import pkgutil
import re
import sys
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Final

import liuhen
from liuhen.core.errors import LiuhenError
from liuhen.core.reasons import _CHINESE as _SYSTEM
from liuhen.usage import _CHINESE
from tools.i18n import SOURCE as SERVER
from tools.i18n import messages_in, translations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["error_types", "is_told", "main", "shown_as"]

ROOT: Final = Path(__file__).resolve().parent.parent
SOURCE: Final = Path(liuhen.__file__).parent
LIST: Final = ROOT / "docs" / "messages.md"
_CHECKS: Final = "server/config/checks.py"
_INTRODUCTION: Final = """\
# Messages

Every message that a person can see, by where it appears. Made by `python -m tools.messages` from the program; not to be
edited here. `{…}` stands for a fact of the case: a file, a device, a field, a number. The help of commands is in
[commands.md](guide/commands.md); labels and headings of the pages are in the catalogue alone.
"""
_chinese: Final = re.compile(r"[\u4e00-\u9fff]").search


@dataclass(frozen=True, slots=True)
class Place:
    """The one place that turns errors into answers of one kind; `gives` is that answer, None where it meets no such."""

    heading: str
    function: str
    gives: Callable[[type[LiuhenError]], str | None]


def error_types() -> list[type[LiuhenError]]:
    """Return every type of error of the program, by module and in the order in which each module has them."""
    for module in pkgutil.walk_packages(liuhen.__path__, "liuhen."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    waiting: list[type[LiuhenError]] = [LiuhenError]
    found: dict[type[LiuhenError], None] = {}
    while waiting:
        kinds = [kind for kind in waiting.pop().__subclasses__() if kind.__module__.startswith("liuhen.")]
        found |= dict.fromkeys(kinds)
        waiting += kinds
    return sorted(found, key=lambda kind: (kind.__module__, inspect.getsourcelines(kind)[1]))


def is_told(kind: type[LiuhenError]) -> bool:
    """Tell whether errors of exactly this type are raised; the base of a family is not, and has no words of its own."""
    return "zh" in vars(kind) or not kind.__subclasses__()


def _in(*packages: str) -> Callable[[type[LiuhenError]], bool]:
    names = tuple(f"liuhen.{package}" for package in packages)
    return lambda kind: any(kind.__module__ == name or kind.__module__.startswith(f"{name}.") for name in names)


def _named(*names: str) -> Callable[[type[LiuhenError]], bool]:
    return lambda kind: kind.__name__ in names


def _either(*tests: Callable[[type[LiuhenError]], bool]) -> Callable[[type[LiuhenError]], bool]:
    return lambda kind: any(test(kind) for test in tests)


_at_commands: Final = _in(
    "cli",
    "collector",
    "core",
    "server.accounts",
    "server.commands",
    "server.config.instance",
    "server.config.setup",
    "server.demo",
    "server.intake.errors",
    "server.kernel",
    "server.ledger.errors",
    "server.vault",
)
_of_pages: Final = _named("CollectionMissingError")
_of_ledger_files: Final = _named("LedgerClosedError", "LedgerFileMissingError", "ReadOnlyError")
_at_pages: Final = _either(
    _in("server.access", "server.recordings", "server.web"),
    _of_pages,
    _named("LedgerBehindError", "LedgerFilesError", "NoCheckpointError", "NotAllowedError"),
)
_at_media: Final = _either(
    _in("server.access", "server.kernel", "server.recordings"),
    # What reading an original can meet.
    _named("NotAllowedError", "ObjectDamagedError", "ObjectMissingError", "RecordDamagedError", "VaultFaultError"),
)
_at_forms: Final = _named(
    "CursorError", "HolderRefusedError", "NameInvalidError", "TicketReasonError", "TicketTermError"
)
_at_bodies: Final = _in("server.config.bodies")
_OF_BYTES: Final = frozenset({401, 405, 416})
_at_work: Final = _in("server.media")


def _status(kind: type[LiuhenError]) -> int | None:
    from liuhen.server.kernel.errors import ServerError

    return kind.status if issubclass(kind, ServerError) else None


def _exit(kind: type[LiuhenError]) -> str | None:
    from liuhen.server.intake.errors import IntakeError

    elsewhere = issubclass(kind, IntakeError) or _of_pages(kind) or _of_ledger_files(kind) or _state(kind) is not None
    ends = _at_commands(kind) and not elsewhere
    return f"exit {kind.exit_code.value}" if ends else None


def _intake(kind: type[LiuhenError]) -> str | None:
    from liuhen.server.intake.errors import is_refusal

    error = kind.__new__(kind)
    return f"/intake/ {error.status}" if is_refusal(error) else None


def _media(kind: type[LiuhenError]) -> str | None:
    return f"/media/ {_status(kind)}" if _at_media(kind) and not _at_forms(kind) else None


def _ledger(kind: type[LiuhenError]) -> str | None:
    return f"/ledger/ {_status(kind)}" if _of_ledger_files(kind) else None


def _body(kind: type[LiuhenError]) -> str | None:
    return f"page {_status(kind)}" if _at_bodies(kind) else None


def _page(kind: type[LiuhenError]) -> str | None:
    return f"page {_status(kind)}" if _at_pages(kind) and _status(kind) not in _OF_BYTES else None


def _state(kind: type[LiuhenError]) -> str | None:
    from liuhen.server.ledger.errors import SequencingFaultError

    return "integrator's state" if kind is SequencingFaultError else None


def _log(kind: type[LiuhenError]) -> str | None:
    return "worker's log" if _at_work(kind) else None


PLACES: Final = (
    Place("exit of a command", "`liuhen.cli.main`, as the type says", _exit),
    Place("/intake/", "`liuhen.server.intake.asgi`, as `liuhen.server.intake.errors.is_refusal` says", _intake),
    Place("/media/", "`liuhen.server.access.asgi._refuse`", _media),
    Place("/ledger/", "`liuhen.server.ledger.asgi._refuse`", _ledger),
    Place("page whose form is too long or too slow", "`liuhen.server.config.asgi._page`", _body),
    Place("page", "`liuhen.server.web.guard.for_people`, by `liuhen.server.web.views.errors.refused`", _page),
    Place("integrator's state", "`liuhen.server.ledger.integrator.Integrator`", _state),
    Place("worker's log", "`liuhen.server.kernel.jobs.worker.Worker`", _log),
)
"""The places in which an error ends, from the command line to the log."""


def shown_as(kind: type[LiuhenError]) -> list[str]:
    """Return the answers that an error of this type can become, the command line's first."""
    return [given for place in PLACES if (given := place.gives(kind)) is not None]


# The words of commands, reasons and checks, from the source.


def _text(node: ast.expr | None) -> str:
    """Return what an expression says, with `{…}` for each fact in it; nothing where it says nothing by itself."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            shown = [_fact(part.value) if isinstance(part, ast.FormattedValue) else _text(part) for part in parts]
            return "".join(shown).strip("\n")
        case ast.BinOp(op=ast.Add(), left=left):
            return f"{_text(left)}{{…}}"
        case _:
            return ""


def _fact(value: ast.expr) -> str:
    shown = ast.unparse(value)
    return f"{{{shown}}}" if re.fullmatch(r"[\w.]+", shown) else "{…}"


def _pair(chinese: ast.expr | None, english: ast.expr | None) -> Iterator[tuple[str, str]]:
    zh, en = _text(chinese), _text(english)
    if _chinese(zh) and en and not _chinese(en):
        yield zh, en


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below `node`, in order, without the help of commands."""
    is_help = isinstance(node, ast.keyword) and node.arg == "help"
    is_table = isinstance(node, ast.Assign | ast.AnnAssign) and ast.unparse(node).startswith(("_HELP", "COMMANDS"))
    if is_help or is_table:
        return
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.JoinedStr) and isinstance(child, ast.Constant)):
            yield from _walk(child)


def words_in(source: str) -> dict[tuple[str, str], None]:
    """Return every text in both languages: side by side, one statement after the other, or in one text with ` / `."""
    found: list[tuple[str, str]] = []
    for node in _walk(ast.parse(source)):
        match node:
            case ast.Call(args=items) | ast.Tuple(elts=items) | ast.Dict(values=items):
                found += [pair for one, other in pairwise(items) for pair in _pair(one, other)]
            case ast.Constant() | ast.JoinedStr():
                zh, _, en = _text(node).partition(" / ")
                found += [(zh, en)] if _chinese(zh) and en and not _chinese(en) else []
            case _:
                pass
        if isinstance(node, ast.Call):
            given = {word.arg: word.value for word in node.keywords}
            found += _pair(given.get("zh"), given.get("en"))
        body = getattr(node, "body", None)
        # The sentences of a class are an error's, which has its place among the errors.
        for one, other in pairwise(body if isinstance(body, list) and not isinstance(node, ast.ClassDef) else []):
            if isinstance(one, ast.Assign) and isinstance(other, ast.Assign):
                found += _pair(one.value, other.value)
    return dict.fromkeys(found)


def words_of(path: Path) -> dict[tuple[str, str], None]:
    """Return every text in both languages of one file."""
    return words_in(path.read_text(encoding="utf-8"))


def is_listed(path: Path) -> bool:
    """Tell whether a file's words go into the list as they stand; checks have a part of their own, the cast is data."""
    name = path.relative_to(SOURCE)
    return name.parts[:2] != ("server", "demo") and str(name) != _CHECKS


def checks() -> Iterator[tuple[str, str, str]]:
    """Yield id, Chinese and English of each of the system checks, with its hint."""
    for node in _walk(ast.parse((SOURCE / _CHECKS).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and (given := {word.arg: word.value for word in node.keywords}).get("id"):
            said = [_text(part).partition(" / ") for part in (node.args[0], given.get("hint")) if part is not None]
            zh = "。".join([*(zh for zh, _, _ in said), ""])
            en = ". ".join((en or zh).rstrip(".") for zh, _, en in said)
            yield _text(given["id"]), zh, f"{en}."


# The list.


def _summary(path: Path) -> str:
    """Return the first sentence of a module's docstring."""
    return (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n")[0]


def _table(*rows: tuple[str, ...]) -> str:
    """Return a table whose first row is its head."""
    lines = [" | ".join(cell.strip().replace("|", "\\|").replace("\n", " ") for cell in row) for row in rows]
    return "\n".join(f"| {line} |" for line in [lines[0], " | ".join("---" for _ in rows[0]), *lines[1:]])


def _errors() -> Iterator[str]:
    yield "## Where an error becomes an answer\n\nOne place for each; nothing else makes an exit code or a page of one."
    yield _table(("answer", "made by"), *((place.heading, place.function) for place in PLACES))
    yield "## Errors"
    kinds = [kind for kind in error_types() if is_told(kind)]
    for module in dict.fromkeys(kind.__module__ for kind in kinds):
        rows = [
            (f"`{kind.code}`", "; ".join(shown_as(kind)), kind.zh, kind.en)
            for kind in kinds
            if kind.__module__ == module
        ]
        yield f"### {module}\n\n{(sys.modules[module].__doc__ or '').partition('\n')[0]}"
        yield _table(("code", "shown as", "中文", "English"), *rows)


def _system() -> Iterator[str]:
    yield "## What the system refused\n\nStands for `{reason}` in the errors above."
    rows = [(errno.errorcode[number], zh, os.strerror(number)) for number, zh in sorted(_SYSTEM.items())]
    yield _table(("errno", "中文", "English"), *rows)


def _words() -> Iterator[str]:
    usage = SOURCE / "usage.py"
    yield f"## Wrong use of a command\n\nExit 2. {_summary(usage)}"
    yield _table(("中文", "English"), *((chinese, f"`{english}`") for english, chinese in _CHINESE))
    yield "## Words of commands, checks of the ledger, and reasons within errors"
    for path in sorted(SOURCE.rglob("*.py")):
        rows = words_of(path) if is_listed(path) else {}
        if rows:
            name = path.relative_to(SOURCE).with_suffix("")
            yield f"### {'.'.join(('liuhen', *name.parts))}\n\n{_summary(path)}"
            yield _table(("中文", "English"), *rows)
    yield "## System checks\n\n`liuhen manage check --deploy`; [checks.md](guide/checks.md) says more of each."
    yield _table(("id", "中文", "English"), *((f"`{code}`", zh, en) for code, zh, en in checks()))


def _pages() -> Iterator[str]:
    """Yield the sentences of each page: words that end in a full stop or a question mark."""
    chinese = translations("zh_Hans")
    yield "## Pages\n\nSentences only, by the template or module that shows them."
    for path in [*sorted((SERVER / "web").rglob("*.py")), *sorted((SERVER / "web").rglob("*.html"))]:
        said = dict.fromkeys(ids[-1] for ids in messages_in(path) if " " in ids[-1] and ids[-1].endswith((".", "?")))
        if said:
            yield f"### {path.relative_to(SERVER)}"
            yield _table(("中文", "English"), *((chinese[english], english) for english in said))


def document() -> str:
    """Return docs/messages.md as it must be."""
    return "\n\n".join([_INTRODUCTION.strip(), *_errors(), *_system(), *_words(), *_pages()]) + "\n"


def main(words: list[str]) -> int:
    """Write the list, or compare it with `--check`; return 1 where it differs."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "liuhen.server.config.settings")
    import django

    django.setup()
    made = document()
    if words != ["--check"]:
        LIST.write_text(made, encoding="utf-8")
    elif not LIST.exists() or LIST.read_text(encoding="utf-8") != made:
        print("docs/messages.md is not in step with the program; run: python -m tools.messages")
        return 1
    print(f"{sum(line.startswith('| ') for line in made.splitlines())} lines of messages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
