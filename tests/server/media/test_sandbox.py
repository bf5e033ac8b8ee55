"""The sandbox: no file and no decoder can harm the worker."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from liuhen.server.media import sandbox
from liuhen.server.media.errors import MediaRefusedError, ToolLostError
from liuhen.server.media.sandbox import Limits, run_tool
from tests.support.commands import is_alive
from tests.support.waiting import wait_for

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

ROOMY = Limits(wall_s=60, cpu_s=60, memory_bytes=1 << 30, output_bytes=1 << 20)


@pytest.fixture(autouse=True)
def faulty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_PROGRAM", "tests.server.media.faulty_tools")


def run(tool: str, folder: Path, *, limits: Limits = ROOMY, **options: Any) -> dict[str, Any]:
    (folder / "source").write_bytes(b"some bytes")
    with (folder / "source").open("rb") as source:
        return run_tool(tool, source, folder, limits=limits, options=options)


def test_a_tool_is_given_the_open_file_and_its_options(tmp_path: Path) -> None:
    assert run("count", tmp_path, factor=3) == {"bytes": 30}


def test_a_source_that_is_no_file_of_this_machine_is_copied_first(tmp_path: Path) -> None:
    answer = run_tool("count", io.BytesIO(b"from afar"), tmp_path, limits=ROOMY, options={"factor": 1})

    assert answer == {"bytes": 9}


@pytest.mark.parametrize(
    ("tool", "limits", "defect"),
    [
        ("crash", ROOMY, "decoder-crashed"),
        ("hang", Limits(wall_s=0.5, cpu_s=60), "decoder-timed-out"),
        ("spin", Limits(wall_s=60, cpu_s=1), "decoder-timed-out"),
        ("swell", ROOMY, "over-limit"),
        ("gush", ROOMY, "over-limit"),
    ],
)
def test_what_a_file_does_to_its_decoder_is_a_verdict_about_the_file(
    tmp_path: Path, tool: str, limits: Limits, defect: str
) -> None:
    with pytest.raises(MediaRefusedError) as refusal:
        run(tool, tmp_path, limits=limits)

    assert refusal.value.where["defect"] == defect


@pytest.mark.parametrize(("tool", "reason"), [("be_killed", "SIGKILL"), ("stumble", "RuntimeError: a fault of ours")])
def test_what_is_not_the_files_fault_is_no_verdict(tmp_path: Path, tool: str, reason: str) -> None:
    with pytest.raises(ToolLostError) as loss:
        run(tool, tmp_path)

    assert reason in loss.value.where["reason"]


def test_a_tool_ends_with_the_task_that_started_it(tmp_path: Path) -> None:
    class Interruption(BaseException):
        pass

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise Interruption

    def knock() -> None:
        child_at(tmp_path)
        os.kill(os.getpid(), signal.SIGUSR1)

    kept = signal.signal(signal.SIGUSR1, interrupt)
    knocker = threading.Thread(target=knock)
    knocker.start()
    try:
        with pytest.raises(Interruption):
            run("hang", tmp_path)
    finally:
        knocker.join()
        signal.signal(signal.SIGUSR1, kept)

    assert not is_alive(child_at(tmp_path))


def test_a_tool_ends_when_its_worker_is_killed(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from liuhen.server.media import sandbox
sandbox._PROGRAM = "tests.server.media.faulty_tools"
limits = sandbox.Limits(wall_s=600, cpu_s=600)
with open("/dev/null", "rb") as source:
    sandbox.run_tool("hang", source, Path({str(tmp_path)!r}), limits=limits)
"""
    worker = subprocess.Popen([sys.executable, "-c", script])
    child = child_at(tmp_path)
    assert is_alive(child)

    worker.kill()
    worker.wait()

    wait_for(lambda: not is_alive(child))


def child_at(folder: Path) -> int:
    """Wait until the hanging tool has said who it is."""
    wait_for((folder / "pid").exists)
    return int((folder / "pid").read_text(encoding="ascii"))


def test_the_libraries_that_parse_media_are_loaded_in_the_child_alone() -> None:
    script = """
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "liuhen.server.config.settings"
import django
django.setup()
import liuhen.server.config.asgi, liuhen.server.config.urls, liuhen.server.media.tasks
print(sorted({"av", "PIL", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("[]\n", "")
