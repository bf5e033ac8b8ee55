"""Fill a running demonstration instance: render three devices' files and hand them in with the real collector."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from liuhen.core.errors import LiuhenError
from liuhen.core.exits import ExitCode
from liuhen.durable import make_folder, write_durably
from liuhen.server.demo import cast, story
from liuhen.server.kernel import clock
from liuhen.server.kernel.actor import SYSTEM

if TYPE_CHECKING:
    from pathlib import Path

    from liuhen.core.errors import Language
    from liuhen.server.config.instance import Instance

__all__ = ["ServerSilentError", "fill"]

_STATION: Final = "一号采集站"
_WAIT_S: Final = 60.0
_PREVIEWS_S: Final = 30.0


class ServerSilentError(LiuhenError):
    """The instance's server does not answer."""

    code = "server-silent"
    exit_code = ExitCode.NETWORK
    zh = "{url} 在 {seconds} 秒内没有应答。请先用 liuhen serve 启动服务。"
    en = "{url} did not answer within {seconds} s. Start the server first with `liuhen serve`."


def fill(instance: Instance, language: Language) -> int:
    """Render, collect, and mark the demonstration complete; return the worst exit code of the collector's runs.

    The collector speaks `language`; what is said beside it is for whoever begins, in both.

    Raises:
        ServerSilentError: no server answers at the instance's address.
        NotDemonstrationError: the instance holds data of its own.
    """
    cast.ensure_cast(instance)
    url = instance.local_url
    key_file = _station_key(instance)
    day = _day(instance)
    _wait_for(f"{url}/ledger/checkpoint")
    sys.stderr.write(
        "正在生成并采集三个设备的演示录像；其中一段故意损坏，会有一条警告\n"
        "Making and collecting what three devices recorded; one film is damaged on\n"
        "purpose, a warning will name it\n"
    )
    worst = 0
    for device, folder in story.render(instance.home / "demo" / "devices", day):
        worst = max(worst, _collect(instance, device, folder, language, url=url, key_file=key_file))
    if worst == 0:
        cast.filled_mark(instance).touch()
        _wait_for_previews()
        cast.announce(instance)
    else:
        sys.stderr.write(
            "演示数据未装完，原因见上；排除后再次启动即可续装（磁盘须有 1 GiB 以上空余）\n"
            "The demonstration is not complete, for the reason above; the next start goes on\n"
            "with it (the disk needs more than 1 GiB of free space)\n"
        )
    return worst


def _day(instance: Instance) -> datetime:
    """Return the midnight of the day of the recordings: the day before the first filling, kept for the next run."""
    note = instance.home / "demo" / "day"
    if not note.exists():
        yesterday = clock.now().astimezone(ZoneInfo(instance.settings.time_zone)) - timedelta(days=1)
        make_folder(note.parent)
        write_durably(note, yesterday.date().isoformat().encode())
    return datetime.fromisoformat(note.read_text(encoding="ascii"))


def _station_key(instance: Instance) -> Path:
    from liuhen.server.accounts.models import Unit
    from liuhen.server.intake import stations
    from liuhen.server.intake.models import Station

    path = instance.home / "secrets" / "demo-station.json"
    if not path.exists():
        at = clock.now()
        unit = Unit.objects.get(code="12-zjj-zfdd")
        # A run cut short before the key was written has left the station.
        station = Station.objects.filter(name=_STATION).first() or stations.register_station(
            name=_STATION, unit=unit, actor=SYSTEM, at=at
        )
        write_durably(path, stations.issue_key(station=station, actor=SYSTEM, at=at).file_text.encode())
    return path


def _wait_for(url: str) -> None:
    end = time.monotonic() + _WAIT_S
    # A proxy of the environment does not lead to this machine's own addresses.
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < end:
        try:
            with direct.open(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return  # it answers; a ledger that is not public is refused to strangers
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.2)
    raise ServerSilentError(url=url, seconds=int(_WAIT_S))


def _wait_for_previews() -> None:
    """Let the worker, if there is one, end its jobs, so that what is said last is said last."""
    from liuhen.server.kernel.jobs.models import Job, JobState

    end = time.monotonic() + _PREVIEWS_S
    waiting = Job.objects.filter(state__in=(JobState.READY, JobState.RUNNING))
    while waiting.filter(run_after__lte=clock.now()).exists() and time.monotonic() < end:
        time.sleep(0.5)


def _collect(
    instance: Instance, device: story.StoryDevice, folder: Path, language: Language, *, url: str, key_file: Path
) -> int:
    command = [sys.executable, "-m", "liuhen.cli", "collect", str(folder), "--language", language, "--server", url]
    command += ["--station-key-file", str(key_file), "--device", device.serial]
    command += ["--state-dir", str(instance.home / "demo" / "station")]
    if device.clock_error is not None:
        local = clock.now().astimezone(ZoneInfo(instance.settings.time_zone)) + device.clock_error
        command += ["--device-time", local.replace(tzinfo=None).isoformat(timespec="milliseconds")]
    return subprocess.run(command, env=os.environ, stdin=subprocess.DEVNULL, check=False).returncode
