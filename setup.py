"""The build: what pyproject.toml says, and the catalogues of the pages, which are compiled and never committed."""

from __future__ import annotations

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tools"))

import i18n  # noqa: E402 - a build front end does not put the project's own folder on the path


class BuildPy(build_py):
    """Compiles the catalogues first: a wheel without them would speak English to everybody."""

    def run(self) -> None:
        """Write each `.mo` beside its `.po`, then gather the package."""
        i18n.compile_all()
        self.__dict__.pop("data_files", None)  # a list made before the compilation would leave them out
        super().run()


setup(cmdclass={"build_py": BuildPy})
