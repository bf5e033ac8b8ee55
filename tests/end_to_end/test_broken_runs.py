"""The server is killed, the device is pulled out, the key is revoked, two work at once; the next run ends the work."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest
from tests.collector.faults import Fault, FaultyNetwork, Hold
from tests.end_to_end.conftest import LONG, SHORT
from tests.support.aftermath import Instance, digest_of, ended, fault, left_on, says
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20


def _collections(instance: Instance) -> int:
    return len(instance.rows("SELECT id FROM intake_collection"))


def test_killed_mid_upload_the_server_goes_on_and_the_same_run_finishes(
    instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    hold = Hold()
    network.add(Fault("PATCH", hold_after=2 * MIB, hold=hold))
    words = ("--server", network.url, "--clear-device", "--parallel", "1", "--patience", "30")
    with instance.collecting(device, *words) as run:
        assert hold.reached.wait(30)
        instance.stop(signal.SIGKILL)
        assert LONG in left_on(device)
        instance.start()
        hold.release.set()
        done = ended(run)
    assert done.code == 0, done.words
    assert left_on(device) == set()
    instance.holds(films.values())


def test_killed_mid_upload_the_next_run_sends_only_the_rest(
    instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    hold = Hold()
    network.add(Fault("PATCH", hold_after=2 * MIB, hold=hold))
    with instance.collecting(device, "--server", network.url, "--clear-device", "--parallel", "1") as run:
        assert hold.reached.wait(30)
        wait_for(lambda: instance.staged() >= MIB)
        instance.stop(signal.SIGKILL)
        hold.release.set()
        done = ended(run)
    assert done.code == 5
    says(
        done.trouble,
        "server-unreachable",
        zh=["暂时无法使用", network.url, "进度已保存", "重新运行"],
        en=["cannot be used for now", network.url, "Nothing is lost", "run again"],
    )
    assert instance.promised(films) == set()
    assert left_on(device) == set(films)

    instance.start()
    done = instance.hand_in(device, "--clear-device")
    assert done.code == 0, done.words
    begun_at = next(one["done"] for one in done.of("file-progress") if one["name"].endswith(LONG))
    assert MIB <= begun_at < len(films[LONG])
    instance.holds(films.values())


_AT_THE_SEAL = {
    "before the rename": fault("kill-before", "vault.rename", where="/data"),
    "after the rename": fault("kill-after", "vault.rename", where="/data"),
    "before the commit": fault("kill-before", "database.commit"),
    "after the commit": fault("kill-after", "database.commit"),
    "before the tiles": fault("kill-before", "ledger.write", where="/tile/"),
    "before the checkpoint": fault("kill-before", "ledger.rename", where=".checkpoint"),
    "after the checkpoint": fault("kill-after", "ledger.rename", where=".checkpoint"),
}


@pytest.mark.parametrize("step", _AT_THE_SEAL)
def test_killed_mid_seal_nothing_is_promised_that_is_not_kept(
    step: str, *, instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    hold = Hold()
    network.add(Fault("POST", ".*/seal", hold_after=0, hold=hold))
    with instance.collecting(device, "--server", network.url, "--clear-device", "--parallel", "1") as run:
        assert hold.reached.wait(30)
        instance.breaks(_AT_THE_SEAL[step])
        hold.release.set()
        instance.has_died()
        done = ended(run)
    assert done.code == 5, done.words
    assert instance.promised(films) == set()
    assert left_on(device) == set(films)

    instance.is_mended()
    instance.start()
    instance.finishes(device, films)


def test_a_device_pulled_out_mid_read_is_said_and_goes_on_where_it_stopped(
    instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    hold = Hold()
    network.add(Fault("PATCH", hold_after=MIB, hold=hold))
    before = _collections(instance)
    words = ("--server", network.url, "--clear-device", "--parallel", "1")
    with instance.collecting(device, *words, faulty=True) as run:
        assert hold.reached.wait(30)
        pulled = fault("gone", "device.pread", "device.open", "device.scandir", where=str(device))
        instance.breaks(pulled, station=True)
        hold.release.set()
        done = ended(run)
    assert done.code == 4, done.words
    says(
        done.trouble,
        "source-gone",
        zh=[str(device), "已断开", "重新接好设备再运行"],
        en=[str(device), "has gone away", "Dock the device again and run again"],
    )
    assert instance.promised(films) == set()

    instance.is_mended()
    instance.finishes(device, films)
    assert _collections(instance) == before + 1, "the same collection went on"


def test_a_wrong_key_takes_nothing_and_the_right_one_does(
    instance: Instance, device: Path, films: dict[str, bytes], tmp_path: Path
) -> None:
    right = json.loads(instance.station_key.read_bytes())
    wrong = tmp_path / "wrong.json"
    wrong.touch(mode=0o600)
    wrong.write_text(json.dumps({**right, "key": right["key"][:-4] + "0000"}), encoding="utf-8")

    before = _collections(instance)
    done = instance.hand_in(device, "--station-key-file", str(wrong), "--clear-device")
    assert done.code == 6
    says(
        done.trouble,
        "key-refused",
        zh=["station-key-unknown", "密钥未被接受", "重新签发"],
        en=["station-key-unknown", "not recognised", "have a new one issued"],
    )
    assert (instance.sealed(films), instance.promised(films), left_on(device)) == (set(), set(), set(films))
    assert _collections(instance) == before

    instance.finishes(device, films)


def test_a_key_revoked_mid_upload_ends_the_work_and_the_new_key_finishes_it(
    instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    key = json.loads(instance.station_key.read_bytes())["key"].split("_")[1]
    hold = Hold()
    network.add(Fault("PATCH", hold_after=2 * MIB, hold=hold))
    with instance.collecting(device, "--server", network.url, "--clear-device", "--parallel", "1") as run:
        assert hold.reached.wait(30)
        instance.run("station", "revoke", key)
        hold.release.set()
        done = ended(run)
    assert done.code == 6, done.words
    says(
        done.trouble,
        "key-refused",
        zh=["station-key-revoked", key, "已于", "吊销", "重新签发"],
        en=["station-key-revoked", key, "was revoked at", "issue a new one"],
    )
    assert (instance.sealed(films), instance.promised(films), left_on(device)) == (set(), set(), set(films))

    instance.station_key = instance.station_key.with_name("second.json")
    instance.run("station", "rekey", "一号采集站", "--out", str(instance.station_key))
    instance.finishes(device, films)


def test_a_bit_that_turns_on_the_way_is_refused_with_both_digests_and_sent_again(
    instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    network.add(Fault("PATCH", flip_at=1000))
    done = instance.hand_in(device, "--server", network.url, "--clear-device", "--parallel", "1")
    assert done.code == 3, done.words
    (name,) = left_on(device)
    assert done.skipped() == {f"DCIM/100/{name}": "digest-mismatch"}
    turned = bytearray(films[name])
    turned[1000] ^= 1
    declared, received = digest_of(films[name]), digest_of(turned)
    says(
        done.trouble,
        "digests-differ",
        zh=["digest-mismatch", declared, received, "重新采集此文件"],
        en=["digest-mismatch", declared, received, "Collect the file from the device again"],
    )
    assert {declared, received} & instance.objects() == set()

    instance.finishes(device, films)


@pytest.mark.parametrize("change", ["longer", "shorter"])
def test_a_file_that_turns_out_longer_or_shorter_than_declared_is_not_taken_until_it_is_still(
    change: str, *, instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    changed = films[LONG] + b"more" if change == "longer" else films[LONG][: 4 * MIB]
    (long,) = device.rglob(LONG)
    hold = Hold()
    network.add(Fault("PATCH", hold_after=MIB, hold=hold))
    with instance.collecting(device, "--server", network.url, "--clear-device", "--parallel", "1") as run:
        assert hold.reached.wait(30)
        # In place, as a recorder that still has the file open: a new file would leave the old one's bytes readable.
        with long.open("r+b") as file:
            file.truncate(len(changed))
            file.seek(0)
            file.write(changed)
        hold.release.set()
        done = ended(run)
    assert done.code == 3, done.words
    says(
        done.trouble,
        "file-changed",
        zh=[LONG, "发生变化", "停止设备录制后再运行"],
        en=[LONG, "changed while it was read", "Stop the recording and run again"],
    )
    assert left_on(device) == {LONG}
    assert instance.promised(films) == {SHORT}

    instance.finishes(device, {LONG: changed, SHORT: films[SHORT]})


def test_one_film_from_two_stations_at_once_is_sealed_once_and_both_hold_its_receipt(
    instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    holds = [Hold(), Hold()]
    for hold in holds:
        network.add(Fault("POST", ".*/seal", hold_after=0, hold=hold))
    words = ("--server", network.url, "--parallel", "1", "--patience", "10")
    copy = device.with_name("copy")
    (copy / "DCIM").mkdir(parents=True)
    for name, data in films.items():
        (copy / "DCIM" / name).write_bytes(data)
    with instance.collecting(device, *words) as one, instance.collecting(copy, *words, state="second") as other:
        for hold in holds:
            assert hold.reached.wait(30)
        for hold in holds:
            hold.release.set()
        done = [ended(one), ended(other)]
    assert [run.code for run in done] == [0, 0], done
    duplicates = [taken["duplicate"] for run in done for taken in run.ended["taken"]]
    assert sorted(duplicates) == [False, False, True, True]
    told = [next(instance.home.rglob(one["receipt"])) for run in done for one in run.of("file-received")]
    receipts = [path.read_bytes() for path in told]
    assert (len(receipts), len(set(receipts))) == (4, 2), "both stations hold the first receipt, byte for byte"
    instance.holds(films.values(), states=("first", "second"))
    assert instance.hand_in(device, "--clear-device").code == 0
    assert instance.hand_in(copy, "--clear-device", state="second").code == 0
    assert left_on(device) | left_on(copy) == set()


def test_two_collectors_on_one_device_are_kept_apart(
    instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    hold = Hold()
    network.add(Fault("PATCH", hold_after=MIB, hold=hold))
    with instance.collecting(device, "--server", network.url, "--clear-device", "--parallel", "1") as run:
        assert hold.reached.wait(30)
        second = instance.hand_in(device, "--clear-device", state="second")
        hold.release.set()
        done = ended(run)
    assert second.code == 10
    says(
        second.trouble,
        "source-busy",
        zh=[str(device), "另一个采集程序", "等它结束后再运行"],
        en=[str(device), "Another collector is at work", "Wait until it has ended"],
    )
    assert done.code == 0, done.words
    instance.holds(films.values())


def test_a_collector_killed_beside_a_server_that_lives_leaves_work_that_the_next_finishes(
    instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    hold = Hold(before_answer=True)
    network.add(Fault("POST", ".*/seal", hold=hold))
    with instance.collecting(device, "--server", network.url, "--clear-device", "--parallel", "1") as run:
        assert hold.reached.wait(30)
        run.kill()
        run.wait(30)
    hold.release.set()
    assert instance.promised(films) == set(), "the receipt was lost on the way"
    wait_for(lambda: len(instance.sealed(films)) == 1)

    instance.finishes(device, films)
