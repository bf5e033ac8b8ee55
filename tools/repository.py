"""What must not be in the repository: registry hosts, machine paths, keys, large files, locks without hashes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA_LIMIT = 16 << 20
FILE_LIMIT = 2 << 20
SOURCE_SUFFIXES = {".py", ".md", ".toml", ".sh", ".html", ".css", ".js", ".lock", ".cfg", ".yml", ".po", ".go", ""}
# Each word is cut in two here so that this file does not find itself.
FORBIDDEN = {
    "a registry host": re.compile("pypi" + r"\.org|files\.python" + r"hosted|registry\.npm" + r"js|--index" + "-url "),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:root|work|home/[a-z]+)/" + r"(?=\w)"),
    "a private key": re.compile("PRIVATE" + r"\+KEY\+[a-z]|BEGIN [A-Z ]*PRIVATE" + " KEY"),
}


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name.decode() for name in listed.split(b"\0") if name]


def _complaints_of(path: Path) -> list[str]:
    name = path.relative_to(ROOT)
    size = path.stat().st_size
    found = [f"{name}: {size} bytes, at most {FILE_LIMIT}"] if size > FILE_LIMIT else []
    if path.suffix not in SOURCE_SUFFIXES or "vectors" in path.parts or "vendor" in path.parts:
        return found
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return found
    return found + [
        f"{name}: holds {what}: {hit.group()!r}" for what, form in FORBIDDEN.items() for hit in form.finditer(text)
    ]


def _unhashed() -> list[str]:
    return [
        f"{lock.name}: no version or hash: {block.splitlines()[0]}"
        for lock in sorted((ROOT / "requirements").glob("*.lock"))
        for block in re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
        if "==" not in block or "--hash=sha256:" not in block
    ]


def main() -> int:
    """Read every tracked file."""
    paths = [path for path in _tracked() if path.is_file()]
    complaints = [line for path in paths for line in _complaints_of(path)] + _unhashed()
    total = sum(path.stat().st_size for path in paths)
    print(f"{len(paths)} files, {total / 1e6:.1f} MB")
    if total > DATA_LIMIT:
        complaints.append(f"the repository holds {total} bytes, at most {DATA_LIMIT}")
    print("\n".join(complaints))
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
