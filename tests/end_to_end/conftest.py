"""An instance that a test may break, the network between it and a station, and a device with real films."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from tests.collector.faults import FaultyNetwork, faulty_network
from tests.server.media.samples import clip
from tests.support.aftermath import Instance, copied, template_in
from tests.support.live_server import LiveServer, StationClient

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.served import Served

LONG, SHORT = "7654321_650012_20261123094210_0007.avi", "7654321_650012_20261123101010_0008.mp4"

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Served:
    """An instance without recordings, to be copied."""
    return template_in(tmp_path_factory.mktemp("template") / "home")


@pytest.fixture(scope="module")
def one_instance(template: Served, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """One instance for a module, served without a worker: what one test broke, the next one works on."""
    made = copied(template, tmp_path_factory.mktemp("instance") / "home", "--no-worker", vault_reserve_bytes="0")
    yield made
    made.stop()


@pytest.fixture
def instance(one_instance: Instance, tmp_path: Path) -> Instance:
    """The module's instance, mended and served, and a station that remembers nothing of other tests."""
    one_instance.is_mended()
    one_instance.state = tmp_path.name
    if not one_instance.answers():
        one_instance.stop()
        one_instance.start()
    return one_instance


@pytest.fixture
def station(instance: Instance) -> StationClient:
    """A station that speaks the protocol by hand to the module's `liuhen serve`."""
    server = LiveServer(instance.home, port=instance.port)
    return StationClient(server, instance.station_key.read_text(encoding="utf-8"))


@pytest.fixture
def network(instance: Instance) -> Iterator[FaultyNetwork]:
    """A network between station and server that can be made to fail."""
    with faulty_network(instance.url) as running:
        yield running


@pytest.fixture(scope="session")
def rushes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A film of several megabytes, longer than all buffers between two processes, and a short one."""
    folder = tmp_path_factory.mktemp("films")
    note = {"comment": "film-0000"}
    clip(folder / LONG, container="avi", codec="rawvideo", sound=None, frames=90, size=(320, 240), metadata=note)
    clip(folder / SHORT, metadata=note)
    return {name: (folder / name).read_bytes() for name in (LONG, SHORT)}


@pytest.fixture
def films(rushes: dict[str, bytes]) -> dict[str, bytes]:
    """The two films as no other test has them: another comment in the container."""
    note = b"film-%04d" % next(_numbers)
    made = {name: data.replace(b"film-0000", note) for name, data in rushes.items()}
    assert all(note in data for data in made.values())
    return made


@pytest.fixture
def device(films: dict[str, bytes], tmp_path: Path) -> Path:
    """A device that holds the films."""
    folder = tmp_path / "device" / "DCIM" / "100"
    folder.mkdir(parents=True)
    for name, data in films.items():
        (folder / name).write_bytes(data)
    return tmp_path / "device"
