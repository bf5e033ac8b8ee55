"""On a station's install, without Django: help comes, a disk is written, the network is used."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

_NETWORK = 5
_NOT_INSTALLED = 14


def main() -> int:
    """Return 0 when the collector runs without Django."""
    if importlib.util.find_spec("django") is not None:
        print("Django is installed here; this check is about an install without it")
        return 1
    liuhen = str(Path(sys.executable).parent / "liuhen")
    for command in ("collect", "verify"):
        if not _ends([liuhen, command, "--help"], 0):
            return 1
    for command in ("init", "serve", "station", "manage"):
        if not _ends([liuhen, command], _NOT_INSTALLED):
            return 1
    print("the collector runs without Django")
    with tempfile.TemporaryDirectory() as name:
        return _collect(liuhen, Path(name))


def _collect(liuhen: str, folder: Path) -> int:
    """Collect a file to a portable disk, then over a network with nobody at its other end."""
    from liuhen.core.tlog.note import SigningKey

    (folder / "device" / "DCIM").mkdir(parents=True)
    (folder / "device" / "DCIM" / "7654321_650012_20261123094210_0007.mp4").write_bytes(b"not a film" * 1000)
    log = SigningKey.generate("station.test/liuhen").verifier.to_text()
    key = {"v": 1, "station": "0193a1b2-0000-7000-8000-000000000000", "name": "s", "key": "lhs_k_s", "log": log}
    key_file = folder / "station.json"
    key_file.write_text(json.dumps(key), encoding="utf-8")
    key_file.chmod(0o600)
    command = [liuhen, "collect", str(folder / "device"), "--server", f"http://127.0.0.1:{_unused_port()}"]
    command += ["--station-key-file", str(key_file), "--state-dir", str(folder / "state"), "--language", "en"]
    if not _ends([*command, "--to-disk", str(folder / "disk")], 0):
        return 1
    if not [path for path in (folder / "disk").rglob("*") if path.is_file()]:
        print("the disk is empty")
        return 1
    if not _ends([*command, "--patience", "0.2"], _NETWORK):
        return 1
    print("collected to a portable disk, and missed the server, without Django")
    return 0


def _ends(command: list[str], code: int) -> bool:
    """Run `command` and say whether it ends with `code`; where not, print what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != code:
        print(f"{' '.join(command)} ended with {done.returncode}, not {code}:\n{done.stdout}{done.stderr}")
    return done.returncode == code


def _unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
