"""A tus client that is not ours hands in a file."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from tusclient.client import TusClient

from tests.support.live_server import TUS

if TYPE_CHECKING:
    from tests.support.live_server import StationClient


@pytest.mark.parametrize("checksum", [False, True])
def test_tuspy_uploads_in_chunks_resumes_and_the_seal_follows(station: StationClient, checksum: bool) -> None:  # noqa: FBT001 - a parameter of the table
    data = bytes(range(256)) * 3000 + (b"checked" if checksum else b"plain")
    declaration = station.declaration(name_raw="外来客户端.mp4".encode())
    client = TusClient(f"{station.server.url}/intake/uploads", headers=station.auth)
    options = {"chunk_size": 200_000, "metadata": {"declaration": json.dumps(declaration)}, "upload_checksum": checksum}
    first = client.uploader(file_stream=io.BytesIO(data), **options)
    first.upload(stop_at=400_000)
    assert station.offset(declaration["upload"]) == 400_000
    resumed = client.uploader(file_stream=io.BytesIO(data), url=first.url, **options)
    assert resumed.offset == 400_000
    resumed.upload()
    answer = station.seal(declaration["upload"], data)
    assert answer.status_code == 201
    assert station.verified(answer.content, data).name == "外来客户端.mp4".encode()
    assert station.ask("HEAD", f"uploads/{declaration['upload']}", headers=TUS).headers["upload-offset"] == str(
        len(data)
    )
