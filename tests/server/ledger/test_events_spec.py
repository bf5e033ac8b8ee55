"""docs/spec/events.md and the code say the same of every event type."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import liuhen.server
from liuhen.core.events import EventType

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER: Final = Path(liuhen.server.__file__).parent
SPEC: Final = Path(__file__).parents[3] / "docs" / "spec" / "events.md"


def table() -> dict[str, list[str]]:
    """Return meaning, subject, objects, facts and private details of each type, as the document has them."""
    rows = [line[1:-1].split("|") for line in SPEC.read_text(encoding="utf-8").splitlines() if line[:3] == "| `"]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in rows}


def names(cell: str) -> set[str]:
    """Return the names in a cell; what stands in brackets explains them."""
    return set(re.findall(r"`([a-z0-9_]+)`", re.sub(r"\([^)]*\)", "", cell)))


def literal_names(node: ast.expr | None) -> set[str] | None:
    """Return the keys of a dictionary that is written out, None where it is not."""
    if not isinstance(node, ast.Dict):
        return set() if node is None else None
    return {key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}


def written() -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """Yield each event type with the arguments of each call that writes it."""
    for path in sorted(SERVER.rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            given = {word.arg: word.value for word in call.keywords if word.arg is not None}
            if {"type", "subject", "actor", "at"} <= given.keys():
                for node in ast.walk(given["type"]):
                    if (
                        isinstance(node, ast.Attribute)
                        and isinstance(node.value, ast.Name)
                        and node.value.id == "EventType"
                    ):
                        yield EventType[node.attr].value, given


def test_the_document_has_every_type_and_no_other() -> None:
    assert list(table()) == [one.value for one in EventType]
    assert [kind for kind, (meaning, *_) in table().items() if not meaning] == []


@pytest.mark.parametrize(
    ("kind", "given"), [pytest.param(*pair, id=f"{pair[0]}-{number}") for number, pair in enumerate(written())]
)
def test_what_the_code_writes_is_what_the_document_says(kind: str, given: dict[str, ast.expr]) -> None:
    _, subject, objects, facts, private = table()[kind]
    prefix = given["subject"]
    if isinstance(prefix, ast.JoinedStr):
        first = prefix.values[0]
        assert isinstance(first, ast.Constant)
        assert first.value == f"{subject}/"
    assert bool(objects) is ("objects" in given)
    found = literal_names(given.get("facts"))
    assert found is not None, "facts are written out where they are recorded"
    assert found <= names(facts)
    if kind != EventType.UPLOAD_REFUSED:
        assert found == names(facts)
    details = literal_names(given.get("private"))
    if details is not None:
        assert details == names(private)
    assert bool(private) is ("private" in given)


def test_every_type_is_written_somewhere() -> None:
    assert {kind for kind, _ in written()} == {one.value for one in EventType}
