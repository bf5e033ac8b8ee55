"""docs/durability.md against the code: each row has a test that there is, each file that writes is named."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import liuhen
from tests.support.commands import ROOT

SOURCE = Path(liuhen.__file__).parent
DOCUMENT = ROOT / "docs" / "durability.md"
COLUMNS = ["step", "on disk after it", "a power cut here leaves", "repaired by, when", "test"]

_CHANGES = {
    *("fsync", "fdatasync", "rename", "unlink", "rmdir", "rmtree", "hardlink_to", "touch", "write_text", "write_bytes"),
    *("write_durably", "remove_durably", "mkdtemp", "atomic"),
    *("save", "delete", "get_or_create", "update_or_create", "bulk_create", "bulk_update", "login", "logout"),
}
_NAMED_COLUMNS = {"create", "update"}
_STATEMENT = re.compile(r"\s*(INSERT|REPLACE|UPDATE|DELETE) ")


class Section(NamedTuple):
    """A write path: its title, the source files that it names, and the cells of its rows."""

    title: str
    sources: frozenset[str]
    rows: list[list[str]]


def sections() -> list[Section]:
    found = []
    for part in re.split(r"^## ", DOCUMENT.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        title, _, body = part.partition("\n")
        (told,) = re.findall(r"^Sources: (.*?)\.$", body, re.MULTILINE | re.DOTALL) or [""]
        lines = [line for line in body.splitlines() if line.startswith("|") and not line.startswith("|--")]
        rows = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
        found.append(Section(title, frozenset(re.findall(r"`([^`]+\.py)`", told)), rows))
    return [section for section in found if section.rows or section.sources]


def named_tests(row: list[str]) -> list[tuple[str, str, str]]:
    """Return file, function and case ("" for all) of each test that a row names."""
    named = re.findall(r"`(tests/[^`:]+\.py)::(\w+)(?:\[([^\]`]+)\])?`", row[-1])
    assert named, f"the row has no test: {row[0]}"
    return named


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def writes(source: ast.Module) -> bool:
    """Tell whether a source file changes files or rows itself; what is passed on to `super()` is another's change."""
    return any(is_change(node) for node in ast.walk(source))


def is_change(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(attr="atomic"):
            return True
        case ast.Constant(value=str(text)):
            return _STATEMENT.match(text) is not None
        case ast.Call():
            return is_changing_call(node)
    return False


def is_changing_call(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    holder = call.func.value if isinstance(call.func, ast.Attribute) else None
    if holder is not None and ast.unparse(holder) == "super()":
        return False
    if name == "replace":
        # A path is replaced by one other; a text by two, a moment and a dataclass by keywords.
        return holder is not None and len(call.args) == 1 and not call.keywords
    if name in _NAMED_COLUMNS:
        # Rows are made and changed by keywords alone; a digest, a dict and an upload by what comes in its place.
        return holder is not None and bool(call.keywords) and not call.args
    return name in _CHANGES


@pytest.mark.parametrize(
    "line",
    [
        *("Person.objects.filter(id=1).update(language='en')", "Unit.objects.create(code='u')", "person.save()"),
        *("person.save(update_fields=['name'])", "rows.delete()", "Served.objects.bulk_create(served)"),
        *("Job.objects.get_or_create(key=key)", "logout(request)", "cursor.execute(f'UPDATE {table} SET a = 1')"),
        *("path.replace(target)", "path.unlink()", "os.fsync(fd)", "transaction.atomic", "write_durably(path, b'')"),
    ],
)
def test_a_line_that_writes_is_seen(line: str) -> None:
    assert writes(ast.parse(line))


@pytest.mark.parametrize(
    "line",
    [
        *(
            "digest.update(data)",
            "found.update({'a': 1})",
            "transport.create(declaration, size)",
            "super().save(*args)",
        ),
        *("text.replace('a', 'b')", "moment.replace(hour=1)", "cursor.execute('SELECT 1')", "'Update what is there.'"),
        "progress.update(task, completed=1)",
    ],
)
def test_a_line_that_writes_nothing_is_not_taken_for_one_that_does(line: str) -> None:
    assert not writes(ast.parse(line))


def test_every_table_has_the_same_columns_and_only_whole_rows() -> None:
    told = sections()
    assert len(told) >= 20
    for section in told:
        heading, *rows = section.rows
        assert heading == COLUMNS, section.title
        assert rows, section.title
        assert [row for row in rows if len(row) != len(COLUMNS) or not all(row)] == [], section.title


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.title)
def test_every_row_has_a_test_that_there_is(section: Section) -> None:
    assert section.rows[1:]
    for row in section.rows[1:]:
        for file, function, case in named_tests(row):
            tree = tree_of(ROOT / file)
            functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
            assert function in functions, f"{file}::{function}"
            texts = {str(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)}
            assert not case or is_case(case, texts), f"{file}::{function} has no case {case}"


def is_case(case: str, texts: set[str]) -> bool:
    """Tell whether a case's id is one of the file's texts, or two of them joined as pytest joins two parameters."""
    words = case.split("-")
    return case in texts or any(
        {"-".join(words[:place]), "-".join(words[place:])} <= texts for place in range(1, len(words))
    )


def test_every_case_of_the_tables_of_steps_has_its_row() -> None:
    """What a test kills at is told to the reader as well."""
    compared = 0
    told = {(file, case) for section in sections() for row in section.rows[1:] for file, _, case in named_tests(row)}
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        file = str(path.relative_to(ROOT))
        for node in tree_of(path).body:
            if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(node.value, ast.Dict):
                continue
            name = ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target)
            if name.startswith("_"):
                continue
            keys = {str(key.value) for key in node.value.keys if isinstance(key, ast.Constant)}
            cases = {case for where, case in told if where == file}
            compared += len(keys)
            missing = {key for key in keys if not any(re.search(rf"\b{key}\b", case) for case in cases)}
            assert missing == set(), f"{file} {name}"
    assert compared > 80


def test_every_source_file_that_writes_is_named_and_each_named_one_is_there() -> None:
    named = {source for section in sections() for source in section.sources}
    assert {source for source in named if not (SOURCE / source).is_file()} == set()
    found = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if writes(tree_of(path))}
    assert found - named == set(), "files that write and are in no section of docs/durability.md"
