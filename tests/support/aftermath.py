"""A real instance, a station and a device in trouble, and what must hold of them afterwards.

The server is `liuhen serve` in a process of its own and the collector `liuhen collect` in another; both may have faults
beneath them (see `faulty_liuhen`).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from liuhen.core.digests import digest_file, sha256
from liuhen.core.tlog.note import VerifierKey
from liuhen.core.verify import SameOriginal, verify_receipt
from liuhen.server.kernel.sqlite.version import driver
from tests.collector.kit import ROOT, Done, left_on, read_lines
from tests.support.commands import LIUHEN, beside, free_port
from tests.support.served import Served, made_instance
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence
    from pathlib import Path

__all__ = [
    "Instance",
    "copied",
    "digest_of",
    "ended",
    "fault",
    "left_on",
    "logged_in",
    "says",
    "template_in",
]

_FAULTY = [sys.executable, "-m", "tests.support.faulty_liuhen"]
_PATIENCE_S = 30.0


def fault(how: str, *calls: str, where: str = "") -> dict[str, Any]:
    """Return a fault for `Instance.breaks`: `how` happens to `calls` on paths that hold `where`."""
    return {"how": how, "calls": calls, "where": where}


def says(trouble: dict[str, Any], code: str, *, zh: Sequence[str], en: Sequence[str]) -> None:
    """Check that what people were told has this code, and these pieces in each language."""
    assert trouble["code"] == code, trouble
    assert [piece for piece in zh if piece not in trouble["zh"]] == [], trouble["zh"]
    assert [piece for piece in en if piece not in trouble["en"]] == [], trouble["en"]


@dataclass(slots=True)
class Instance(Served):
    """A served instance whose server and collector can be made to fail."""

    faulty: bool = True
    state: str = "state"

    @property
    def vault(self) -> Path:
        """The store of originals."""
        return self.home / "vault"

    def faults_file(self, *, station: bool) -> Path:
        """Return the file that says what goes wrong at the station or the server, and how far its clock is off."""
        return self.home / ("station-faults.json" if station else "server-faults.json")

    def breaks(self, *faults: dict[str, Any], clock_s: float = 0, station: bool = False) -> None:
        """Let these faults happen at the server from now on, or at the station, in place of those before."""
        file = self.faults_file(station=station)
        passing = file.with_suffix(".new")
        passing.write_text(json.dumps({"faults": faults, "clock_s": clock_s}), encoding="utf-8")
        passing.replace(file)

    def is_mended(self) -> None:
        """Let nothing go wrong from now on."""
        for station in (False, True):
            self.faults_file(station=station).unlink(missing_ok=True)

    def start(self) -> None:
        """Serve, and return when the front door answers."""
        command = _FAULTY if self.faulty else LIUHEN
        self.process = subprocess.Popen([*command, "serve", *self.options], env=self.environment, cwd=ROOT)
        wait_for(self.answers)

    def has_died(self) -> None:
        """Wait for the end of a server that a fault kills."""
        assert self.process is not None
        self.process.wait(_PATIENCE_S)
        self.process = None

    def state_folder(self, state: str = "first") -> Path:
        """Return the folder of a station's memory; `state` tells the stations of one test apart."""
        return self.home / "states" / self.state / state

    def words(self, source: Path, *words: str, state: str = "first") -> list[str]:
        """Return the words of a `liuhen collect` command; those given last win."""
        folder = self.state_folder(state)
        fixed = ("--server", self.url, "--station-key-file", self.station_key, "--state-dir", folder)
        quick = ("--json", "--language", "en", "--patience", "0.5")
        return ["collect", str(source), *map(str, fixed), *quick, *words]

    @contextlib.contextmanager
    def collecting(
        self,
        source: Path,
        *words: str,
        state: str = "first",
        faulty: bool = False,
        limit: Callable[[], None] | None = None,
    ) -> Iterator[subprocess.Popen[str]]:
        """Run the collector beside the block, which it does not outlive; `limit` is called in it first."""
        command = [*(_FAULTY if faulty else LIUHEN), *self.words(source, *words, state=state)]
        environment = self.environment | {"TEST_FAULTS": str(self.faults_file(station=True))}
        with beside(command, environment, limit=limit) as process:
            yield process

    def hand_in(self, source: Path, *words: str, **options: Any) -> Done:
        """Run the collector to its end."""
        with self.collecting(source, *words, **options) as process:
            return ended(process)

    def finishes(self, device: Path, films: dict[str, bytes]) -> None:
        """Check that the next run brings everything in, clears the device, and that all books agree."""
        done = self.hand_in(device, "--clear-device", "--patience", "10")
        assert done.code == 0, done.words
        assert left_on(device) == set()
        self.holds(films.values())

    def rows(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read from the database."""
        connection = driver().connect(f"file:{self.home / 'liuhen.sqlite3'}?mode=ro", uri=True)
        try:
            return list(connection.execute(statement, parameters))
        finally:
            connection.close()

    def objects(self) -> set[str]:
        """Return the addresses of what lies sealed in the vault."""
        return {path.name for path in (self.vault / "objects").rglob("*") if path.is_file() and path.suffix == ""}

    def staged(self) -> int:
        """Return how many bytes lie in the vault's staging areas."""
        return sum(path.stat().st_size for path in (self.vault / "staging").glob("*/data"))

    def receipted(self, *states: str) -> set[str]:
        """Verify every receipt that a station holds, find the sealed original of each, and return their addresses."""
        key = VerifierKey.from_text(json.loads(self.station_key.read_bytes())["log"])
        found = set()
        for path in (
            file for state in states or ("first",) for file in self.state_folder(state).rglob("*.receipt.json")
        ):
            told = json.loads(path.read_bytes())
            (original,) = (self.vault / "objects").rglob(told["sha256"])
            digests = digest_file(original)
            facts = verify_receipt(path.read_bytes(), key=key, policy=SameOriginal(digests.sha256, digests.size))
            assert facts.sm3 == digests.sm3
            found.add(facts.sha256)
        return found

    def promised(self, films: dict[str, bytes], *states: str) -> set[str]:
        """Return the names of those of `films` that a station holds a receipt for."""
        found = self.receipted(*states)
        return {name for name, data in films.items() if digest_of(data) in found}

    def sealed(self, films: dict[str, bytes]) -> set[str]:
        """Return the names of those of `films` that lie sealed in the vault."""
        found = self.objects()
        return {name for name, data in films.items() if digest_of(data) in found}

    def holds(self, contents: Collection[bytes], *, states: Sequence[str] = ("first",)) -> None:
        """Check that all of `contents` came in, each once, with a receipt; that all books agree; that no work is left.

        Whatever else the instance holds must agree as well.
        """
        assert {digest_of(content) for content in contents} <= self.receipted(*states)
        entered = self.rows(
            "SELECT sha256 FROM recordings_recording UNION ALL SELECT sha256 FROM recordings_attachment"
        )
        assert sorted(address for (address,) in entered) == sorted(self.objects())
        open_uploads = {upload for (upload,) in self.rows("SELECT id FROM intake_upload WHERE state = 'receiving'")}
        left = {path.parent.name.replace("-", "") for path in (self.vault / "staging").glob("*/data")}
        assert left <= open_uploads, "bytes were left half-done that no upload will clear when it expires"
        for state in states:
            assert list((self.state_folder(state) / "collections").glob("*")) == []
        checked = self.run("ledger", "fsck", "--deep", check=False)
        assert checked.returncode == 0, checked.stdout


def digest_of(data: bytes | bytearray) -> str:
    """Return the address of `data`."""
    return sha256(bytes(data)).hex()


@contextlib.contextmanager
def logged_in(instance: Instance, language: str) -> Iterator[httpx.Client]:
    """Log a custodian of the unit in; each call makes another one."""
    username = f"custodian-{uuid.uuid4().hex[:8]}"
    who = ("--name", "周敏", "--unit", "u", "--role", "custodian")
    password = instance.run("person", "add", username, *who).stdout.strip()
    with httpx.Client(base_url=instance.url, cookies={"django_language": language}, timeout=30) as pages:
        pages.get("/log-in/")
        form = {"username": username, "password": password, "csrfmiddlewaretoken": pages.cookies["csrftoken"]}
        assert pages.post("/log-in/", data=form).status_code == 302
        yield pages


def ended(process: subprocess.Popen[str]) -> Done:
    """Wait for the end of a collector."""
    out, err = process.communicate(timeout=60)
    return Done(process.returncode, read_lines(out), err)


def template_in(home: Path) -> Served:
    """Make an instance to be copied."""
    return made_instance(home)


def copied(template: Served, home: Path, *options: str, faulty: bool = True, **settings: str) -> Instance:
    """Return an instance like `template`, served; `settings` are `LIUHEN_` variables without the prefix."""
    shutil.copytree(template.home, home, dirs_exist_ok=True)
    port = free_port()
    own = {f"LIUHEN_{name.upper()}": value for name, value in settings.items()}
    environment = {key: value for key, value in template.environment.items() if not key.startswith("PYTEST_")}
    environment |= {"LIUHEN_HOME": str(home), "LIUHEN_PORT": str(port), **own}
    environment["PYTHONPATH"] = os.pathsep.join([f"{ROOT}/src", str(ROOT)])
    made = Instance(home, port, environment, home / "secrets" / "station.json", options=list(options), faulty=faulty)
    environment["TEST_FAULTS"] = str(made.faults_file(station=False))
    made.start()
    return made
