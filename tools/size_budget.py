"""The size budget of the house: files and functions stay small. Exit code 1 names each that does not."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
FILE_P95, FILE_MAX = 350, 600
FUNCTION_P95, FUNCTION_MAX = 45, 80


def _percentile(values: list[int], share: float) -> int:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _functions(tree: ast.AST) -> Iterator[tuple[str, int, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, (node.end_lineno or node.lineno) - node.lineno + 1, node.lineno


def _measure(folder: Path) -> list[str]:
    complaints: list[str] = []
    files: list[int] = []
    functions: list[int] = []
    for path in sorted(folder.rglob("*.py")):
        if "migrations" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        files.append(lines)
        name = path.relative_to(ROOT)
        if lines > FILE_MAX:
            complaints.append(f"{name}: {lines} lines, at most {FILE_MAX}: split it by what it does")
        for function, size, line in _functions(ast.parse(text)):
            functions.append(size)
            if size > FUNCTION_MAX:
                complaints.append(f"{name}:{line}: {function} has {size} lines, at most {FUNCTION_MAX}")
    for what, found, limit in (
        ("files", _percentile(files, 0.95), FILE_P95),
        ("functions", _percentile(functions, 0.95), FUNCTION_P95),
    ):
        print(f"{folder.name}: {what} p95 {found} lines (budget {limit})")
        if found > limit:
            complaints.append(f"{folder.name}: the 95th percentile of {what} is {found} lines, at most {limit}")
    return complaints


def main() -> int:
    """Measure `src` and `tests`."""
    complaints = [line for name in ("src", "tests") for line in _measure(ROOT / name)]
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
