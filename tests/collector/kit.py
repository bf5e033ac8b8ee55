"""What the collector's scenarios need: a server to talk to, a station to run, devices to collect from.

The scenarios ask the server only through `IntakeServer`, so that another suite may point them at the real one.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tests.support.commands import ROOT, beside

from liuhen.cli import main

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pytest

__all__ = ["ROOT", "Done", "IntakeServer", "SealedFile", "Station", "device_with", "left_on", "read_lines"]


@dataclass(frozen=True)
class SealedFile:
    """One file that the server has sealed."""

    name: bytes
    path: bytes
    role: str
    size: int
    sha256: str
    recording: str


class IntakeServer(Protocol):
    """A server that keeps the intake protocol, and what a test may ask of it."""

    @property
    def url(self) -> str:
        """Where it listens."""
        ...

    @property
    def key_file(self) -> Path:
        """The station key file."""
        ...

    def sealed(self) -> list[SealedFile]:
        """Return everything sealed, each content once, in order."""
        ...

    def openings(self) -> dict[str, dict[str, Any]]:
        """Return the bodies that opened collections, by uuid."""
        ...

    def closings(self, collection: str) -> list[dict[str, Any]]:
        """Return the summaries that closed a collection."""
        ...

    def declarations(self) -> list[dict[str, Any]]:
        """Return what was declared of each upload, in order."""
        ...

    def revoke_key(self) -> None:
        """Revoke the station's key."""
        ...


@dataclass(frozen=True)
class Done:
    """A finished run: exit code, JSON events, words."""

    code: int
    events: list[dict[str, Any]]
    words: str

    def of(self, event: str) -> list[dict[str, Any]]:
        """Return the events of one kind."""
        return [one for one in self.events if one["event"] == event]

    @property
    def ended(self) -> dict[str, Any]:
        """The summary of the only collection."""
        (summary,) = self.of("collection-ended")
        return summary

    @property
    def trouble(self) -> dict[str, Any]:
        """The only thing that people were told at once."""
        (only,) = self.of("trouble")
        return only

    @property
    def troubles(self) -> list[str]:
        """The codes of what people were told at once."""
        return [one["code"] for one in self.of("trouble")]

    def skipped(self) -> dict[str, str]:
        """Return what was left and why."""
        return {one["name"]: one["reason"] for one in self.of("file-skipped")}


class Station:
    """A station with a state folder of its own."""

    def __init__(self, server: IntakeServer, folder: Path, capture: pytest.CaptureFixture[str] | None = None) -> None:
        self.server = server
        self.state = folder / "state"
        self.url = server.url
        self.key_file = server.key_file
        self._capture = capture

    def words(self, *words: str | Path, patience: float = 2) -> list[str]:
        """Return the words of a `liuhen collect` command."""
        fixed = ["--server", self.url, "--station-key-file", self.key_file, "--state-dir", self.state]
        return [
            *("collect", "--json", "--language", "en", "--patience", str(patience)),
            *(str(word) for word in (*fixed, *words)),
        ]

    def collect(self, *words: str | Path, patience: float = 2) -> Done:
        """Run `liuhen collect` in this process, to its end."""
        assert self._capture is not None
        self._capture.readouterr()
        code = main(self.words(*words, patience=patience))
        out, err = self._capture.readouterr()
        return Done(code, read_lines(out), err)

    @contextmanager
    def running(
        self, *words: str | Path, patience: float = 2, limit: Callable[[], None] | None = None
    ) -> Iterator[subprocess.Popen[str]]:
        """Run `liuhen collect` in a process of its own, which does not outlive the block.

        `limit` is called in the child before it becomes the collector.
        """
        command = [sys.executable, "-m", "liuhen.cli", *self.words(*words, patience=patience)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
        with beside(command, environment, limit=limit) as process:
            yield process

    def receipts(self) -> list[Path]:
        """Return the stored receipts."""
        return sorted(self.state.glob("receipts/*/*.receipt.json"))

    def unfinished(self) -> list[Path]:
        """Return the folders of collections under way."""
        return sorted((self.state / "collections").glob("*"))


def left_on(folder: Path) -> set[str]:
    """Return the names of the files on a device or a disk."""
    return {path.name for path in folder.rglob("*") if path.is_file()}


def read_lines(text: str) -> list[dict[str, Any]]:
    """Return the JSON objects, one per line."""
    return [json.loads(line) for line in text.splitlines()]


def device_with(folder: Path, files: Mapping[str, bytes] | Mapping[bytes, bytes]) -> Path:
    """Make a device with `files`: contents by path, which may be raw bytes."""
    root = os.fsencode(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        path = root + b"/" + os.fsencode(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120 - names made of raw bytes
        with open(path, "wb") as file:  # noqa: PTH123 - as above
            file.write(data)
    return folder
