"""A disk is full at each step, at the server and at the station; with room again, the next run finishes the work."""

from __future__ import annotations

import os
import resource
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.collector.faults import Fault, FaultyNetwork, Hold
from tests.server.media.samples import clip
from tests.support.aftermath import Instance, copied, ended, fault, left_on, says

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.collector.kit import Done
    from tests.support.served import Served

KIB = 1 << 10


def _is_told_as_full_vault(done: Done) -> None:
    assert done.code == 7, done.words
    says(
        done.trouble,
        "refused",
        zh=["vault-full", "原件库空间不足", "未能写入", "扩充或清理磁盘后重试"],
        en=["vault-full", "The vault is full", "could not be written", "Add or free space, then try again"],
    )


def _is_told_as_failing_database(done: Done) -> None:
    assert done.code == 5, done.words
    says(
        done.trouble,
        "server-unreachable",
        zh=["数据库未能完成写入", "查看服务器磁盘与日志", "重新运行"],
        en=["The database did not take the change", "Check the server's disk and log", "run again"],
    )


def _is_told_as_late_ledger(done: Done) -> None:
    assert done.code == 5, done.words
    says(
        done.trouble,
        "server-unreachable",
        zh=["尚无检查点覆盖", "内容不会丢失", "查看服务器日志"],
        en=["no checkpoint covers it", "Nothing is lost", "read the server's log"],
    )


_STEPS: dict[str, tuple[dict[str, Any], Callable[[Done], None], bool]] = {
    "staging area": (fault("full", "vault.mkdir", where="staging"), _is_told_as_full_vault, False),
    "staged bytes": (fault("full", "vault.pwrite", where="staging"), _is_told_as_full_vault, False),
    "staged fsync": (fault("full", "vault.fdatasync", where="staging"), _is_told_as_full_vault, False),
    "seal's note": (fault("full", "vault.pwrite", where="sealed.json"), _is_told_as_full_vault, True),
    "seal's folder": (fault("full", "vault.mkdir", where="objects"), _is_told_as_full_vault, True),
    "rename": (fault("full", "vault.rename", where="/data"), _is_told_as_full_vault, True),
    "object's fsync": (fault("full", "vault.fsync", where="objects"), _is_told_as_full_vault, True),
    "object's record": (fault("full", "vault.pwrite", where=".tmp"), _is_told_as_full_vault, True),
    "database, at the start": (fault("full", "database.commit"), _is_told_as_failing_database, False),
    "database, at the seal": (fault("full", "database.commit"), _is_told_as_failing_database, True),
    "ledger's tiles": (fault("full", "ledger.write", where="/tile/"), _is_told_as_late_ledger, True),
    "signer's state": (fault("full", "ledger.write", where=".signer-state"), _is_told_as_late_ledger, True),
    "checkpoint": (fault("full", "ledger.write", where=".checkpoint"), _is_told_as_late_ledger, True),
}
"""What has no room, what people are told, whether the room ends at the first seal or is short from the start."""


@pytest.mark.parametrize("step", _STEPS)
def test_a_server_without_room_says_so_and_promises_nothing(
    step: str, *, instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes]
) -> None:
    lacking, is_told, at_the_seal = _STEPS[step]
    hold = Hold()
    network.add(Fault("POST", ".*/seal", hold_after=0, hold=hold))
    if not at_the_seal:
        instance.breaks(lacking)
    with instance.collecting(device, "--server", network.url, "--clear-device", "--parallel", "1") as run:
        if at_the_seal:
            assert hold.reached.wait(30)
            instance.breaks(lacking)
            hold.release.set()
        is_told(ended(run))
    assert instance.promised(films) == set()
    assert left_on(device) == set(films)

    instance.is_mended()
    instance.finishes(device, films)


def _files_of_at_most(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("most", [0, 1500], ids=["no room for the journal", "no room for a receipt"])
def test_a_station_without_room_keeps_the_device_as_it_is(
    most: int, *, instance: Instance, device: Path, films: dict[str, bytes]
) -> None:
    done = instance.hand_in(device, "--clear-device", "--parallel", "1", limit=_files_of_at_most(most))
    assert done.code == 9, done.words
    says(
        done.trouble,
        "state-unwritable",
        zh=[str(instance.state_folder()), "无法写入状态目录", "请腾出空间", "用 --state-dir"],
        en=[
            str(instance.state_folder()),
            "cannot be written",
            "Make room, correct its permissions or choose another with --state-dir",
        ],
    )
    assert instance.promised(films) == set()
    assert left_on(device) == set(films)
    assert len(instance.sealed(films)) == (1 if most else 0), "the receipt alone had no room"

    instance.finishes(device, films)


@pytest.mark.parametrize("option", ["--to-disk", "--spool"])
def test_a_portable_disk_or_spool_without_room_holds_nothing_half_done(
    option: str, *, instance: Instance, network: FaultyNetwork, device: Path, films: dict[str, bytes], tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    network.down = True
    words = ("--server", network.url, option, str(disk), "--patience", "0.1")
    done = instance.hand_in(device, *words, limit=_files_of_at_most(1 << 20))
    assert done.code == 9, done.words
    says(
        done.of("trouble")[-1],
        "spool-unwritable",
        zh=[str(disk), "无法写入暂存目录", "没有回执的文件都还在设备上", "请腾出空间或更正权限后再运行"],
        en=[
            str(disk),
            "cannot be written",
            "every file without a receipt is still on the device",
            "Make room or correct its permissions, and run again",
        ],
    )
    assert list(disk.iterdir()) == []
    assert left_on(device) == set(films)

    done = instance.hand_in(device, *words)
    assert done.code == (0 if option == "--to-disk" else 5), done.words
    assert len([path for path in disk.rglob("files/*") if path.is_file()]) == len(films)
    done = instance.hand_in(disk, "--clear-device", state="second")
    assert done.code == 0, done.words
    assert list(disk.iterdir()) == []
    instance.holds(films.values(), states=("second",))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own that a test may fill; its users are gone before it is."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


if os.geteuid() == 0:

    def test_a_real_disk_that_fills_up_under_everything_loses_nothing(
        small_disk: Path, template: Served, tmp_path: Path
    ) -> None:
        instance = copied(template, small_disk / "home", "--no-worker", faulty=False, vault_reserve_bytes="0")
        try:
            for room in (0, 12 * KIB, 40 * KIB, 160 * KIB):
                device = tmp_path / f"device-{room}"
                device.mkdir()
                film = clip(device / "AMBA0001.MP4", metadata={"comment": f"{room}"}, sound=None, size=(320, 240))
                track = device / "AMBA0001.GPS"
                track.write_bytes(b"$GPRMC\n" * (room + 1))
                films = {path.name: path.read_bytes() for path in (film, track)}
                with (small_disk / "filler").open("wb") as filler:
                    free = os.statvfs(small_disk)
                    filler.write(bytes(free.f_bavail * free.f_frsize - room))
                done = instance.hand_in(device, "--clear-device", state=f"{room}")
                assert done.code in {5, 7, 9}, "the database, the vault and the station's state share this disk"
                assert all(told["zh"] and told["en"] for told in done.of("trouble"))
                assert left_on(device) | instance.promised(films, f"{room}") == set(films)
                (small_disk / "filler").unlink()

                done = instance.hand_in(device, "--clear-device", "--patience", "10", state=f"{room}")
                assert done.code == 0, done.words
                assert left_on(device) == set()
                instance.holds(films.values(), states=(f"{room}",))
        finally:
            instance.stop()
