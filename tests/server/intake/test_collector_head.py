"""The collector's transport asks the real server how far an upload has come, and is told why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from liuhen.collector.errors import KeyRefusedError, UploadLostError
from liuhen.collector.transport.http import HttpTransport

if TYPE_CHECKING:
    from tests.server.intake.conftest import Starter
    from tests.support.live_server import LiveServer, StationClient

_NONE = "00000000-0000-4000-8000-000000000000"


def test_a_key_revoked_before_a_head_is_told_as_revoked(start: Starter) -> None:
    server, station = start()
    upload = station.created(5)
    with HttpTransport(server.url, station.key) as transport:
        assert transport.offset(upload, 5) == 0
        server.pull("revoke", key=station.key_id)
        with pytest.raises(KeyRefusedError) as caught:
            transport.offset(upload, 5)
    assert caught.value.refusal == "station-key-revoked"
    assert "已吊销" in caught.value.as_dict()["zh"]
    assert "was revoked" in caught.value.as_dict()["en"]


def test_an_unknown_key_and_an_unknown_upload_are_told_as_such(server: LiveServer, station: StationClient) -> None:
    with HttpTransport(server.url, station.key) as transport, pytest.raises(UploadLostError) as lost:
        transport.offset(_NONE, 5)
    assert lost.value.refusal == "upload-unknown"

    with HttpTransport(server.url, f"{station.key}x") as transport, pytest.raises(KeyRefusedError) as refused:
        transport.offset(_NONE, 5)
    assert refused.value.refusal == "station-key-unknown"
