"""Set-up that every test shares: an instance folder of its own, made before Django reads its settings."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_home = Path(tempfile.mkdtemp(prefix="liuhen-test-"))
atexit.register(shutil.rmtree, _home, ignore_errors=True)
for _name in [name for name in os.environ if name.startswith("LIUHEN_")]:
    del os.environ[_name]
os.environ["LIUHEN_HOME"] = str(_home)
(_home / "secrets").mkdir(mode=0o700)
(_home / "secrets" / "django.key").write_text("a key for tests only, " + "0" * 40, encoding="ascii")
