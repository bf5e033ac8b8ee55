"""Each invariant that the program is to keep by now has a test named after it; its code as it stands holds two."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import liuhen.server

TESTS = Path(__file__).parent
SERVER = Path(liuhen.server.__file__).parent
NOT_YET = {10}
"""Findings come with a later part of the system."""


def sources() -> dict[str, ast.Module]:
    """Return the parsed modules of the server by their paths."""
    return {
        path.relative_to(SERVER).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(SERVER.rglob("*.py"))
    }


def test_every_invariant_has_a_test_named_after_it() -> None:
    named = {
        int(number)
        for path in TESTS.rglob("*.py")
        for number in re.findall(r"def test_invariant_(\d+)_", path.read_text(encoding="utf-8"))
    }
    assert named == set(range(1, 13)) - NOT_YET


def test_invariant_3_nothing_outside_the_vault_destroys_an_object_or_touches_its_file() -> None:
    """Disposal is not built yet. The one that comes is added here, with its approved order."""
    inside = ("vault/",)
    calls = {
        (path, node.func.attr)
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert {path for path, name in calls if name == "destroy" and not path.startswith(inside)} == set()
    assert {path for path, name in calls if name == "path_of" and not path.startswith(inside)} == set()


def test_invariant_9_services_are_given_the_time_and_do_not_ask_for_it() -> None:
    asking = {
        path
        for path, tree in sources().items()
        if path.endswith("/services.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "now"
    }
    assert asking == set()
