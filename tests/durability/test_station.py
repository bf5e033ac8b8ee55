"""The collector is killed at a step of what it writes; the next run finds exactly what the step left, and ends it."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.collector.faults import Fault, faulty_network
from tests.durability.kit import Kill, after, before
from tests.support.aftermath import Instance, digest_of, left_on

if TYPE_CHECKING:
    from pathlib import Path

FILMS = ("7654321_650012_20261123094210_0007.mp4", "7654321_650012_20261123101010_0008.mp4")


@dataclass(frozen=True, slots=True)
class Left:
    """What lies at the station: states of the items in the journal (None: no collection), and counts of the rest."""

    items: tuple[str, ...] | None
    receipts: int = 0
    known: int = 0
    films: int = 2


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A device with two films that no other test has."""
    folder = tmp_path / "device" / "DCIM" / "100"
    folder.mkdir(parents=True)
    for name in FILMS:
        (folder / name).write_bytes(f"{tmp_path} {name}".encode())
    return tmp_path / "device"


@pytest.fixture
def instance(served: Instance, tmp_path: Path) -> Instance:
    """The module's instance, and a station that remembers nothing of other tests."""
    served.state = tmp_path.name
    return served


def found(instance: Instance, device: Path) -> Left:
    state = instance.state_folder()
    (*collections,) = (state / "collections").glob("[!.]*")
    assert len(collections) <= 1
    items = tuple(
        sorted(json.loads(path.read_bytes())["state"] for path in state.glob("collections/[!.]*/files/[!.]*.json"))
    )
    return Left(
        items if collections else None,
        receipts=len(list(state.glob("receipts/*/[!.]*.receipt.json"))),
        known=len(list(state.glob("known/*/[!.]*.json"))),
        films=len(left_on(device)),
    )


def killed(instance: Instance, source: Path, kill: Kill, *words: str) -> None:
    instance.breaks(kill.as_fault(), station=True)
    done = instance.hand_in(source, "--parallel", "1", *words, faulty=True)
    instance.is_mended()
    assert done.code == -signal.SIGKILL, f"{kill} was never reached: {done.words}"


def summaries(instance: Instance, films: dict[str, bytes]) -> list[tuple[int, int]]:
    """Return, of each collection that has uploads of these films, how many recordings were taken and cleared."""
    marks = ", ".join("?" * len(films))
    rows = instance.rows(
        "SELECT DISTINCT c.id, c.summary FROM intake_collection c JOIN intake_upload u ON u.collection_id = c.id"  # noqa: S608
        f" WHERE u.received_sha256 IN ({marks})",
        *map(digest_of, films.values()),
    )
    told = [json.loads(summary) for _, summary in rows]
    return [(len(summary["taken"]), len(summary["cleared"])) for summary in told]


def films_of(device: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(device.rglob("*.mp4"))}


def finishes(instance: Instance, device: Path, films: dict[str, bytes]) -> None:
    """Check that one run more brings all in, each once and with its receipt, and leaves nothing to do."""
    done = instance.hand_in(device, "--clear-device", "--parallel", "1")
    assert done.code == 0, done.words
    assert found(instance, device) == Left(None, receipts=len(films), films=0)
    assert instance.promised(films) == set(films)
    marks = ", ".join("?" * len(films))
    statement = f"SELECT count(*) FROM recordings_recording WHERE sha256 IN ({marks})"  # noqa: S608
    assert instance.rows(statement, *map(digest_of, films.values())) == [(len(films),)]
    state = instance.state_folder()
    assert [path for path in state.rglob("*") if path.name.startswith(".")] == [], "something half-written is left"


STEPS: dict[str, tuple[Kill, Left]] = {
    # The journal: a collection begins, a file is planned and sent.
    "collection-written": (after("os.replace", "/collection.json"), Left(None)),
    "collection-named": (after("os.rename", "/collections/"), Left(())),
    "item-written-beside": (before("os.replace", "/files/"), Left(())),
    "item-planned": (after("os.replace", "/files/"), Left(("planned",))),
    "item-sent": (after("os.replace", "/files/", skip=1), Left(("sent",))),
    # The receipt, the note that the file is known, the item that is received.
    "receipt-written-beside": (before("os.replace", ".receipt.json"), Left(("sent",))),
    "receipt-stored": (after("os.replace", ".receipt.json"), Left(("sent",), receipts=1)),
    "known-written-beside": (before("os.replace", "/known/"), Left(("sent",), receipts=1)),
    "known-noted": (after("os.replace", "/known/"), Left(("sent",), receipts=1, known=1)),
    "item-received": (after("os.replace", "/files/", skip=2), Left(("received",), receipts=1, known=1)),
    # Clearing the device.
    "item-clearing": (after("os.replace", "/files/", skip=6), Left(("clearing", "received"), receipts=2, known=2)),
    "file-removed": (after("os.unlink", "/DCIM/"), Left(("clearing", "received"), receipts=2, known=2, films=1)),
    "removal-synced": (after("os.fsync", "/DCIM/"), Left(("clearing", "received"), receipts=2, known=2, films=1)),
    "item-cleared": (
        after("os.replace", "/files/", skip=7),
        Left(("cleared", "received"), receipts=2, known=2, films=1),
    ),
    "known-forgotten": (after("os.unlink", "/known/"), Left(("cleared", "received"), receipts=2, known=1, films=1)),
    # The server has the summary; the journal forgets.
    "summary-sent": (before("os.unlink", "/collection.json"), Left(("cleared", "cleared"), receipts=2, films=0)),
    "body-removed": (after("os.unlink", "/collection.json"), Left(("cleared", "cleared"), receipts=2, films=0)),
    "items-removed": (after("os.rmdir", "/files"), Left((), receipts=2, films=0)),
}


@pytest.mark.parametrize("step", STEPS)
def test_killed_while_collecting_the_next_run_finds_the_step_and_ends_it(
    step: str, instance: Instance, device: Path
) -> None:
    kill, left = STEPS[step]
    films = films_of(device)
    killed(instance, device, kill, "--clear-device")
    assert found(instance, device) == left
    assert len(instance.promised(films)) == left.receipts
    finishes(instance, device, films)
    assert summaries(instance, films) == [(2, 2)]


def test_the_last_file_of_a_device_removed_and_not_noted_counts_as_received(instance: Instance, device: Path) -> None:
    films = films_of(device)
    killed(instance, device, after("os.unlink", "/DCIM/", skip=1), "--clear-device")
    assert found(instance, device) == Left(("cleared", "clearing"), receipts=2, known=1, films=0)
    done = instance.hand_in(device, "--clear-device")
    assert done.code == 0, done.words
    assert instance.promised(films) == set(films)
    assert summaries(instance, films) == [(2, 1)], "that it is gone is proven by nobody; that it is received is"
    assert found(instance, device).items is None


@pytest.mark.parametrize("kill", [after("os.replace", "/files/"), before("os.unlink", "/files/")])
def test_killed_while_an_upload_is_renewed_the_next_run_ends_it(kill: Kill, instance: Instance, device: Path) -> None:
    """The server has given up what was sent: the journal takes a new upload in before it drops the old."""
    films = films_of(device)
    killed(instance, device, after("os.replace", "/files/", skip=1))
    (item,) = instance.state_folder().glob("collections/*/files/*.json")
    key = json.loads(instance.station_key.read_bytes())["key"]
    headers = {"Authorization": f"Bearer {key}", "Tus-Resumable": "1.0.0"}
    httpx.delete(f"{instance.url}/intake/uploads/{item.stem}", headers=headers).raise_for_status()

    killed(instance, device, kill)
    assert found(instance, device) == Left(("planned", "sent"))
    finishes(instance, device, films)
    assert summaries(instance, films) == [(2, 2)]


# Spools.

WRITING: dict[str, Kill] = {
    "folder-made": after("os.mkdir", ".partial"),
    "content-written": after("os.fsync", "/files/.part-"),
    "content-named": after("os.replace", "/files/"),
    "manifest-written-beside": before("os.replace", "/manifest.json"),
    "manifest-named": after("os.replace", "/manifest.json"),
    "spool-named": after("os.rename", "/liuhen-spool-"),
}


@pytest.mark.parametrize("step", WRITING)
def test_killed_while_writing_a_spool_the_next_run_leaves_one_whole_spool(
    step: str, instance: Instance, device: Path, tmp_path: Path
) -> None:
    disk, films = tmp_path / "disk", films_of(device)
    killed(instance, device, WRITING[step], "--to-disk", str(disk))
    assert len(list(disk.glob("liuhen-spool-*"))) == (step == "spool-named")
    assert left_on(device) == set(films)

    assert instance.hand_in(device, "--to-disk", str(disk)).code == 0
    (spool,) = disk.iterdir()
    assert sorted(left_on(spool)) == sorted(["manifest.json", *map(digest_of, films.values())])
    assert len(json.loads((spool / "manifest.json").read_bytes())["files"]) == 2


REMOVING: dict[str, Kill] = {
    "all-received": before("os.rename", ".partial"),
    "renamed": after("os.rename", ".partial"),
    "manifest-removed": after("os.unlink", "manifest.json"),
    "contents-removed": after("os.rmdir", ".partial/files"),
}


@pytest.mark.parametrize("step", REMOVING)
def test_killed_while_removing_a_spool_the_next_run_clears_the_disk(
    step: str, instance: Instance, device: Path, tmp_path: Path
) -> None:
    disk, films = tmp_path / "disk", films_of(device)
    assert instance.hand_in(device, "--to-disk", str(disk)).code == 0
    killed(instance, disk, REMOVING[step], "--clear-device")
    assert len(list(disk.glob("liuhen-spool-*"))) == (step == "all-received")
    assert instance.promised(films) == set(films)

    assert instance.hand_in(disk, "--clear-device").code == 0
    assert list(disk.iterdir()) == []
    assert left_on(device) == set(films), "a spool never clears a device"
    assert {taken for taken, _ in summaries(instance, films)} == {2}


def test_killed_before_the_spooled_are_noted_both_collections_end(
    instance: Instance, device: Path, tmp_path: Path
) -> None:
    spool, films = tmp_path / "spool", films_of(device)
    with faulty_network(instance.url) as network:
        network.add(Fault("POST", ".*/seal", times=1000, answer=(503, b"")))
        killed(
            instance,
            device,
            before("os.replace", "/files/", skip=4),
            *("--server", network.url, "--spool", str(spool), "--patience", "0.1"),
        )
    assert len(list(spool.glob("liuhen-spool-*"))) == 1
    assert found(instance, device).items == ("sent",)

    done = instance.hand_in(device, "--clear-device", "--spool", str(spool))
    assert done.code == 0, done.words
    assert instance.promised(films) == set(films)
    assert list(spool.iterdir()) == []
    assert found(instance, device).items is None
    assert left_on(device) == set()
