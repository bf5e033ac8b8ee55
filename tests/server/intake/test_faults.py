"""The disk full, or failing, at every step; a real small disk where one can be made."""

from __future__ import annotations

import os
import secrets
import subprocess
from typing import TYPE_CHECKING

import pytest

from liuhen.core.digests import digest_stream
from tests.server.intake.refusals import refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.server.intake.conftest import Starter
    from tests.support.live_server import LiveServer, StationClient

CODES = {"full": (507, "vault-full"), "fault": (503, "vault-fault")}


@pytest.mark.parametrize("how", ["full", "fault"])
@pytest.mark.parametrize("step", ["stage", "append", "flush"])
def test_invariant_12_a_failing_disk_while_receiving_is_told_and_the_upload_goes_on(
    server: LiveServer, station: StationClient, step: str, how: str
) -> None:
    data = secrets.token_bytes(500_000)
    upload = station.created(len(data))
    server.pull("fail", step=step, how=how, skip=0 if step == "stage" else 1)
    refused(station.patch(upload, 0, data), *CODES[how])
    offset = station.offset(upload)
    assert station.patch(upload, offset, data[offset:]).status_code == 204
    answer = station.seal(upload, data)
    assert answer.status_code == 201
    station.verified(answer.content, data)


@pytest.mark.parametrize("how", ["full", "fault"])
@pytest.mark.parametrize("step", ["stage", "sha256", "seal"])
def test_invariant_2_a_failing_disk_while_sealing_gives_no_receipt_and_the_seal_goes_on(
    server: LiveServer, station: StationClient, step: str, how: str
) -> None:
    data = secrets.token_bytes(100_000)
    upload = station.uploaded(data)
    server.pull("fail", step=step, how=how)
    refused(station.seal(upload, data), *CODES[how])
    assert server.pull("recordings", sha256=digest_stream([data]).sha256) == []
    refused(station.ask("GET", f"uploads/{upload}/receipt"), 404, "receipt-unknown")
    answer = station.seal(upload, data)
    assert answer.status_code == 201
    station.verified(answer.content, data)


def test_a_staging_area_that_cannot_be_cleared_is_the_sweeps(server: LiveServer, station: StationClient) -> None:
    data = secrets.token_bytes(1000)
    upload = station.uploaded(data)
    server.pull("fail", step="discard", how="fault")
    assert station.seal(upload, data).status_code == 201
    assert upload in server.pull("staged")
    assert upload in server.pull("sweep")["cleared"]
    assert upload not in server.pull("staged")


def test_a_truncation_that_fails_does_not_let_wrong_bytes_through(server: LiveServer, station: StationClient) -> None:
    data = secrets.token_bytes(1000)
    upload = station.created(len(data))
    server.pull("fail", step="truncate", how="fault")
    refused(station.patch(upload, 0, b"x" * 500, Upload_Checksum="sha1 " + "A" * 27 + "="), 503, "vault-fault")
    offset = station.offset(upload)
    station.patch(upload, offset, data[offset:])
    answer = station.seal(upload, data)
    if offset:
        refused(answer, 409, "digest-mismatch")
    else:
        assert answer.status_code == 201


def test_the_disks_reserve_ends_a_body_and_keeps_what_came(start: Starter) -> None:
    server, station = start()
    data = secrets.token_bytes(2_000_000)
    upload = station.created(len(data))
    server.pull("free", claimed=0)
    refused(station.patch(upload, 0, data), 507, "vault-full")
    offset = station.offset(upload)
    assert 0 < offset < len(data)
    server.pull("free", claimed=None)
    assert station.patch(upload, offset, data[offset:]).status_code == 204
    assert station.seal(upload, data).status_code == 201


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 6 MiB."""
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


if os.geteuid() == 0:

    def test_a_real_disk_that_fills_up_keeps_what_it_took(start: Starter, small_disk: Path) -> None:
        server, station = start(vault_reserve_bytes="0")
        server.kill()
        vault = server.home / "vault"
        vault.mkdir(exist_ok=True)
        subprocess.run(["mount", "--bind", small_disk, vault], check=True)
        try:
            server.start()
            server.pull("free", claimed=1 << 40)
            data = secrets.token_bytes(8_000_000)
            upload = station.created(len(data))
            refused(station.patch(upload, 0, data), 507, "vault-full")
            offset = station.offset(upload)
            assert 0 < offset <= 6 << 20
            assert server.pull("staged")[upload] == offset
            subprocess.run(["mount", "-o", "remount,size=30m", small_disk], check=True)
            assert station.patch(upload, offset, data[offset:]).status_code == 204
            answer = station.seal(upload, data)
            assert answer.status_code == 201
            station.verified(answer.content, data)
            server.kill()
        finally:
            subprocess.run(["umount", "--lazy", vault], check=True)
