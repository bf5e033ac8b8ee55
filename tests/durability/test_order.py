"""Nothing is promised, and nothing gets its name, before what it rests on would survive a power cut."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final, NamedTuple

import pytest

from tests.durability.kit import ACTS, FAULTY, Program, after
from tests.durability.order import Order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.aftermath import Instance

FILM = "7654321_650012_20261123094210_0007.mp4"


class Promise(NamedTuple):
    """At each `call` to a path that holds `at`, all that holds `below` is certain."""

    call: str
    at: str
    below: str


_PROMISES: Final = {
    "object": Promise("os.rename", "/vault/objects/", "/vault/staging/"),
    "row": Promise("database.commit", "sealing._enter", "/vault/objects/"),
    "derivative": Promise("database.commit", "media.services._enter", "/derivatives/objects/"),
    "memory": Promise("os.replace", "/ledger/signer-state", "/ledger/tile"),
    "checkpoint": Promise("os.replace", "/ledger/checkpoint", "/ledger/signer-state"),
    "heads": Promise("database.commit", "heads.write_heads", "/ledger/heads/"),
}

_CLEARED: Final = {
    below: Promise("os.unlink", "/DCIM/", f"/states/one{below}") for below in ("/collections/", "/receipts/", "/known/")
}


def broken(order: Order, promises: dict[str, Promise]) -> dict[str, set[str]]:
    """Return what was uncertain when each promise was given, and see to it that each had something to show.

    A promise that was never given, or beneath which nothing was ever uncertain, would hold whatever the program does.
    """
    given, at_stake, found = set(), set(), dict[str, set[str]]()
    for call, path in order.moments():
        for name, promise in promises.items():
            uncertain = order.uncertain(promise.below)
            is_now = call == promise.call and promise.at in path
            given |= {name} if is_now else set()
            at_stake |= {name} if uncertain else set()
            if is_now and uncertain:
                found[name] = found.get(name, set()) | uncertain
    assert given == set(promises), "these were never given: the test looks for the wrong moment"
    assert at_stake == set(promises), "nothing was ever at stake beneath these: the test looks in the wrong place"
    return found


def ended(order: Order, *made: str) -> Order:
    """Go through to the end, and see to it that names that end so were moved into their places on the way."""
    moved = [path for call, path in order.moments() if call in {"os.replace", "os.rename"}]
    assert [name for name in made if not any(path.endswith(name) for path in moved)] == []
    return order


@pytest.mark.parametrize(
    "change",
    [["os.open", "{}/a", None], ["os.mkdir", "{}/a", None], ["os.replace", "{}/a", "{}/b"]],
    ids=["a file", "a folder", "a move"],
)
def test_a_change_is_uncertain_until_its_folder_is_synced(change: list[str | None], tmp_path: Path) -> None:
    file = tmp_path / "order"
    changes = [change, ["os.fsync", "{}/a", None], ["os.fsync", "{}", None]]
    file.write_text("\n".join(json.dumps(one) for one in changes).replace("{}", str(tmp_path)), encoding="ascii")
    order = Order(file, tmp_path)
    assert [len(order.uncertain()) for _ in order.moments()] == [0, 1, 1]
    assert order.uncertain() == set()


def test_a_file_moved_before_it_is_synced_is_told(tmp_path: Path) -> None:
    file = tmp_path / "order"
    changes = [["os.open", "/d/part", None], ["os.replace", "/d/whole", "/d/part"]]
    file.write_text("\n".join(json.dumps(one) for one in changes), encoding="ascii")
    assert ended(Order(file, tmp_path), "/d/whole").too_early == ["/d/part"]


def taken_down(program: Program, *words: str) -> Order:
    """Run a command and return its changes."""
    file = program.home.with_name("order")
    dataclasses.replace(program, order=file).does(*words)
    return Order(file, program.home.parent)


def test_an_instance_is_certain_in_all_the_folders_that_it_made(tmp_path: Path) -> None:
    program = Program(tmp_path / "srv" / "home")
    file = tmp_path / "order"
    dataclasses.replace(program, order=file).does("init")
    order = ended(Order(file, tmp_path), "/ledger/checkpoint", "/secrets/django.key")
    assert (order.too_early, order.uncertain()) == ([], set())


@pytest.mark.parametrize("action", ["add", "rekey"])
def test_a_stations_key_is_certain_before_the_server_knows_it(action: str, program: Program) -> None:
    words = ("一号采集站",) if action == "rekey" else ("二号采集站", "--unit", "u")
    file = program.home / "keys" / "new.json"
    order = taken_down(program, "station", action, *words, "--out", str(file))
    at_the_commit = {below: Promise("database.commit", "", below) for below in ("/keys/", "")}
    assert broken(order, at_the_commit) == {}
    assert order.too_early == []


def test_an_export_is_certain_when_it_is_said_to_be_done(acting: Callable[..., Program], tmp_path: Path) -> None:
    program = Program(acting("heads", "sequence").home, program=FAULTY)
    order = ended(taken_down(program, "ledger", "export", str(tmp_path / "export")), "/export/checkpoint")
    assert (order.too_early, order.uncertain()) == ([], set())


def test_the_demonstrations_files_get_their_names_when_they_are_whole(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    program.does("init")
    acts = Program(program.home, program=ACTS)
    order = taken_down(acts, "demo_cast", "demo_day", "demo_tracks", "demo_station")
    ended(order, "/demo-accounts.txt", "/demo/day", ".mp4", ".gps", "/demo-station.json")
    assert order.too_early == []


def test_before_each_act_of_the_server_all_that_it_rests_on_is_certain(acting: Callable[..., Program]) -> None:
    """Bytes before the object, the object before its row, the ledger's files before what says that they are there."""
    program = acting("stage", "open_collection", "create_upload")
    order = taken_down(program, "receive", "heads", "seal", "work")
    assert broken(order, _PROMISES) == {}
    assert order.too_early == []


def test_nothing_is_cleared_before_all_that_the_station_knows_of_it_is_certain(
    served: Instance, tmp_path: Path
) -> None:
    device, state = tmp_path / "device" / "DCIM", tmp_path / "states" / "one"
    device.mkdir(parents=True)
    (device / FILM).write_bytes(str(tmp_path).encode())
    order = taken_down(
        Program(tmp_path / "home"), *served.words(device.parent, "--clear-device", "--state-dir", str(state))
    )
    assert broken(order, _CLEARED | {"all": Promise("os.unlink", "/DCIM/", "")}) == {}
    assert (order.too_early, order.uncertain()) == ([], set())


def test_folders_that_a_killed_run_made_are_certain_before_a_device_is_cleared(
    served: Instance, tmp_path: Path
) -> None:
    """The first run dies between making a folder and syncing the one above; the second finds it there."""
    device, state = tmp_path / "device" / "DCIM", tmp_path / "states" / "one"
    device.mkdir(parents=True)
    (device / FILM).write_bytes(str(tmp_path).encode())
    collector = dataclasses.replace(Program(tmp_path / "home"), order=tmp_path / "order")
    words = served.words(device.parent, "--clear-device", "--state-dir", str(state))
    for folder in ("/collections", "/receipts", "/known"):
        collector.dies(after("os.mkdir", f"{state}{folder}"), *words)
    collector.does(*words)
    assert broken(Order(tmp_path / "order", tmp_path), _CLEARED) == {}


def test_folders_that_a_killed_integrator_made_are_certain_before_a_signature(acting: Callable[..., Program]) -> None:
    program = acting("open_collection", "many_events")
    file = program.home.with_name("order")
    killed = dataclasses.replace(program, order=file)
    for folder in ("/tile/entries", "/tile/0", "/tile/1"):
        killed.dies(after("ledger.make_folder", folder), "sequence")
    killed.does("sequence")
    assert broken(Order(file, program.home.parent), {"memory": _PROMISES["memory"]}) == {}


def test_a_spool_is_certain_when_it_gets_its_name_and_when_it_is_said_to_be_written(
    served: Instance, tmp_path: Path
) -> None:
    device, disk, state = tmp_path / "device" / "DCIM", tmp_path / "new" / "disk", tmp_path / "state"
    device.mkdir(parents=True)
    (device / FILM).write_bytes(str(tmp_path).encode())
    order = taken_down(
        Program(tmp_path / "home"), *served.words(device.parent, "--to-disk", str(disk), "--state-dir", str(state))
    )
    (spool,) = disk.iterdir()
    assert (ended(order, f"/{spool.name}").too_early, order.uncertain()) == ([], set())
