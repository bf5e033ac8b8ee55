"""On a station's install, without Django: the help comes, and a device is collected to a portable disk."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main() -> int:
    """Return 0 when the collector runs without Django."""
    if importlib.util.find_spec("django") is not None:
        print("Django is installed here; this check is about an install without it")
        return 1
    liuhen = str(Path(sys.executable).parent / "liuhen")
    if subprocess.run([liuhen, "collect", "--help"], capture_output=True, check=False).returncode != 0:
        print("liuhen collect --help failed without Django")
        return 1
    print("the collector runs without Django")
    return _spool(liuhen)


def _spool(liuhen: str) -> int:
    """Collect a file to a portable disk, which needs no server; the whole pipeline but the network runs."""
    from liuhen.core.tlog.note import SigningKey

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "device" / "DCIM").mkdir(parents=True)
        (folder / "device" / "DCIM" / "7654321_650012_20261123094210_0007.mp4").write_bytes(b"not a film" * 1000)
        log = SigningKey.generate("station.test/liuhen").verifier.to_text()
        key = {"v": 1, "station": "0193a1b2-0000-7000-8000-000000000000", "name": "s", "key": "lhs_k_s", "log": log}
        key_file = folder / "station.json"
        key_file.write_text(json.dumps(key), encoding="utf-8")
        key_file.chmod(0o600)
        command = [liuhen, "collect", str(folder / "device"), "--server", "http://127.0.0.1:9"]
        command += ["--station-key-file", str(key_file), "--to-disk", str(folder / "disk")]
        command += ["--state-dir", str(folder / "state"), "--language", "en"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        spooled = [path for path in (folder / "disk").rglob("*") if path.is_file()]
        if done.returncode != 0 or not spooled:
            print(f"collecting to a disk ended with {done.returncode}:\n{done.stdout}{done.stderr}")
            return 1
    print("collected to a portable disk without Django")
    return 0


if __name__ == "__main__":
    sys.exit(main())
