"""The fixtures of the scenarios. `server` is the one that another suite replaces by the real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.collector.failing import BadDevice, bad_device
from tests.collector.fake_server import fake_server
from tests.collector.faults import FaultyNetwork, faulty_network
from tests.collector.kit import IntakeServer, Station, device_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Iterator[IntakeServer]:
    """A server that keeps the protocol honestly."""
    folder = tmp_path / "server"
    folder.mkdir()
    with fake_server(folder) as running:
        yield running


@pytest.fixture
def network(server: IntakeServer) -> Iterator[FaultyNetwork]:
    """A network between station and server that can be made to fail."""
    with faulty_network(server.url) as running:
        yield running


@pytest.fixture
def station(server: IntakeServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Station:
    """A station that speaks to the server directly."""
    return Station(server, tmp_path, capsys)


@pytest.fixture
def far_station(station: Station, network: FaultyNetwork) -> Station:
    """A station that speaks to the server over the failing network."""
    station.url = network.url
    return station


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Iterator[BadDevice]:
    """What goes wrong with every device."""
    with bad_device(monkeypatch) as device:
        yield device


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A device with two recordings, one of them important and with a GPS track."""
    return device_with(
        tmp_path / "device",
        {
            "DCIM/100/7654321_650012_20261123094210_0007.mp4": b"seven" * 30_000,
            "DCIM/100/7654321_650012_20261123101010_0008_IMP.mp4": b"eight" * 20_000,
            "DCIM/100/7654321_650012_20261123101010_0008_IMP.gps": b"$GPRMC\r\n" * 10,
        },
    )
