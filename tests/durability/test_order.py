"""Nothing is promised, and nothing gets its name, before what it rests on would survive a power cut."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import pytest

from tests.durability.kit import ACTS, FAULTY, Program, after
from tests.durability.order import Order

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.aftermath import Instance

FILM = "7654321_650012_20261123094210_0007.mp4"


def ended(order: Order) -> Order:
    """Go through to the end."""
    for _ in order.moments():
        pass
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
    assert ended(Order(file, tmp_path)).too_early == ["/d/part"]


def taken_down(program: Program, *words: str) -> Order:
    """Run a command and return its changes."""
    file = program.home.with_name("order")
    dataclasses.replace(program, order=file).does(*words)
    return Order(file, program.home.parent)


def test_an_instance_is_certain_in_all_the_folders_that_it_made(tmp_path: Path) -> None:
    program = Program(tmp_path / "srv" / "home")
    file = tmp_path / "order"
    dataclasses.replace(program, order=file).does("init")
    order = ended(Order(file, tmp_path))
    assert (order.too_early, order.uncertain()) == ([], set())


@pytest.mark.parametrize("action", ["add", "rekey"])
def test_a_stations_key_is_certain_before_the_server_knows_it(action: str, program: Program) -> None:
    words = ("一号采集站",) if action == "rekey" else ("二号采集站", "--unit", "u")
    file = program.home / "keys" / "new.json"
    order = taken_down(program, "station", action, *words, "--out", str(file))
    at_the_commit = [order.uncertain() for call, _ in order.moments() if call == "database.commit"]
    assert at_the_commit == [set()]
    assert order.too_early == []


def test_an_export_is_certain_when_it_is_said_to_be_done(acting: Callable[..., Program], tmp_path: Path) -> None:
    program = Program(acting("heads", "sequence").home, program=FAULTY)
    order = ended(taken_down(program, "ledger", "export", str(tmp_path / "export")))
    assert (order.too_early, order.uncertain()) == ([], set())


def test_the_demonstrations_files_get_their_names_when_they_are_whole(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    program.does("init")
    acts = Program(program.home, program=ACTS)
    order = ended(taken_down(acts, "demo_cast", "demo_day", "demo_tracks", "demo_station"))
    assert order.too_early == []


def test_before_each_act_of_the_server_all_that_it_rests_on_is_certain(acting: Callable[..., Program]) -> None:
    """The bytes before the row, the bundles and tiles before the signature, the file of heads before its event."""
    program = acting("stage", "open_collection", "create_upload")
    order = taken_down(program, "receive", "heads", "seal", "work")
    uncertain: dict[str, set[str]] = {"row": set(), "derivative": set(), "signature": set(), "heads": set()}
    for call, path in order.moments():
        if call == "database.commit" and "sealing._enter" in path:
            uncertain["row"] |= order.uncertain("/vault/objects/")
        if call == "database.commit" and "media.services._enter" in path:
            uncertain["derivative"] |= order.uncertain("/derivatives/objects/")
        if call == "os.replace" and path.endswith("/ledger/signer-state"):
            uncertain["signature"] |= order.uncertain("/ledger/tile")
        if call == "os.replace" and path.endswith("/ledger/checkpoint"):
            uncertain["signature"] |= order.uncertain("/ledger/signer-state")
        if call == "database.commit" and "heads.write_heads" in path:
            uncertain["heads"] |= order.uncertain("/ledger/heads/")
    assert {promise: found for promise, found in uncertain.items() if found} == {}
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
    removed = [order.uncertain() for call, path in order.moments() if call == "os.unlink" and "/DCIM/" in path]
    assert removed == [set()]
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
    order = Order(tmp_path / "order", tmp_path)
    removed = [
        order.uncertain("/states/one/") for call, path in order.moments() if call == "os.unlink" and "/DCIM/" in path
    ]
    assert removed == [set()]


def test_folders_that_a_killed_integrator_made_are_certain_before_a_signature(acting: Callable[..., Program]) -> None:
    program = acting("open_collection", "many_events")
    file = program.home.with_name("order")
    killed = dataclasses.replace(program, order=file)
    for folder in ("/tile/entries", "/tile/0", "/tile/1"):
        killed.dies(after("ledger.make_folder", folder), "sequence")
    killed.does("sequence")
    order = Order(file, program.home.parent)
    signed = [
        order.uncertain("/ledger/tile") for call, path in order.moments() if path.endswith("/ledger/signer-state")
    ]
    assert signed
    assert [found for found in signed if found] == []


def test_a_spool_is_certain_when_it_gets_its_name_and_when_it_is_said_to_be_written(
    served: Instance, tmp_path: Path
) -> None:
    device, disk, state = tmp_path / "device" / "DCIM", tmp_path / "new" / "disk", tmp_path / "state"
    device.mkdir(parents=True)
    (device / FILM).write_bytes(str(tmp_path).encode())
    order = taken_down(
        Program(tmp_path / "home"), *served.words(device.parent, "--to-disk", str(disk), "--state-dir", str(state))
    )
    assert (ended(order).too_early, order.uncertain()) == ([], set())
